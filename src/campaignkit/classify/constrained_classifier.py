"""A language model held to three answers, as a classifier."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit.classify.labels import LABELS, label_codes
from campaignkit.classify.training import FullFineTune, TrainingRecipe, TrainingReport
from campaignkit.errors import ClassifierError, NotFitted
from campaignkit.extras import require
from campaignkit.progress import Progress
from campaignkit.runs import RunLog

if TYPE_CHECKING:
    from campaignkit.classify.constrained.label_model import LabelModel
    from campaignkit.classify.constrained.token_rows import TokenRows
    from campaignkit.classify.training.labelled_rows import LabelledRows

_BATCH = 32


class ConstrainedClassifier:
    """A causal language model from transformers that may answer with three label words only.

    It classifies as it comes (an untrained baseline) or after :meth:`fit`. Texts are whole
    prompts that end right where the label is to follow. Needs the extra ``train``.

    Two methods give the same probabilities of the same weights: ``"mask"`` keeps the whole model,
    which can still generate, and looks at the label tokens alone; ``"trim"`` cuts the head to
    these tokens' own rows, so that only they are kept, trained and saved.

    Models are built with :meth:`from_pretrained` or :meth:`load`.

    Attributes
    ----------
    classes_ : str[3]
        Always avg, neg, pos.
    labels : tuple of str
        The words that stand for them.
    shared_prompt : str or None
        What all prompts begin with, run once a batch.
    training_ : TrainingReport or None
        What the last :meth:`fit` did.

    Examples
    --------
    >>> llm = ConstrainedClassifier.from_pretrained("my-model")  # doctest: +SKIP
    >>> llm.predict(["Brand: Rolex. Audience: Budget Shoppers.\\nAnswer:"])  # doctest: +SKIP
    array(['neg'], dtype='<U3')
    """

    def __init__(self, model: LabelModel, *, shared_prompt: str | None = None) -> None:
        self.classes_: NDArray[np.str_] = np.array(sorted(LABELS))
        self.shared_prompt = shared_prompt
        self.training_: TrainingReport | None = None
        self._model = model

    @classmethod
    def from_pretrained(
        cls,
        path: str | PathLike[str],
        *,
        labels: Sequence[str] = ("0", "1", "2"),
        method: Literal["mask", "trim"] = "trim",
        shared_prompt: str | None = None,
        dtype: str | None = None,
        device: str | None = None,
        four_bit: bool = False,
    ) -> Self:
        """A classifier from a folder of transformers: config, weights and tokenizer.

        Parameters
        ----------
        labels : sequence of str
            The words for neg, avg and pos, as they follow the prompt's last character.
        method : {"mask", "trim"}
        shared_prompt : str, optional
            What all prompts begin with; :meth:`fit` can set it too.
        dtype : str, optional
            Such as ``"bfloat16"``; by default that of the weights.
        device : str, optional
            Such as ``"cuda"``.
        four_bit : bool
            Weights in 4 bits through bitsandbytes, for `LoRA` on a GPU.

        Raises
        ------
        ClassifierError
            If the model cannot be read, lacks weights or holds some that are not numbers, is
            built in a way this library does not run, or label words share their first token.
        MissingExtra
            If torch or transformers is not installed.
        """
        _require_torch()
        from campaignkit.classify.constrained.label_model import LabelModel, trim_head
        from campaignkit.classify.constrained.label_tokens import find_label_tokens
        from campaignkit.classify.constrained.loading import load_causal

        if method not in {"mask", "trim"}:
            raise ClassifierError(f"method is {method!r}; expected 'mask' or 'trim'")
        model, tokenizer = load_causal(path, dtype=dtype, device=device, four_bit=four_bit)
        words = find_label_tokens(tokenizer, labels)
        if method == "trim":
            model = trim_head(model, words.first)
        return cls(LabelModel(model, tokenizer, words, method), shared_prompt=shared_prompt)

    @property
    def labels(self) -> tuple[str, ...]:
        """The words for neg, avg and pos."""
        return self._model.labels.words

    @property
    def method(self) -> str:
        """``"mask"`` or ``"trim"``."""
        return self._model.method

    @property
    def model(self) -> Any:
        """The model of transformers: a causal LM ("mask") or a sequence classifier ("trim")."""
        return self._model.model

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""
        return self._model.tokenizer

    def fit(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        training: TrainingRecipe | None = None,
        shared_prompt: str | None = None,
        validation: tuple[Sequence[str], Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
        checkpoint_steps: int | None = None,
        resume: bool = False,
        run_log: RunLog | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fine-tune on whole prompts and their labels, and return the classifier itself.

        Parameters
        ----------
        texts : sequence of str
        labels : sequence
            All that :func:`campaignkit.classify.label_codes` reads; all three classes.
        training : FullFineTune or LoRA, optional
            ``FullFineTune()`` by default.
        shared_prompt : str, optional
            What all texts begin with, in tokens too; kept for predictions and saved.
        validation : (texts, labels), optional
            The epoch with the best macro F1 on these is kept.
        checkpoint : path, optional
            A folder written after each epoch, and every `checkpoint_steps` steps.
        resume : bool
            Whether to go on from a checkpoint that lies there; the weights at the end are those
            of a run that was never cut short.
        run_log : RunLog, optional
            Takes a line on this fit, with the scores of the validation rows.

        Raises
        ------
        ClassifierError
            If texts, labels or settings cannot be trained on; before training begins.
        ArtifactError
            If a checkpoint or a cache belongs to another model, prompt, data or recipe.
        """
        from campaignkit.classify.training.course import CheckpointPlan
        from campaignkit.classify.training.fine_tune import fine_tune

        self._check_whole()
        shared = self.shared_prompt if shared_prompt is None else shared_prompt
        data = self._labelled(texts, labels, shared)
        if validation is not None and (not isinstance(validation, tuple) or len(validation) != 2):
            raise ClassifierError(
                f"validation is {validation!r:.60}; expected a pair",
                hint="validation=(texts, labels)",
            )
        tested = self._labelled(*validation, shared) if validation is not None else None
        plan = CheckpointPlan(checkpoint, checkpoint_steps, resume) if checkpoint else None
        if resume and plan is None:
            raise ClassifierError("resume is set, but no checkpoint folder is given")
        recipe, started = training or FullFineTune(), time.process_time()
        self.training_ = fine_tune(
            self._model, data, recipe, validation=tested, checkpoint=plan, progress=progress
        )
        self.shared_prompt = shared
        if run_log is not None and os.environ.get("RANK", "0") == "0":  # one line, not one each
            from campaignkit.classify.training.fit_record import fit_record

            record = fit_record(
                self.training_,
                recipe,
                name=f"{type(self.model).__name__}, {self.method}",
                data=data,
                shared_prompt=shared,
                fit_s=time.process_time() - started,
            )
            run_log.append(record)
        return self

    def predict_proba(self, texts: Sequence[str], *, batch_size: int = _BATCH) -> Any:
        """float64[rows, 3], probabilities of avg, neg, pos among the three; rows add up to 1.

        Raises
        ------
        ClassifierError
            If a text is empty, longer than the context, does not begin with the shared prompt or
            does not end where a label can follow.
        """
        self._check_whole()
        rows = self._tokens(texts, self.shared_prompt)
        return self._model.proba(rows, batch_size=batch_size)[:, np.argsort(LABELS)]

    def predict(self, texts: Sequence[str], *, batch_size: int = _BATCH) -> NDArray[np.str_]:
        """str[rows], the most probable label of each text."""
        best = self.predict_proba(texts, batch_size=batch_size).argmax(1)
        named: NDArray[np.str_] = self.classes_[best]
        return named

    def label_mask(self, prompt_length: int) -> Any:
        """A `LogitsProcessor` for ``model.generate``: only label words come out.

        Parameters
        ----------
        prompt_length : int
            ``input_ids.shape[1]`` of what generate is given (padded on the left).
        """
        from campaignkit.classify.constrained.label_mask import LabelMask

        if self.method != "mask":
            raise ClassifierError(
                'a trimmed model cannot generate; its method is "trim"', hint='method="mask"'
            )
        end = self.tokenizer.eos_token_id
        return LabelMask(self._model.labels, prompt_length=prompt_length, end_token=end)

    def padded_logits(self, input_ids: Any, attention_mask: Any) -> Any:
        """float32 Tensor[rows, 3]: label logits of token tensors that come padded, on either side.

        The model's own forward, without a shared prompt: the slow way to the same numbers.
        """
        self._check_whole()
        return self._model.padded_logits(input_ids, attention_mask)

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write weights, tokenizer and a manifest; transformers can read the folder too.

        Raises
        ------
        ArtifactError
            If the folder holds something and `replace` is false, or cannot be written.
        """
        from campaignkit.classify.constrained.saved import save

        self._check_whole()
        save(self._model, folder, shared_prompt=self.shared_prompt, replace=replace)

    @classmethod
    def load(cls, folder: str | PathLike[str], *, device: str | None = None) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            If the folder is not this classifier's, or a file is missing or changed.
        """
        _require_torch()
        from campaignkit.classify.constrained.saved import load

        model, shared_prompt = load(folder, device=device)
        return cls(model, shared_prompt=shared_prompt)

    def _labelled(self, texts: Sequence[str], labels: Any, shared: str | None) -> LabelledRows:
        from campaignkit.classify.training.labelled_rows import LabelledRows

        codes = label_codes(labels)
        if len(codes) != len(texts):
            raise ClassifierError(
                f"{len(texts):,} texts and {len(codes):,} labels; expected as many of each"
            )
        return LabelledRows(self._tokens(texts, shared), codes)

    def _tokens(self, texts: Sequence[str], shared: str | None) -> TokenRows:
        from campaignkit.classify.constrained.token_rows import tokenise

        return tokenise(
            self.tokenizer,
            texts,
            labels=self._model.labels,
            shared_prompt=shared,
            context=self._model.context,
        )

    def _check_whole(self) -> None:
        if self._model.is_between_states:
            raise NotFitted(
                "the last training was cut short, and its weights are between two states",
                hint="load the model again; fit with resume=True goes on from a checkpoint",
            )

    def __repr__(self) -> str:
        kind = type(self.model).__name__
        return f"ConstrainedClassifier({kind}, labels={self.labels}, method={self.method!r})"


def _require_torch() -> None:
    for module in ("torch", "transformers"):
        require(module, extra="train", user="ConstrainedClassifier")
