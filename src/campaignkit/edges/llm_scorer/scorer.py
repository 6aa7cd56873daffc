"""The scorer that asks a language model about pairs."""

from __future__ import annotations

from collections.abc import Sequence

from campaignkit.edges.judgement import Judgement
from campaignkit.edges.llm_scorer.asking import AskedPairs, PairAsking
from campaignkit.edges.llm_scorer.context import ContextProvider, facts_of
from campaignkit.edges.llm_scorer.pair_prompt import PairPrompt
from campaignkit.edges.llm_scorer.scale import Scale, SignScale
from campaignkit.edges.llm_scorer.votes import VoteRule
from campaignkit.edges.scorer import Pair
from campaignkit.errors import Fault, GraphError
from campaignkit.llm import Account, ChatModel
from campaignkit.progress import Progress
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
