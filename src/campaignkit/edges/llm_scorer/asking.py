"""Asking a model about pairs: shuffled targets, repeats, missing keys again, second votes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from campaignkit.catalogue import Attribute, Key
from campaignkit.edges.answer_store import Answer, Vote
from campaignkit.edges.judgement import Judgement
from campaignkit.edges.llm_scorer.pair_prompt import shared_attribute
from campaignkit.edges.llm_scorer.reply_form import MISSING, read_keys, reply_form
from campaignkit.edges.llm_scorer.votes import settled
from campaignkit.edges.scorer import BUDGET_SPENT, Pair
from campaignkit.llm import Account, CallFailed, Reply, Request
from campaignkit.progress import Progress
from campaignkit.seeds import stream
from campaignkit.store import digest_json

if TYPE_CHECKING:
    from campaignkit.edges.llm_scorer.scorer import LLMEdgeScorer

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
