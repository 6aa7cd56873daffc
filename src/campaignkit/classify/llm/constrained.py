"""A language model held to the words of its labels, as a classifier of campaigns."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from campaignkit import __version__
from campaignkit.checks import check_all, checked_count
from campaignkit.classify.answers import words_to_say
from campaignkit.classify.encoding import row_weights, training_labels
from campaignkit.classify.estimator import CampaignClassifier
from campaignkit.classify.labels import label_positions, read_labels
from campaignkit.classify.llm.config import (
    FullFineTune,
    LoRA,
    TrainerCallback,
    TrainingConfig,
    TrainingReport,
)
from campaignkit.dataset.text import PromptTemplate, prompt_template
from campaignkit.errors import ArtifactError, ClassifierError, NotFitted
from campaignkit.extras import require
from campaignkit.progress import Progress
from campaignkit.runs import RunLog

if TYPE_CHECKING:
    from campaignkit.classify.llm.checkpoint import CheckpointPlan
    from campaignkit.classify.llm.forward import LabelModel
    from campaignkit.classify.llm.labels import LabelMask, Prompts, TokenRows
    from campaignkit.classify.llm.trainer import LabelledRows

_KEPT = ("method", "chat", "separator", "four_bit", "batch_size")
_KIND = "constrained-classifier"
_ROWS = "label_rows.safetensors"
_NO_CODE = (
    "False: code that a model's folder brings is never run, for its author could do with this "
    "machine and its keys what they like"
)
_HUB = ("revision", "token", "attn_implementation", "device_map", "torch_dtype")


@dataclass(eq=False, repr=False)
class ConstrainedClassifier(CampaignClassifier):
    """A causal language model from transformers that may answer with label words only.

    Campaigns are written as prompts inside, in a prompt style; whole prompts and chat messages are
    taken as well, and end right where the label is to follow. Needs the extra ``train``.

    Two methods give the same probabilities of the same weights: ``"mask"`` keeps the whole model,
    which can still generate, and looks at the label tokens alone; ``"trim"`` cuts the head to
    these tokens' own rows, so that only they are kept, trained and saved.

    Parameters
    ----------
    model : str, path or transformers.PreTrainedModel
        A folder with config, weights and tokenizer; a name on the hub; or a model that is loaded
        already, of which :meth:`fit` trains a copy.
    tokenizer : transformers.PreTrainedTokenizerBase, optional
        By default the one in the model's folder; required with a model that is already loaded.
    style : int, str or PromptTemplate
        How campaigns are written: 1, 2, 3 or a name, see :func:`prompt_template`.
    labels : mapping of label to word, or sequence of words, optional
        The words that the model answers with, as they follow the prompt's last character. Three
        words alone stand for neg, avg and pos; other words alone are the labels themselves. By
        default those of the prompt style.
    method : {"mask", "trim"}
    training : FullFineTune or LoRA, optional
        How :meth:`fit` trains; ``FullFineTune()`` by default.
    chat : bool
        Whether prompts are put as a user's message into the tokenizer's own chat template.
    separator : str or None
        What divides the values of a cell that holds several, as for :class:`OneHotLogistic`.
    four_bit : bool
        Whether weights are held in 4 bits through bitsandbytes; ``LoRA(four_bit=True)`` sets this
        too.
    batch_size : int
        Rows that :meth:`predict_proba` runs at a time.
    revision, token, attn_implementation, device_map, torch_dtype : optional
        As ``from_pretrained`` of transformers takes them: ``device_map="cuda"``,
        ``torch_dtype="bfloat16"`` (by default that of the weights).
    trust_remote_code : bool
        Refused: code that a model's folder brings is never run.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    training_ : TrainingReport or None
        What the last :meth:`fit` did.

    Examples
    --------
    >>> llm = ConstrainedClassifier.from_pretrained("my-model", style=3)  # doctest: +SKIP
    >>> llm.predict([{"brand": "Rolex", "audience": "Budget Shoppers"}])  # doctest: +SKIP
    array(['neg'], dtype='<U3')
    """

    model: Any
    _: KW_ONLY
    tokenizer: Any = None
    style: int | str | PromptTemplate = 3
    labels: Mapping[Any, str] | Sequence[str] | None = None
    method: Literal["mask", "trim"] = "trim"
    training: TrainingConfig | None = None
    chat: bool = False
    separator: str | None = None
    four_bit: bool = False
    batch_size: int = 32
    revision: str | None = None
    token: str | bool | None = None
    attn_implementation: str | None = None
    device_map: Any = None
    torch_dtype: Any = None
    trust_remote_code: bool = False

    training_: TrainingReport | None = field(default=None, init=False)
    _model: Any = field(default=None, init=False)  # LabelModel
    _tokenizer: Any = field(default=None, init=False)
    _words: Any = field(default=None, init=False)  # LabelTokens
    # A PeftModel, where additions stay beside the weights.
    _adapters: Any = field(default=None, init=False)
    _opened: Any = field(default=None, init=False)  # with what the model was loaded
    _is_trained: bool = field(default=False, init=False)  # weights are not those that were loaded

    @classmethod
    def from_pretrained(cls, model: Any, **settings: Any) -> Self:
        """A classifier whose model is loaded at once, and predicts before it is fitted.

        Parameters
        ----------
        model, **settings
            As for the class.

        Raises
        ------
        ClassifierError
            If the model cannot be read, lacks weights or contains some that are not numbers, is
            built in a way this library does not run, or label words share their first token.
        MissingExtra
            If torch or transformers is not installed.
        """
        classifier = cls(model, **settings)
        classifier._open(words_to_say(classifier.labels, classifier.style))
        return classifier

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
        checkpoint_steps: int | None = None,
        resume: bool = False,
        callbacks: Sequence[TrainerCallback] = (),
        run_log: RunLog | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Fine-tune the model as it was loaded, and return the classifier itself.

        Parameters
        ----------
        X : CampaignDataset, data frame, list of {modality: [values]}, column or list of str, or
            list of chat messages
        y : sequence, optional
            One label per row. Without it the labels that `X` brings.
        sample_weight : float[rows], optional
        validation : (X, y), optional
            The epoch with the best macro F1 on these is kept.
        checkpoint : path, optional
            A folder written after each epoch, and every `checkpoint_steps` steps.
        resume : bool
            Whether to continue from a checkpoint in the folder; the weights at the end are those
            of a run that was never interrupted.
        callbacks : sequence of TrainerCallback
        run_log : RunLog, optional
            Takes a line on this fit, with the scores of the validation rows.

        Raises
        ------
        ClassifierError
            If rows, labels or settings cannot be trained on; before training begins.
        ArtifactError
            If a checkpoint or a cache belongs to another model, prompt, data or config.
        """
        config = FullFineTune() if self.training is None else self.training
        if not isinstance(config, FullFineTune | LoRA):
            raise ClassifierError(
                f"training is {config!r:.60}; expected a config",
                hint="training=ck.FullFineTune(...) or training=ck.LoRA(...)",
            )
        prompts = self._prompts(X)
        classes, codes = training_labels(X, y, len(prompts.rows))
        weights = row_weights(sample_weight, len(codes)) * config.row_weights(classes, codes)
        self._open(words_to_say(self.labels, self.style, classes.tolist()), trains=True)

        from campaignkit.classify.llm.trainer import LabelledRows, Trainer

        data = LabelledRows(self._tokens(prompts, config.share_prompt), codes, weights)
        tested = self._tested(validation, config.share_prompt)
        plan = self._plan(checkpoint, checkpoint_steps, resume, data, tested)
        started, self._is_trained = time.process_time(), True
        trainer = Trainer(self._ready(), config, data, tested, plan, callbacks, progress)
        self.training_, self._adapters = trainer.train()
        if run_log is not None and _is_first_process():  # one line, not one each
            run_log.append(self._record(config, data, time.process_time() - started))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """float64[rows, classes], probabilities in the order of `classes_`; rows add up to 1.

        Raises
        ------
        NotFitted
            Before :meth:`fit`, except after :meth:`from_pretrained`; after one that was
            interrupted.
        ClassifierError
            If a row is empty, longer than the context, or does not end where a label can follow.
        """
        size = checked_count(self.batch_size, "batch_size", error=ClassifierError)
        model = self._ready()
        return model.proba(self._tokens(self._prompts(X)), batch_size=size)

    def label_mask(self) -> LabelMask:
        """A `LogitsProcessor` for ``generate`` of :attr:`model_`: only label words come out.

        Raises
        ------
        ClassifierError
            If the head is trimmed; or words have different numbers of tokens, and the tokenizer
            has no padding token to fill them up with.
        """
        from campaignkit.classify.llm.labels import LabelMask

        if self._ready().is_trimmed:
            raise ClassifierError(
                'a trimmed model cannot generate; its method is "trim"', hint='method="mask"'
            )
        end, pad = self._tokenizer.eos_token_id, self._tokenizer.pad_token_id
        return LabelMask(self._words, end_token=end, pad_token=pad)

    @property
    def model_(self) -> Any:
        """The model of transformers: a causal LM ("mask") or a sequence classifier ("trim")."""
        return self._ready().model

    @property
    def tokenizer_(self) -> Any:
        """The tokenizer of transformers."""
        self._ready()
        return self._tokenizer

    @property
    def words_(self) -> tuple[str, ...]:
        """The word that the model answers with for each of `classes_`."""
        self._ready()
        return tuple(self._words.words)

    def save(self, folder: str | PathLike[str], *, replace: bool = False) -> None:
        """Write weights, tokenizer and a manifest; transformers can read the folder too.

        Adapters that stay separate from the weights are written alone, as peft reads them, with
        the model's name: :meth:`load` reads that model again. Of several processes the first
        writes.

        Raises
        ------
        ArtifactError
            If the folder is not empty and `replace` is false, or cannot be written.
        """
        from campaignkit.store import Manifest, atomic_folder, digest_file

        model = self._ready()
        if not _is_first_process():
            return
        is_own = isinstance(self.style, PromptTemplate)
        spec = {
            "model": self._source(),
            "style": asdict(prompt_template(self.style)) if is_own else self.style,
            "labels": list(zip(self.classes_.tolist(), self.words_, strict=True)),
            "label_tokens": self._words.sequences,
            "training": self.training and self.training.to_dict(),
            "embeddings": self._embeddings_digest() if self._adapters else None,
            **{name: getattr(self, name) for name in _KEPT},
        }
        with atomic_folder(folder, replace=replace) as partial:
            if self._adapters is None:
                model.model.save_pretrained(partial)
            else:
                from safetensors.torch import save_file

                self._adapters.save_pretrained(partial)
                save_file({"rows": model.label_rows()[0].detach().clone()}, partial / _ROWS)
            self._tokenizer.save_pretrained(partial)
            files = sorted(file for file in partial.rglob("*") if file.is_file())
            names = {file.relative_to(partial).as_posix(): digest_file(file) for file in files}
            transformers = require("transformers", extra="train", user="save")
            made_by = {"campaignkit": __version__, "transformers": transformers.__version__}
            Manifest(kind=_KIND, made_by=made_by, spec=spec, files=names).write(partial)

    @classmethod
    def load(cls, folder: str | PathLike[str], *, model: Any = None, **hub: Any) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        model : str, path or transformers.PreTrainedModel, optional
            What saved additions belong to, where it is no longer where it was.
        **hub
            `device_map` and the like, as for the class.

        Raises
        ------
        ArtifactError
            If the folder is not this classifier's, a file is missing or changed, its tokenizer
            reads the label words otherwise than when it was written, or the model that additions
            belong to is another one.
        """
        _require_torch()
        from campaignkit.classify.llm.hf import add_adapters, read_tokenizer
        from campaignkit.store import MANIFEST_NAME, checked_path, read_manifest, verify_files

        path = checked_path(folder)
        manifest = read_manifest(path, kind=_KIND)
        if MANIFEST_NAME in manifest.files:
            raise ArtifactError(f"{path} lists its own manifest; it is not a classifier's folder")
        verify_files(path, manifest)
        spec = dict(manifest.spec)
        embeddings, sequences = spec.pop("embeddings"), spec.pop("label_tokens")
        if isinstance(spec["style"], dict):
            spec["style"] = PromptTemplate(**spec["style"])
        spec |= {"labels": dict(map(tuple, spec["labels"]))}
        spec |= {"training": _config_of(spec["training"])}
        spec |= {} if model is None else {"model": model}
        loaded = cls(**spec, **hub)
        words = words_to_say(loaded.labels, loaded.style)
        if embeddings is None:
            loaded._open(words, saved=path)
        else:
            loaded._open(words, tokenizer=read_tokenizer(path, {}))
            if loaded._embeddings_digest() != embeddings:
                raise ArtifactError(
                    f"{path} contains adapters of another model than {loaded._source()}",
                    hint="give the model they were trained on: load(folder, model=...)",
                )
            loaded._adapters = add_adapters(loaded._ready(), path, path / _ROWS)
        loaded._is_trained = True
        found = [list(tokens) for tokens in loaded._words.sequences]
        if found != sequences:
            raise ArtifactError(
                f"{path}: the tokenizer reads the labels {list(words.values())} as {found}, "
                f"not as the trained {sequences}",
                hint="use the version of transformers that its manifest names under made_by",
            )
        return loaded

    def _open(
        self,
        words: dict[Any, str],
        *,
        trains: bool = False,
        saved: Path | None = None,
        tokenizer: Any = None,
    ) -> None:
        """Load the model with these words, unless it is there as it came."""
        is_name = isinstance(self.model, str | PathLike)
        hub = {name: getattr(self, name) for name in _HUB if getattr(self, name) is not None}
        four_bit = self.four_bit or getattr(self.training, "four_bit", False)
        source = os.fspath(self.model) if is_name else id(self.model)
        asked = (source, *words.values(), self.method, four_bit, repr(hub))
        is_there = asked == self._opened and not self._is_trained
        if not is_there or (trains and not is_name):
            _require_torch()
            from campaignkit.classify.llm.hf import open_model

            settings = {
                "method": (self.method, self.method in ("mask", "trim"), "'mask' or 'trim'"),
                "trust_remote_code": (
                    self.trust_remote_code,
                    not self.trust_remote_code,
                    _NO_CODE,
                ),
            }
            check_all("no model can be loaded so", settings, error=ClassifierError)
            self._model = self._adapters = self._opened = None  # two models at once may not fit
            self._model, self._tokenizer, self._words = open_model(
                saved or (copy.deepcopy(self.model) if trains and not is_name else self.model),
                words,
                trims=self.method == "trim",
                is_saved=saved is not None,
                tokenizer=None if saved else tokenizer or self.tokenizer,
                four_bit=four_bit,
                hub=hub,
            )
            self._opened = asked
        self.classes_ = np.unique(read_labels(list(words)))
        self.training_, self._is_trained = None, False

    def _prompts(self, X: Any) -> Prompts:
        _require_torch()
        from campaignkit.classify.llm.labels import Prompts

        return Prompts.of(X, style=self.style, chat=self.chat, separator=self.separator)

    def _tokens(self, prompts: Prompts, share_prompt: bool = True) -> TokenRows:
        context = getattr(self._model.model.config, "max_position_embeddings", None)
        return prompts.tokenised(
            self._tokenizer, self._words, context=context, share_prompt=share_prompt
        )

    def _tested(self, given: Any, share_prompt: bool) -> LabelledRows | None:
        """Validation rows."""
        if given is None:
            return None
        from campaignkit.classify.llm.trainer import LabelledRows

        if not isinstance(given, tuple) or len(given) != 2:
            told = f"validation is {given!r:.60}; expected a pair"
            raise ClassifierError(told, hint="validation=(X, y)")
        rows = self._tokens(self._prompts(given[0]), share_prompt)
        codes = label_positions(given[1], self.classes_)
        if len(codes) != len(rows.lengths) or codes.min() < 0:
            raise ClassifierError(
                f"validation has {len(rows.lengths):,} rows and {len(codes):,} labels, "
                f"{int((codes < 0).sum()):,} of them in no training row; expected one of "
                f"{', '.join(map(str, self.classes_))} a row"
            )
        return LabelledRows(rows, codes, np.ones(len(codes)))

    def _plan(
        self,
        folder: str | PathLike[str] | None,
        every: int | None,
        resume: bool,
        data: LabelledRows,
        tested: LabelledRows | None,
    ) -> CheckpointPlan | None:
        """Where a training is kept, and what a checkpoint to resume from must agree with."""
        if folder is None:
            if resume:
                raise ClassifierError("resume is set, but no checkpoint folder is given")
            return None
        from campaignkit.classify.llm.checkpoint import CheckpointPlan
        from campaignkit.classify.llm.states import digest_weights

        if every is not None:
            checked_count(every, "checkpoint_steps", error=ClassifierError)
        identity = {
            "model": digest_weights(self.model_.named_parameters()),
            "labels": {"words": list(self.words_), "method": self.method},
            "prompt": data.rows.digests()["prompt"],
            "rows": data.digest(),
            "validation": tested.digest() if tested else None,
            "config": (self.training or FullFineTune()).to_dict(),
            "processes": int(os.environ.get("WORLD_SIZE", "1")),
        }
        return CheckpointPlan(folder, every, resume, identity)

    def _ready(self) -> LabelModel:
        if self._model is None:
            raise NotFitted(
                "this ConstrainedClassifier is not fitted",
                hint="call fit(X, y) first; ConstrainedClassifier.from_pretrained(...) predicts "
                "with the model as it comes",
            )
        if self._model.is_between_states:
            raise NotFitted(
                "the last training was interrupted, and its weights are between two states",
                hint="fit again; resume=True continues from a checkpoint",
            )
        model: LabelModel = self._model
        return model

    def _source(self) -> str:
        """The model's name, or its folder."""
        is_name = isinstance(self.model, str | PathLike)
        return os.fspath(self.model) if is_name else str(self.model.config.name_or_path)

    def _embeddings_digest(self) -> str:
        """What tells the model that additions belong to; embeddings are never quantised."""
        from campaignkit.classify.llm.states import digest_weights

        table = self._ready().decoder.embed_tokens.weight
        return digest_weights([("embed_tokens", table.float())])

    def _record(self, config: TrainingConfig, data: LabelledRows, fit_s: float) -> Any:
        """This fit as a line of a run log."""
        from campaignkit.runs import RunDataset, RunModel, RunRecord, RunTime, machine_facts

        report = self.training_
        assert report is not None
        best, settings = report.epochs[report.best_epoch - 1], config.to_dict()
        scores = {
            "loss": best.loss,
            "macro_f1": best.validation_macro_f1,
            "log_loss": best.validation_log_loss,
        }
        style = prompt_template(self.style).id
        rows = {"num_rows": len(data.codes), "digest": data.digest()}
        name = f"{type(self.model_).__name__}, {self.method}"
        return RunRecord(
            kind="fit",
            task="outcome",
            dataset=RunDataset(name="training texts", **rows),
            model=RunModel(name=name, family="ConstrainedClassifier"),
            parameters={**settings, "style": style, "epochs_run": len(report.epochs)},
            seed=settings["seed"],
            scores={name: score for name, score in scores.items() if score is not None},
            time=RunTime(fit_s=fit_s),
            machine=machine_facts(),
            notes="macro_f1 and log_loss are of the validation rows, where there are any",
        )

    def __repr__(self) -> str:
        # A hub's token is among the parameters, and stays out of sight.
        return f"ConstrainedClassifier({self._source()!r}, method={self.method!r})"


def _config_of(told: Any) -> TrainingConfig | None:
    """A config as it was saved; None where it held callables, which no file can contain."""
    kinds: dict[str, Any] = {"FullFineTune": FullFineTune, "LoRA": LoRA}
    try:
        config: TrainingConfig | None = told and kinds[told.pop("kind")](**told)
    except ClassifierError:
        return None
    return config


def _is_first_process() -> bool:
    distributed = require("torch", extra="train", user="ConstrainedClassifier").distributed
    is_alone = not (distributed.is_available() and distributed.is_initialized())
    return is_alone or distributed.get_rank() == 0


def _require_torch() -> None:
    for module in ("torch", "transformers", "accelerate"):
        require(module, extra="train", user="ConstrainedClassifier")
