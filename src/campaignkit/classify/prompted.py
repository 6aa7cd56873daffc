"""A chat model that is asked for labels as it comes, without tuning: the published baselines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import KW_ONLY, asdict, dataclass, field
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, WithJsonSchema

from campaignkit.checks import checked_count
from campaignkit.classify.answers import ModelAnswers, words_to_say
from campaignkit.classify.encoding import training_labels
from campaignkit.classify.estimator import CampaignClassifier
from campaignkit.classify.texts import prompt_texts
from campaignkit.dataset.text import PromptTemplate, prompt_template
from campaignkit.errors import ClassifierError
from campaignkit.llm import (
    Account,
    Budget,
    CallFailed,
    ChatModel,
    IdentifiedModel,
    Ledger,
    MalformedReply,
    Prompt,
    Reply,
    Request,
    Spent,
    Usage,
)
from campaignkit.store import Manifest, atomic_folder, checked_path, read_manifest

_KIND = "prompted-classifier"
_KEPT = ("style", "separator", "labels", "system", "temperature", "votes", "fallback")


@dataclass(frozen=True)
class PromptPlan:
    """What a prediction will ask.

    Attributes
    ----------
    num_rows, num_calls : int
        Rows, and requests that the store does not answer; equal prompts are one.
    tokens_in, tokens_out : int
        Estimates: four bytes per token.
    money : float or None
        In the currency of the prices; None without one.

    Examples
    --------
    >>> PromptPlan(100, 98, 40_000, 400, None).num_calls
    98
    """

    num_rows: int
    num_calls: int
    tokens_in: int
    tokens_out: int
    money: float | None


@dataclass(eq=False, repr=False)
class PromptedClassifier(CampaignClassifier):
    """Asks a chat model for the label of each campaign, in a prompt style; nothing is tuned.

    Requests go through an :class:`~campaignkit.llm.Account`: within a budget, several at a time,
    and never paid for twice on one store. :meth:`fit` only learns which labels there are.

    Parameters
    ----------
    model : ChatModel
    style : int, str or PromptTemplate
        How campaigns are written: 1, 2, 3 or a name, see :func:`prompt_template`. Texts are whole
        prompts.
    separator : str or None
        What divides the values of a cell that holds several, as for :class:`OneHotLogistic`.
    labels : mapping of label to word, or sequence of words, optional
        Which of the words that the prompt asks for stands for each label. Three words alone stand
        for neg, avg and pos, other words alone are the labels themselves; by default those of the
        style. Labels that no published prompt asks for take a :class:`PromptTemplate` of your own.
    system : str
    temperature : float or None
    votes : int
        How often each row is asked; the commonest label is its answer. With two or more
        ``predict_proba`` gives the shares of the votes; one answer alone is no probability.
    fallback : label, optional
        What a row gets whose reply is no label; by default such rows are refused, and 25 such
        replies in a row stop the prediction.
    budget, store, prices, concurrency
        As for :class:`~campaignkit.llm.Account`; without a store replies are kept in memory.

    Attributes
    ----------
    spent_ : Spent
        Of the last prediction.

    Examples
    --------
    >>> from campaignkit.llm import ScriptedModel
    >>> model = ScriptedModel(lambda prompt, schema: '{"label": "2"}')
    >>> rows = [{"brand": "Nike"}, {"brand": "Puma"}]
    >>> PromptedClassifier(model, style=3).fit(rows, ["pos", "neg"]).predict(rows).tolist()
    ['pos', 'pos']
    """

    model: ChatModel
    _: KW_ONLY
    style: int | str | PromptTemplate = 3
    separator: str | None = None
    labels: Mapping[Any, str] | Sequence[str] | None = None
    system: str = ""
    temperature: float | None = None
    votes: int = 1
    fallback: Any = None
    budget: Budget | None = None
    store: str | Path | None = None
    prices: Any = None
    concurrency: int = 7

    spent_: Spent = field(default_factory=Spent, init=False)
    _memory: Ledger | None = field(default=None, init=False)

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Learn which labels there are; no row is sent anywhere.

        Raises
        ------
        ClassifierError
            If labels cannot be read, no word is known for one of them, the prompt does not ask
            for that word, or `fallback` is none of them.
        """
        del sample_weight  # there is nothing that it could weigh
        checked_count(self.votes, "votes", error=ClassifierError)
        classes, _ = training_labels(X, y, len(self._texts(X)))
        self._texts_and_words(X, classes)
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The label of each row, written as `fit` was given it.

        Raises
        ------
        ClassifierError
            If a reply is no label or the budget is spent, unless there is a `fallback`:
            :meth:`ask` gives the answers as they are. What was answered is in the store.
        CallError
            Where every other request would end alike, such as a wrong key.
        """
        answers = self.ask(X)
        if self.fallback is None:
            return answers.complete_labels()
        return np.array([self.fallback if x is None else x for x in answers.labels])

    @property
    def predict_proba(self) -> Any:  # there only where it means something
        """float64[rows, classes], shares of the votes; there with two votes or more."""
        if self.votes < 2:
            raise AttributeError("one answer is not a probability: PromptedClassifier(votes=5)")
        return lambda X: self.ask(X).complete_probabilities()

    def ask(self, X: Any) -> ModelAnswers:
        """The answers as they are; they report rows whose reply is not a label."""
        texts, words = self._texts_and_words(X, self._fitted_classes())
        label_of = {word: label for label, word in words.items()}
        with ExitStack() as open_ones:
            account = self._account(open_ones, words)
            ledger = account._ledger
            [(before,)] = ledger.rows("SELECT coalesce(max(id), 0) FROM calls")
            replies = account.ask_many(self._requests(texts, words))
            self.spent_ = ledger.spent_since(before) if ledger.num_calls else Spent()
        said: list[Any] = []
        for row in range(len(texts)):
            votes = replies[row :: len(texts)]
            told = [label_of[r.value] for r in votes if not isinstance(r, CallFailed)]
            if not told:
                failed = next(r for r in votes if isinstance(r, CallFailed))
                said.append((None, None, f"{failed.reason}: {failed.message}"))
                continue
            counts = [told.count(label) for label in label_of.values()]
            best = max(label_of.values(), key=told.count)
            said.append((best, [num / len(told) for num in counts], ""))
        return ModelAnswers.gather(said, len(words))

    def plan(self, X: Any) -> PromptPlan:
        """What predicting these rows will ask, and cost; nothing is sent."""
        texts, words = self._texts_and_words(X, self._fitted_classes())
        requests = self._requests(texts, words)
        with ExitStack() as open_ones:
            account = self._account(open_ones, words)
            by_key = {account.key_of(request): request for request in requests}
            left = [r for key, r in by_key.items() if account._ledger.reply(key) is None]
            longest = json.dumps({"label": max(words.values(), key=len)})
            usage = [Usage.of_text(request.prompt.text, longest) for request in left]
            price = account.price
        num_in, num_out = (
            sum(getattr(u, f"tokens_{way}") for u in usage) for way in ("in", "out")
        )
        money = None if price is None else price.of(Usage(num_in, num_out))
        return PromptPlan(len(requests) // self.votes, len(left), num_in, num_out, money)

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write the settings and the labels; the model is given again to :meth:`load`."""
        spec = {name: getattr(self, name) for name in _KEPT}
        if isinstance(self.style, PromptTemplate):
            spec["style"] = asdict(self.style)
        words = words_to_say(self.labels, self.style, self._fitted_classes().tolist())
        spec |= {"labels": list(words.items()), "model": self.model.name}
        with atomic_folder(folder, replace=replace) as partial:
            Manifest(kind=_KIND, spec=spec).write(partial)

    @classmethod
    def load(cls, folder: str | PathLike[str], *, model: ChatModel) -> Self:
        """Read what :meth:`save` wrote, with the model to ask."""
        spec = read_manifest(checked_path(folder), kind=_KIND).spec
        spec = {name: spec[name] for name in _KEPT} | {"labels": dict(map(tuple, spec["labels"]))}
        if isinstance(spec["style"], dict):
            spec["style"] = PromptTemplate(**spec["style"])
        loaded = cls(model, **spec)
        loaded.classes_ = np.unique(list(spec["labels"]))
        return loaded

    def _texts(self, X: Any) -> list[str]:
        return prompt_texts(X, style=self.style, separator=self.separator)

    def _texts_and_words(self, X: Any, classes: NDArray[Any]) -> tuple[list[str], dict[Any, str]]:
        """The prompts, and the words they ask for; texts as they are may ask for any."""
        texts = self._texts(X)
        words = words_to_say(self.labels, self.style, classes.tolist())
        template = prompt_template(self.style)
        strange = {*words.values()}.difference(template.label_texts)
        if strange and texts[0].startswith(template.shared):
            raise ClassifierError(
                f"the prompt {template.id} asks for {_listed(template.label_texts)}, "
                f"and not for {_listed(sorted(strange))}",
                hint="map each label to one of these words, or ask in a prompt "
                'of your own: style=PromptTemplate("own", 1, "What to do\\n", "\\nLabel:\\n", '
                f"{(*words.values(),)!r}), from campaignkit.dataset.text",
            )
        if self.fallback is not None and self.fallback not in words:
            raise ClassifierError(
                f"fallback is {self.fallback!r}; expected one of the labels {_listed(words)}"
            )
        return texts, words

    def _requests(self, texts: Sequence[str], words: Mapping[Any, str]) -> list[Request]:
        """Of all rows, vote by vote."""
        form = _reply_form(tuple(words.values()))
        template = prompt_template(self.style).id
        return [
            Request(
                Prompt(
                    text, self.system, f"{template} vote {vote}" if vote else template,
                    self.temperature,
                ),
                form, "labelling",
            )
            for vote in range(self.votes)
            for text in texts
        ]  # fmt: skip

    def _account(self, open_ones: ExitStack, words: Mapping[Any, str]) -> Account:
        ledger = self._memory = self._memory or Ledger(None)
        if self.store is not None:
            ledger = Ledger(checked_path(self.store))
            open_ones.callback(ledger.close)
        asked = _LabelModel(self.model, tuple(words.values()), self.fallback is not None)
        return Account(
            asked, budget=self.budget, store=ledger, prices=self.prices,
            concurrency=self.concurrency,
        )  # fmt: skip

    def __sklearn_clone__(self) -> Self:  # a model with open connections cannot be copied
        return type(self)(**self.get_params())


@dataclass(frozen=True)
class _LabelModel:
    """A chat model that may also say the bare label where JSON was asked for."""

    model: ChatModel
    words: tuple[str, ...]
    has_fallback: bool

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def identity(self) -> str:
        return self.model.identity if isinstance(self.model, IdentifiedModel) else self.name

    def ask(self, prompt: Prompt, reply_type: Any) -> Reply[Any]:
        try:
            return self.model.ask(prompt, reply_type)
        except MalformedReply as err:
            try:
                word = _word(err.text.strip(" \n.\"'"), self.words)
            except ValueError:
                raise (_UnusableReply if self.has_fallback else MalformedReply)(
                    f"{err.message}; expected {_listed(self.words)}",
                    hint=err.hint, faults=err.faults, usage=err.usage, text=err.text,
                ) from err  # fmt: skip
            usage = err.usage or Usage.of_text(prompt.text, err.text)
            return Reply(word, json.dumps({"label": word}), usage)


class _UnusableReply(MalformedReply, reason="unusable"):
    """A malformed reply whose row gets the fallback: many in a row do not stop the run."""


def _listed(words: Iterable[Any]) -> str:  # Any: labels
    return ", ".join(map(repr, words))


def _word(said: Any, words: Sequence[str]) -> str:  # Any: JSON
    """The label word in a reply: alone, or as the one value of an object."""
    if isinstance(said, Mapping) and len(said) == 1:
        (said,) = said.values()
    bare = str(said).strip().casefold()
    for word in words:
        if bare == word.casefold() and not isinstance(said, bool):
            return word
    raise ValueError(f"expected one of {', '.join(words)}")


@lru_cache(maxsize=64)
def _reply_form(words: tuple[str, ...]) -> Any:  # a type that pydantic reads
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(words)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return Annotated[str, BeforeValidator(lambda said: _word(said, words)), WithJsonSchema(schema)]
