"""The scorer that asks a language model about pairs: shuffled, repeated, asked again, voted on."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from itertools import chain
from weakref import WeakKeyDictionary

from campaignkit.catalogue import Key
from campaignkit.checks import check_all, is_count, is_share, takes
from campaignkit.edges.pairs import chunks
from campaignkit.edges.scorers.prompt import (
    ContextProvider,
    PairPrompt,
    Reading,
    Scale,
    SignScale,
    facts_of,
    shared_attribute,
)
from campaignkit.edges.scorers.protocols import (
    Answer,
    Asking,
    Judgement,
    Pair,
    PairKey,
    pair_key,
    settled,
)
from campaignkit.errors import Fault, GraphError
from campaignkit.graph import mark_of
from campaignkit.llm import (
    Account,
    ChatModel,
    IdentifiedModel,
    Request,
    ask_numbered,
    numbered_reply,
)
from campaignkit.progress import Progress
from campaignkit.seeds import stream
from campaignkit.store import digest_json

_ALIKE = 100  # first answers after which one sign for all of them is warned of
_Item = tuple[Pair, Asking]

VoteRule = Callable[[Pair, Judgement], bool]
"""Whether a pair with this first answer is asked a second time."""


@dataclass(eq=False, repr=False)
class LLMEdgeScorer:
    """Asks a chat model whether attributes help or harm each other, a batch of pairs per call.

    In `build_graph` its calls run within the budget, several at a time, and every reply is kept.
    Alone (`score`, `judge`) it asks without a limit and forgets.

    Targets are shuffled. A key that is missing from a reply, or has no valid answer, is asked
    again, alone. A few pairs are asked twice, in another call about the same attribute, which
    measures how often answers flip; a call then carries a pair more than `batch_size`.

    Parameters
    ----------
    model : ChatModel
        Who is asked.
    prompt : PairPrompt
        The wording.
    batch_size : int
        Pairs in one call; 25 as published.
    temperature : float or None
        0.15 as published; None leaves it to the service.
    scale : Scale
        How answers are given: `SignScale()` as + - 0, `ScoreScale()` as points.
    describe : bool
        Whether the model is shown the attributes' descriptions.
    context : ContextProvider, optional
        Hands the model facts about attributes and pairs; they are kept in the edge's context.
    second_vote : function, optional
        ``(pair, judgement) -> bool``: whether a pair is asked again, with a third answer where
        the two differ. `every_edge`, `negative_edges` and `every_pair` are there.
    repeat_frac : float
        Share of the judgements that are asked twice to measure flips, in [0, 0.5].
    asks : int
        How often a pair without a valid answer is asked, at most.

    Attributes
    ----------
    identity : str
        What its answers are kept under: changes with model, wording, scale, temperature and votes.

    Raises
    ------
    SettingError
        With everything that is out of range.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> from campaignkit.llm import ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: '{"1": "+", "2": "-"}')
    >>> nike = Attribute("brand", "Nike")
    >>> pairs = [(nike, Attribute("geo", "Peru")), (nike, Attribute("geo", "Chile"))]
    >>> sorted(LLMEdgeScorer(model).score(pairs))
    [-1, 1]
    """

    model: ChatModel
    _: KW_ONLY
    prompt: PairPrompt = field(default_factory=PairPrompt)
    batch_size: int = 25
    temperature: float | None = 0.15
    scale: Scale = field(default_factory=SignScale)
    describe: bool = False
    context: ContextProvider | None = None
    second_vote: VoteRule | None = None
    repeat_frac: float = 0.025
    asks: int = 3
    identity: str = field(init=False)
    _signs: WeakKeyDictionary[Account, Counter[int]] = field(
        init=False, default_factory=WeakKeyDictionary
    )

    def __post_init__(self) -> None:
        model, prompt, scale, context = self.model, self.prompt, self.scale, self.context
        heat, rule, size = self.temperature, self.second_vote, self.batch_size
        is_model = isinstance(model, ChatModel) and not isinstance(model, type)
        is_rate = is_share(self.repeat_frac, high=0.5)
        is_context = context is None or isinstance(context, ContextProvider)
        is_rule = rule is None or takes(rule, 2)
        is_heat = heat is None or is_share(heat, high=2.0)
        check_all(
            "this cannot be a scorer",
            {
                "batch_size": (size, is_count(size), "an integer from 1 on"),
                "asks": (self.asks, is_count(self.asks), "an integer from 1 on"),
                "repeat_frac": (self.repeat_frac, is_rate, "0 to 0.5"),
                "temperature": (heat, is_heat, "0 to 2, or None"),
                "prompt": (prompt, isinstance(prompt, PairPrompt), "a PairPrompt"),
                "scale": (scale, isinstance(scale, Scale), "SignScale(), ScoreScale() or yours"),
                "context": (context, is_context, "an object with about and about_pair"),
                "second_vote": (rule, is_rule, "a function of (pair, judgement)"),
                "model": (model, is_model, "an object with ask(prompt, reply_type)"),
            },
        )
        named = model.identity if isinstance(model, IdentifiedModel) else model.name
        votes = getattr(rule, "__qualname__", type(rule).__name__)
        told = [
            named, prompt.template, prompt.system(scale), prompt.primary_task,
            prompt.pairs_task, repr(scale), heat, None if rule is None else votes,
        ]  # fmt: skip
        self.identity = f"{model.name} {prompt.template} {digest_json(told)[7:23]}"

    def __repr__(self) -> str:
        return f"LLMEdgeScorer({self.model!r}, prompt={self.prompt.template})"

    def score(self, pairs: Sequence[Pair]) -> list[int]:
        """1, -1 or 0 for each pair."""
        return [judged.sign for judged in self.judge(pairs)]

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """A judgement for each pair, with its context.

        Raises
        ------
        GraphError
            With every pair that got no valid answer.
        """
        calls = chunks(pairs, self.batch_size)
        with Account(self.model) as account:
            answers, failures = self.ask_calls(calls, account=account, stage="scoring pairs")
        if failures:
            faults = [
                Fault(f"{one[0]}: {one[1]} - {other[0]}: {other[1]}", why)
                for (one, other), why in failures.items()
            ]
            raise GraphError(f"{len(faults)} of {len(pairs)} pairs got no answer", faults=faults)
        judged = settled((answer.pair, answer.asking, answer.judgement) for answer in answers)
        return [judged[pair_key(pair)] for pair in pairs]

    def ask_calls(
        self,
        calls: Sequence[Sequence[Pair]],
        *,
        account: Account,
        stage: str,
        seed: int = 0,
        earlier: Sequence[Pair] = (),
        progress: Progress | None = None,
        chosen: bool = False,
    ) -> tuple[list[Answer], dict[PairKey, str]]:
        """Ask about the pairs of some calls through an account; what a build session does.

        Every prompt follows from the calls' pairs, the seed and the stage's earlier answers alone:
        not from workers, from the order in which replies arrive, or from where a run was cut.

        Parameters
        ----------
        calls : sequence of sequences of (Attribute, Attribute)
            One call each; calls whose pairs share an attribute show it as the primary one.
        account : Account
            Of this scorer's model.
        stage : str
            What the calls are booked under.
        seed : int
            Of the order of targets and of what is asked twice.
        earlier : sequence of (Attribute, Attribute)
            Pairs asked before, which may be asked a second time too.
        progress : Progress, optional
            Receives the calls.
        chosen : bool
            Whether earlier answers chose the pairs. Such pairs may well have one sign, so their
            answers do not count where a model is warned of that says the same of everything.

        Returns
        -------
        answers : list of Answer
            Every valid answer: first ones, repeats, second and third votes.
        failures : dict of pair to str
            Why the pairs without a first answer have none.
        """
        signs = None if chosen else self._signs.setdefault(account, Counter())
        asking = _PairAsking(self, account, seed, progress, signs)
        repeats = _repeats(calls, earlier, frac=self.repeat_frac, seed=seed)
        items = [
            [(pair, Asking.FIRST) for pair in call] + [(pair, Asking.REPEAT) for pair in repeated]
            for call, repeated in zip(calls, repeats, strict=True)
        ]
        told = asking.ask(items, stage, asks=self.asks)
        first = {pair: judged for (pair, vote), judged in told.items() if vote is Asking.FIRST}
        rule = self.second_vote
        doubted = [pair for pair, judged in first.items() if rule and rule(pair, judged)]
        for vote, why in ((Asking.SECOND, "second vote"), (Asking.THIRD, "tie-break")):
            votes = chunks([(pair, vote) for pair in doubted], self.batch_size)
            again = asking.ask(votes, f"{stage}: {why}", asks=1)
            doubted = [pair for (pair, _), said in again.items() if said.sign != first[pair].sign]
        return asking.answers, asking.failures

    def shown(self, pair: Pair) -> str:
        """A digest of what is shown of a pair beyond the names; empty where that is nothing."""
        told = [end.description for end in pair] if self.describe else []
        facts = facts_of(self.context, pair)
        return digest_json([sorted(told), sorted(facts)]) if any(told) or facts else ""


def every_pair(pair: Pair, judged: Judgement) -> bool:
    """A second vote on every pair: about twice the cost.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> every_pair((Attribute("brand", "Nike"), Attribute("geo", "Peru")), Judgement(0))
    True
    """
    return True


def every_edge(pair: Pair, judged: Judgement) -> bool:
    """A second vote where the first was + or -.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> every_edge(pair, Judgement(0)), every_edge(pair, Judgement(1))
    (False, True)
    """
    return judged.sign != 0


def negative_edges(pair: Pair, judged: Judgement) -> bool:
    """A second vote where the first was -: the rare sign, and the costly one to get wrong.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> negative_edges(pair, Judgement(1)), negative_edges(pair, Judgement(-1))
    (False, True)
    """
    return judged.sign < 0


@dataclass(slots=True)
class _PairAsking:
    """Asks about pairs through one account, and keeps what comes."""

    _scorer: LLMEdgeScorer
    _account: Account
    _seed: int
    _progress: Progress | None
    _signs: Counter[int] | None  # of the account's first answers; None where they do not count
    answers: list[Answer] = field(default_factory=list)
    failures: dict[PairKey, str] = field(default_factory=dict)

    def ask(
        self, calls: Sequence[Sequence[_Item]], stage: str, *, asks: int
    ) -> dict[_Item, Judgement]:
        """The answers about the items of some calls; items without a valid answer are left out."""
        scorer = self._scorer
        told = ask_numbered(
            partial(self._account.ask_many, progress=self._progress),
            calls,
            request=lambda items, asked: self._request(items, stage, asked),
            read=self._read,
            asks=asks,
            arrange=self._shuffled,
            regroup=lambda left, asked: chunks([*chain(*left)], scorer.batch_size),
            only_once=lambda item: item[1] is not Asking.FIRST,
        )
        self.failures |= {pair_key(pair): why for (pair, _), why in told.failures.items()}
        found = {}
        for answer in told.answers:
            (pair, asking), (sign, strength) = answer.item, answer.value
            context = " | ".join(facts_of(scorer.context, pair))
            judged = found[answer.item] = Judgement(sign, strength=strength, context=context)
            shown = scorer.shown(pair)
            self.answers.append(Answer(pair_key(pair), judged, asking, shown, answer.place))
        return found

    def _read(self, item: _Item, said: object) -> Reading | None:
        read = self._scorer.scale.read(said)
        if read is not None and item[1] is Asking.FIRST and self._signs is not None:
            self._signs[read[0]] += 1
            if self._signs.total() == _ALIKE == self._signs[read[0]]:
                warnings.warn(
                    f"the first {_ALIKE} answers of {self._scorer.model.name} are all "
                    f"{mark_of(read[0])}: they contain no information; the others may not either",
                    stacklevel=2,
                )
        return read

    def _shuffled(self, call: Sequence[_Item], asked: int) -> list[_Item]:
        # Where a target stands in a call sways the answer: shuffled, the sway averages out.
        rng = stream(self._seed, "edges", "order", asked, _digest(call))
        return [call[at] for at in rng.permutation(len(call)).tolist()]

    def _request(self, call: Sequence[_Item], stage: str, asked: int) -> Request:
        scorer = self._scorer
        vote = max(asking for _, asking in call if asking is not Asking.REPEAT)
        prompt = scorer.prompt.render(
            [pair for pair, _ in call],
            scale=scorer.scale,
            describe=scorer.describe,
            context=scorer.context,
            temperature=scorer.temperature,
            mark=f"ask {asked}" if asked > 1 else f"vote {vote + 1}" if vote else "",
        )
        stage = f"{stage}: missing keys" if asked > 1 else stage
        return Request(prompt, numbered_reply(len(call), scorer.scale.schema), stage)


def _repeats(
    calls: Sequence[Sequence[Pair]], earlier: Sequence[Pair], *, frac: float, seed: int
) -> Iterator[list[Pair]]:
    """What each call asks a second time: of one about one attribute, another call's pair of it."""
    everything = [*earlier, *chain.from_iterable(calls)] if frac else []
    pairs_of: dict[Key, list[Pair]] = {}
    for pair in everything:
        for end in pair:
            pairs_of.setdefault(end.key, []).append(pair)
    for call in calls:
        chosen: dict[PairKey, Pair] = {}
        if frac and call:
            digest = _digest([(pair, Asking.REPEAT) for pair in call])
            rng = stream(seed, "edges", "repeats", digest)
            count = int(len(call) * frac + rng.random())
            primary = shared_attribute(call)
            pool = everything if primary is None else pairs_of[primary.key]
            held = set(map(pair_key, call))
            for at in rng.integers(len(pool), size=8 * count).tolist():
                if len(chosen) < count and pair_key(pool[at]) not in held:
                    chosen[pair_key(pool[at])] = pool[at]
        yield list(chosen.values())


def _digest(call: Sequence[_Item]) -> str:
    return digest_json([[*one.key, *other.key, int(asking)] for (one, other), asking in call])
