"""The scorer that asks a language model about pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaignkit.catalogue import Attribute, Key
from campaignkit.edges.scorers.context import ContextProvider, facts_of
from campaignkit.edges.scorers.prompt import (
    MISSING,
    PairPrompt,
    read_keys,
    reply_form,
    shared_attribute,
)
from campaignkit.edges.scorers.protocols import BUDGET_SPENT, Judgement, Pair
from campaignkit.edges.scorers.scale import Scale, SignScale
from campaignkit.edges.store import Answer, Vote, settled
from campaignkit.errors import Fault, GraphError
from campaignkit.llm import Account, CallFailed, ChatModel, Reply, Request
from campaignkit.progress import Progress
from campaignkit.seeds import stream
from campaignkit.store import digest_json

_PROMPT = PairPrompt()
_SCALE = SignScale()


class LLMEdgeScorer:
    """Asks a chat model whether attributes help or harm each other, a batch of pairs a call.

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
    GraphError
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

    def __init__(
        self,
        model: ChatModel,
        *,
        prompt: PairPrompt = _PROMPT,
        batch_size: int = 25,
        temperature: float | None = 0.15,
        scale: Scale = _SCALE,
        describe: bool = False,
        context: ContextProvider | None = None,
        second_vote: VoteRule | None = None,
        repeat_frac: float = 0.025,
        asks: int = 3,
    ) -> None:
        faults = [
            Fault(name, f"is {given!r}; expected {expected}")
            for name, given, expected, good in (
                ("batch_size", batch_size, "an integer from 1 on", _is_count(batch_size)),
                ("asks", asks, "an integer from 1 on", _is_count(asks)),
                ("repeat_frac", repeat_frac, "0 to 0.5", 0 <= repeat_frac <= 0.5),
                ("temperature", temperature, "0 or more, or None", _is_heat(temperature)),
                ("prompt", prompt, "a PairPrompt", isinstance(prompt, PairPrompt)),
                ("model", model, "an object with ask(prompt, reply_type)", _is_model(model)),
            )
            if not good
        ]
        if faults:
            raise GraphError("this cannot be a scorer", faults=faults)
        self.model, self.prompt, self.scale = model, prompt, scale
        self.batch_size, self.temperature, self.describe = batch_size, temperature, describe
        self.context, self.second_vote = context, second_vote
        self.repeat_frac, self.asks = repeat_frac, asks
        self.identity = self._identity()

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
        size = self.batch_size
        calls = [pairs[start : start + size] for start in range(0, len(pairs), size)]
        with Account(self.model) as account:
            asked = self.ask_calls(calls, account=account, stage="scoring pairs")
        judged = asked.judgements()
        if asked.failures:
            faults = [
                Fault(f"{one[0]}: {one[1]} - {other[0]}: {other[1]}", why)
                for (one, other), why in asked.failures.items()
            ]
            raise GraphError(f"{len(faults)} of {len(pairs)} pairs got no answer", faults=faults)
        return [judged[one.key, other.key] for one, other in pairs]

    def ask_calls(
        self,
        calls: Sequence[Sequence[Pair]],
        *,
        account: Account,
        stage: str,
        seed: int = 0,
        earlier: Sequence[Pair] = (),
        progress: Progress | None = None,
    ) -> AskedPairs:
        """Ask about the pairs of some calls through an account; what a build session does.

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
            Told of calls.
        """
        asking = PairAsking(self, account, seed, stage, progress)
        return asking.ask(calls, earlier=earlier)

    def shown(self, pair: Pair) -> str:
        """A digest of what is shown of a pair beyond the names; empty where that is nothing."""
        told = [end.description for end in pair] if self.describe else []
        facts = facts_of(self.context, pair)
        return digest_json([sorted(told), sorted(facts)]) if any(told) or facts else ""

    def context_of(self, pair: Pair) -> str:
        """The facts that are shown with a pair, as one text."""
        return " | ".join(facts_of(self.context, pair))

    def _identity(self) -> str:
        rule = self.second_vote
        votes = None if rule is None else getattr(rule, "__qualname__", type(rule).__name__)
        told = [
            getattr(self.model, "identity", self.model.name), self.prompt.template,
            self.prompt.system(self.scale), self.prompt.primary_task, self.prompt.pairs_task,
            repr(self.scale), self.temperature, votes,
        ]  # fmt: skip
        return f"{self.model.name} {self.prompt.template} {digest_json(told)[7:23]}"


def _is_count(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _is_heat(given: object) -> bool:
    return given is None or (isinstance(given, int | float) and 0 <= given < float("inf"))


def _is_model(given: object) -> bool:
    return hasattr(given, "ask") and hasattr(given, "name") and not isinstance(given, type)


_CHUNK = 1000  # calls whose prompts are held at a time
_SHOWN = 60  # characters of an answer that was none
PairKey = tuple[Key, Key]


@dataclass(frozen=True, slots=True)
class AskedPairs:
    """What came of asking about some pairs.

    Attributes
    ----------
    answers : tuple of Answer
        Every valid answer: first ones, repeats, second and third votes.
    failures : mapping of pair to str
        Why the pairs without a first answer have none.

    Examples
    --------
    >>> AskedPairs((), {}).judgements()
    {}
    """

    answers: tuple[Answer, ...]
    failures: dict[PairKey, str]

    def judgements(self) -> dict[PairKey, Judgement]:
        """The settled judgement of each pair that has one."""
        votes: dict[PairKey, dict[Vote, Judgement]] = {}
        for answer in self.answers:
            votes.setdefault(answer.pair, {})[answer.vote] = answer.judgement
        said = {pair: settled(cast) for pair, cast in votes.items()}
        return {pair: judged for pair, judged in said.items() if judged is not None}


@dataclass
class PairAsking:
    """One round of asking, through one account.

    Every prompt follows from the call's pairs, the seed and the stage's earlier answers alone:
    not from workers, from the order in which replies arrive, or from where a run was cut.
    """

    scorer: LLMEdgeScorer
    account: Account
    seed: int
    stage: str
    progress: Progress | None = None
    answers: list[Answer] = field(default_factory=list)
    _answered: dict[PairKey, Pair] = field(default_factory=dict)
    failures: dict[PairKey, str] = field(default_factory=dict)

    def ask(self, calls: Sequence[Sequence[Pair]], *, earlier: Sequence[Pair]) -> AskedPairs:
        """Ask about every pair of every call, and about chosen ones again."""
        repeats = _Repeats(calls, earlier, frac=self.scorer.repeat_frac, seed=self.seed)
        for start in range(0, len(calls), _CHUNK):
            chunk = [
                [(pair, Vote.FIRST) for pair in call]
                + [(pair, Vote.REPEAT) for pair in repeats.of(at)]
                for at, call in enumerate(calls[start : start + _CHUNK], start)
            ]
            missing = self._send(chunk, self.stage, asked=1)
            for asked in range(2, self.scorer.asks + 1):
                batches = _batches([(pair, Vote.FIRST) for pair in missing], self._size)
                missing = self._send(batches, f"{self.stage}: missing keys", asked=asked)
        self._vote_again()
        return AskedPairs(tuple(self.answers), self.failures)

    @property
    def _size(self) -> int:
        return self.scorer.batch_size

    def _send(
        self, calls: Sequence[Sequence[tuple[Pair, Vote]]], stage: str, *, asked: int
    ) -> list[Pair]:
        """Send some calls, keep the valid answers; the pairs that got none."""
        shuffled = [self._shuffled(call, asked) for call in calls if call]
        if not shuffled:
            return []
        requests = [self._request(call, stage, asked) for call in shuffled]
        replies = self.account.ask_many(requests, progress=self.progress)
        missing: list[Pair] = []
        for call, reply in zip(shuffled, replies, strict=True):
            missing += self._read(call, reply, asked)
        return missing

    def _read(
        self,
        call: Sequence[tuple[Pair, Vote]],
        reply: Reply[dict[str, Any]] | CallFailed,  # Any: JSON values
        asked: int,
    ) -> list[Pair]:
        if isinstance(reply, CallFailed):
            why = BUDGET_SPENT if reply.reason == "budget" else f"{reply.reason}: {reply.message}"
            first = [pair for pair, vote in call if vote is Vote.FIRST]
            self.failures.update(dict.fromkeys(map(_key, first), why))
            # A reply that never had the right form may have it for other companions.
            return first if reply.reason == "malformed" else []
        missing = []
        for place, ((pair, vote), said) in enumerate(
            zip(call, read_keys(reply.value, len(call)), strict=True)
        ):
            read = self.scorer.scale.read(said)
            if read is not None:
                self._keep(pair, vote, read, place / max(1, len(call) - 1))
            elif vote is Vote.FIRST:
                missing.append(pair)
                shown = repr(said) if said is MISSING else repr(said)[:_SHOWN]
                self.failures[_key(pair)] = f"no valid answer, asked {asked} times: {shown}"
        return missing

    def _keep(self, pair: Pair, vote: Vote, read: tuple[int, float | None], place: float) -> None:
        sign, strength = read
        judged = Judgement(sign, strength=strength, context=self.scorer.context_of(pair))
        shown = self.scorer.shown(pair)
        self.answers.append(Answer(_key(pair), judged, vote, shown, place))
        if vote is Vote.FIRST:
            self._answered[_key(pair)] = pair
            self.failures.pop(_key(pair), None)

    def _vote_again(self) -> None:
        rule = self.scorer.second_vote
        if rule is None:
            return
        first = self._said(Vote.FIRST)
        chosen = [pair for key, pair in self._answered.items() if rule(pair, first[key])]
        batches = _batches([(pair, Vote.SECOND) for pair in chosen], self._size)
        self._send(batches, f"{self.stage}: second vote", asked=1)
        second = self._said(Vote.SECOND)
        tied = [
            pair
            for pair in chosen
            if _key(pair) in second and second[_key(pair)].sign != first[_key(pair)].sign
        ]
        batches = _batches([(pair, Vote.THIRD) for pair in tied], self._size)
        self._send(batches, f"{self.stage}: tie-break", asked=1)

    def _said(self, vote: Vote) -> dict[PairKey, Judgement]:
        return {answer.pair: answer.judgement for answer in self.answers if answer.vote is vote}

    def _shuffled(self, call: Sequence[tuple[Pair, Vote]], asked: int) -> list[tuple[Pair, Vote]]:
        # Where a target stands in a call sways the answer: shuffled, the sway averages out.
        rng = stream(self.seed, "edges", "order", asked, _digest(call))
        return [call[at] for at in rng.permutation(len(call)).tolist()]

    def _request(self, call: Sequence[tuple[Pair, Vote]], stage: str, asked: int) -> Request:
        vote = max(vote for _, vote in call if vote is not Vote.REPEAT)
        mark = f"ask {asked}" if asked > 1 else f"vote {vote + 1}" if vote else ""
        scorer, pairs = self.scorer, [pair for pair, _ in call]
        provider = scorer.context
        about: list[tuple[Attribute, Sequence[str]]] = []
        facts: list[Sequence[str]] = []
        if provider is not None:
            ends = {end.key: end for pair in pairs for end in pair}
            about = [(end, provider.about(end)) for end in ends.values()]
            facts = [provider.about_pair(pair) for pair in pairs]
        prompt = scorer.prompt.render(
            pairs,
            scale=scorer.scale,
            describe=scorer.describe,
            facts=facts,
            about=about,
            temperature=scorer.temperature,
            mark=mark,
        )
        return Request(prompt, reply_form(len(pairs), scorer.scale), stage)


class _Repeats:
    """Chooses what is asked twice: for a call about one attribute, another call's pair of it."""

    def __init__(
        self, calls: Sequence[Sequence[Pair]], earlier: Sequence[Pair], *, frac: float, seed: int
    ) -> None:
        self._calls, self._frac, self._seed = calls, frac, seed
        self._all: list[Pair] = []
        self._of: dict[Key, list[Pair]] = {}
        for pair in (*earlier, *(pair for call in calls for pair in call)) if frac else ():
            self._all.append(pair)
            for end in pair:
                self._of.setdefault(end.key, []).append(pair)

    def of(self, at: int) -> list[Pair]:
        """The pairs that call number `at` asks a second time."""
        call = self._calls[at]
        if not self._frac or not call:
            return []
        rng = stream(self._seed, "edges", "repeats", _digest([(p, Vote.REPEAT) for p in call]))
        count = int(len(call) * self._frac + rng.random())
        primary = shared_attribute(call)
        pool = self._all if primary is None else self._of[primary.key]
        held = {_key(pair) for pair in call}
        chosen: dict[PairKey, Pair] = {}
        for at_pool in rng.integers(len(pool), size=8 * count).tolist():
            pair = pool[at_pool]
            if len(chosen) < count and _key(pair) not in held:
                chosen[_key(pair)] = pair
        return list(chosen.values())


def _batches(items: Sequence[tuple[Pair, Vote]], size: int) -> list[Sequence[tuple[Pair, Vote]]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _key(pair: Pair) -> PairKey:
    return pair[0].key, pair[1].key


def _digest(call: Iterable[tuple[Pair, Vote]]) -> str:
    return digest_json([[*one.key, *other.key, int(vote)] for (one, other), vote in call])


VoteRule = Callable[[Pair, Judgement], bool]
"""Whether a pair with this first answer is asked a second time."""

_SIGNS = {1: "+", -1: "-", 0: "0"}


def every_pair(pair: Pair, judged: Judgement) -> bool:
    """A second vote on every pair: about twice the cost.

    Examples
    --------
    >>> from campaignkit.catalogue import Attribute
    >>> pair = Attribute("brand", "Nike"), Attribute("geo", "Peru")
    >>> every_pair(pair, Judgement(0))
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
