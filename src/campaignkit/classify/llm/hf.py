"""Models and tokenizers of Hugging Face: loaded, refused where wrong, cut to what is needed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers.utils import logging

from campaignkit.classify.llm.forward import LabelModel
from campaignkit.classify.llm.labels import LabelTokens, find_label_tokens
from campaignkit.errors import ClassifierError, Fault, MissingExtra
from campaignkit.extras import require
from campaignkit.store import MANIFEST_NAME

_CLOSE = {torch.float32: 1e-4, torch.float64: 1e-8}  # of the largest state; others: _CLOSE_HALF
_CLOSE_HALF = 0.1  # two orders of summing in bfloat16, some dozen layers deep
_TRIED = 12  # tokens
_OF_QUANTISER = ("hf_quantizer", "is_quantized", "quantization_method", "is_loaded_in_4bit",
                 "is_loaded_in_8bit", "hf_device_map")  # fmt: skip


def open_model(
    source: Any,
    words: Mapping[Any, str],
    *,
    trims: bool,
    is_saved: bool = False,
    tokenizer: Any = None,
    four_bit: bool = False,
    hub: Mapping[str, Any],
) -> tuple[LabelModel, Any, LabelTokens]:
    """A language model that is read at its label words, its tokenizer and the words' tokens.

    Parameters
    ----------
    source : str, path or transformers.PreTrainedModel
        A folder, a name on the hub, or a model that is loaded already.
    words : mapping of label to word
    trims : bool
        Whether the head is cut to the words' rows.
    is_saved : bool
        Whether the folder is one that a classifier wrote, with the head as it is to be.
    tokenizer : transformers.PreTrainedTokenizerBase, optional
        By default the one in the model's folder.
    hub : mapping
        Arguments of ``from_pretrained``.

    Raises
    ------
    ClassifierError
        If there is no such model, weights are missing or not numbers, words cannot be
        distinguished, or the architecture is one that cannot be run layer by layer.
    MissingExtra
        If 4 bits are asked for and bitsandbytes is not installed.
    """
    if isinstance(source, transformers.PreTrainedModel):
        if tokenizer is None:
            raise ClassifierError(
                "the model is loaded already, and its tokenizer is not given",
                hint="tokenizer=AutoTokenizer.from_pretrained(...)",
            )
        model = source.eval()
    else:
        if Path(source, MANIFEST_NAME).is_file() and not is_saved:
            raise ClassifierError(
                f"{source} is a folder that campaignkit wrote; expected a causal language model",
                hint="a saved classifier is read by ConstrainedClassifier.load",
            )
        options = {"torch_dtype": "auto", **hub}
        if four_bit and not is_saved:
            options = {"device_map": "auto", **options, "quantization_config": _four_bit()}
        kind = transformers.AutoModelForCausalLM
        if is_saved and trims:
            kind = transformers.AutoModelForSequenceClassification
        model = read_model(kind, source, options)
    tokenizer = tokenizer or read_tokenizer(source, hub)
    labels = find_label_tokens(tokenizer, tuple(words.values()))
    if not is_saved:
        model = text_part(model)
        if model.config.pad_token_id is None:
            # Nothing here reads padding; a saved model that transformers is to run needs one.
            model.config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id or 0
        if trims:
            model = trim_head(model, labels.first, [str(label) for label in words])
    faults = [
        Fault(name, "contains values that are not finite")
        for name, weight in model.named_parameters()
        if weight.is_floating_point() and not torch.isfinite(weight).all()
    ]
    if faults:  # before hours are spent on them
        raise ClassifierError("the model's weights are damaged", faults=faults)
    return label_model(model, None if trims else labels.first), tokenizer, labels


def read_model(kind: Any, path: str | PathLike[str], options: Mapping[str, Any]) -> Any:
    """A model of this kind, with all of its weights from the folder or the hub."""
    given = {key: value for key, value in options.items() if key != "torch_dtype"}
    given |= {"dtype": options.get("torch_dtype", "auto"), "trust_remote_code": False}
    try:
        with quiet():
            model, told = kind.from_pretrained(path, output_loading_info=True, **given)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, AssertionError,
            AttributeError, TypeError, SafetensorError) as err:  # fmt: skip
        raise ClassifierError(
            f"no language model can be read from {path}: {_first_line(err)}",
            hint="give a folder with config.json, weights and tokenizer files, or a hub's name, "
            "and arguments such as torch_dtype='bfloat16', device_map='cuda'",
        ) from err
    missing = sorted(told["missing_keys"])
    if missing:
        raise ClassifierError(
            f"{path} lacks weights; they would be random numbers",
            hint="give the folder of a complete causal language model",
            faults=[Fault(name, "is missing") for name in missing],
        )
    return model.eval()


def read_tokenizer(path: str | PathLike[str], hub: Mapping[str, Any]) -> Any:
    """The tokenizer in a model's folder."""
    given = {key: hub[key] for key in ("revision", "token") if key in hub}
    try:
        return transformers.AutoTokenizer.from_pretrained(path, trust_remote_code=False, **given)
    except (OSError, ValueError, KeyError, AttributeError) as err:
        raise ClassifierError(
            f"no tokenizer can be read from {path}: {_first_line(err)}",
            hint="save the tokenizer into the model's folder",
        ) from err


def text_part(model: Any) -> Any:
    """The language model of a model of text and images (Gemma 3 from 4b on); others as they are.

    Raises
    ------
    ClassifierError
        If transformers has no such model of text alone.
    """
    config = model.config.get_text_config()
    if config is model.config:
        return model
    alone = _on_meta(
        transformers.AutoModelForCausalLM, config,
        f"{type(model).__name__} is not a causal language model for text",
        hint="give a causal language model, such as Gemma 3, Qwen 3 or Llama",
    )  # fmt: skip
    setattr(alone, alone.base_model_prefix, model.get_decoder())
    alone.set_output_embeddings(model.get_output_embeddings())
    alone.generation_config = model.generation_config
    return _with_quantiser_of(model, alone)


def trim_head(model: Any, first_tokens: Sequence[int], labels: Sequence[str]) -> Any:
    """The model with its head cut to the rows of these tokens, as transformers can save and load.

    Its layers are the given model's own, not copies, and stay quantised where they are.

    Raises
    ------
    ClassifierError
        If the architecture has no form with a small head, or its head has biases.
    """
    head = model.get_output_embeddings()
    if getattr(head, "bias", None) is not None:
        raise ClassifierError(
            "the head has biases, which a trimmed head cannot keep", hint='use method="mask"'
        )
    config = type(model.config).from_dict(model.config.to_dict())
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    rows = head.weight.detach()[torch.tensor(list(first_tokens))].clone()
    small = _on_meta(
        transformers.AutoModelForSequenceClassification, config,
        f"transformers has no classifier form of {type(model).__name__}",
        hint='use method="mask"',
    )  # fmt: skip
    setattr(small, small.base_model_prefix, getattr(model, model.base_model_prefix))
    small.score = torch.nn.Linear(rows.shape[1], len(labels), bias=False, device="meta")
    small.score.weight = torch.nn.Parameter(rows)
    return _with_quantiser_of(model, small)


def add_adapters(model: LabelModel, folder: Path, rows: Path) -> Any:
    """Put saved additions, and the labels' rows, into the model they belong to: a PeftModel."""
    peft = require("peft", extra="train", user="LoRA")
    with quiet():
        adapters = peft.PeftModel.from_pretrained(model.model, folder)
    model.put_label_rows(load_file(rows)["rows"])
    model.eval()
    return adapters


def label_model(model: Any, first_tokens: Sequence[int] | None) -> LabelModel:
    """A model run layer by layer, checked against the model's own forward.

    Raises
    ------
    ClassifierError
        If the architecture computes something between its layers that would be left out.
    """
    name = type(model).__name__
    decoder: Any = getattr(model, model.base_model_prefix, None)
    wanted = ("embed_tokens", "layers", "norm", "rotary_emb")
    if not all(hasattr(decoder, part) for part in wanted):
        raise ClassifierError(f"{name} is not built like Gemma 3, Qwen 3 or Llama")
    attention = str(model.config._attn_implementation)
    if attention not in {"sdpa", "eager"} and not attention.startswith("flash"):
        decoder.set_attn_implementation("sdpa")
    wrapped = LabelModel(model, first_tokens)
    apart = _difference(wrapped)
    if not apart <= 1:  # an attention built otherwise: its top layer is run whole
        wrapped.runs_whole_top = True
        apart = _difference(wrapped)
    if not apart <= 1:
        raise ClassifierError(
            f"{name} computes something between its layers that is left out here",
            hint="Gemma 3, Qwen 3 and Llama-style models are supported",
        )
    return wrapped


def _difference(model: LabelModel) -> float:
    """How far the layers run one by one are from the model's own forward; up to 1 is rounding."""
    tokens = torch.arange(_TRIED, device=model.device)[None] % model.decoder.config.vocab_size
    with torch.no_grad():
        hidden = model.decoder(tokens, use_cache=False).last_hidden_state[:, -1]
        expected = model.label_logits(hidden)
        try:
            found = model(tokens[:, 5:], torch.tensor([_TRIED - 5]), tokens[:, :5])
        except (RuntimeError, AttributeError, TypeError):
            return float("inf")
    scale = expected.abs().max().clamp(min=1e-12)
    return float((found - expected).abs().max() / scale) / _CLOSE.get(hidden.dtype, _CLOSE_HALF)


def _on_meta(kind: Any, config: Any, message: str, *, hint: str) -> Any:
    """A model without weights: no second copy of them, and no random numbers drawn."""
    try:
        with torch.device("meta"):
            return kind.from_config(config)
    except ValueError as err:
        raise ClassifierError(message, hint=hint) from err


def _with_quantiser_of(model: Any, other: Any) -> Any:
    """`other`, which holds the layers of `model`, told how these are quantised and placed."""
    for name in _OF_QUANTISER:
        if name in vars(model):
            setattr(other, name, vars(model)[name])
    return other.eval()


def _four_bit() -> Any:
    if not transformers.utils.is_bitsandbytes_available():
        raise MissingExtra(
            "4-bit weights need bitsandbytes, which is not installed",
            hint='pip install "campaignkit[train]"',
        )
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=["lm_head", "score"],
    )


def _first_line(err: Exception) -> str:
    lines = str(err).strip().splitlines()
    return lines[0] if lines else type(err).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Without what transformers and peft print and warn of while they load."""
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            # peft asks transformers for a name that the next version of it drops.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
