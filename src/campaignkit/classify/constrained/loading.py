"""Loading a causal language model, refusing what would be wrong without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers.utils import logging

from campaignkit.classify.constrained.label_model import decoder_of
from campaignkit.classify.decoder.trunk import Trunk
from campaignkit.errors import ClassifierError, Fault, MissingExtra
from campaignkit.store import MANIFEST_NAME

_CLOSE = {torch.float32: 1e-4, torch.float64: 1e-8}  # of the largest state; others: _CLOSE_HALF
_CLOSE_HALF = 0.1  # two orders of summing in bfloat16, some dozen layers deep
_TRIED = 12  # tokens
_DTYPES = ("float32", "bfloat16", "float16")


def load_causal(
    path: str | PathLike[str], *, dtype: str | None, device: str | None, four_bit: bool
) -> tuple[Any, Any]:
    """Model and tokenizer from a folder of transformers, checked.

    Raises
    ------
    ClassifierError
        If there is no such model, weights are missing or not numbers, or the architecture
        computes something that running it layer by layer would leave out.
    MissingExtra
        If 4 bits are asked for and bitsandbytes is not installed.
    """
    if (Path(path) / MANIFEST_NAME).is_file():
        raise ClassifierError(
            f"{path} is a folder that campaignkit wrote; expected a causal language model",
            hint="a saved classifier is read by ConstrainedClassifier.load",
        )
    if dtype not in {None, "auto", *_DTYPES}:
        raise ClassifierError(f"dtype is {dtype!r}; expected one of {', '.join(_DTYPES)}")
    options: dict[str, Any] = {"dtype": dtype or "auto"}
    if four_bit:
        options |= {"quantization_config": _four_bit(), "device_map": device or "auto"}
    model = read_model(transformers.AutoModelForCausalLM, path, options)
    if getattr(model.config, "text_config", None) is not None:
        raise ClassifierError(
            f"{path} is a model of text and images; expected one of text alone",
            hint="save its language model alone, and give that folder",
        )
    if device and not four_bit:
        model = move(model, device)
    tokenizer = read_tokenizer(path)
    if model.config.pad_token_id is None:
        # Nothing here reads padding; a saved model that transformers is to run needs one.
        model.config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id or 0
    check_weights(model)
    check_trunk(model)
    return model, tokenizer


def read_model(kind: Any, path: str | PathLike[str], options: dict[str, Any]) -> Any:
    """A model of this kind, with all of its weights from the folder."""
    try:
        with _quiet():
            model, told = kind.from_pretrained(path, output_loading_info=True, **options)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as err:
        raise ClassifierError(
            f"no language model can be read from {path}: {_first_line(err)}",
            hint="give a folder with config.json, weights and tokenizer files",
        ) from err
    missing = sorted(told["missing_keys"])
    if missing:
        raise ClassifierError(
            f"{path} lacks weights; they would be random numbers",
            hint="give the folder of a whole causal language model",
            faults=[Fault(name, "is missing") for name in missing],
        )
    return model.eval()


def move(model: Any, device: str) -> Any:
    """The model on a device that is there."""
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as err:  # torch asserts that CUDA was compiled in
        raise ClassifierError(
            f"device is {device!r}, which torch cannot use: {_first_line(err)}",
            hint='leave it out for the processor; "cuda" is the first GPU',
        ) from err


def read_tokenizer(path: str | PathLike[str]) -> Any:
    """The tokenizer beside a model."""
    try:
        return transformers.AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError, KeyError, AttributeError) as err:
        raise ClassifierError(
            f"no tokenizer can be read from {path}: {_first_line(err)}",
            hint="save the tokenizer into the model's folder",
        ) from err


def check_weights(model: Any) -> None:
    """Refuse weights that are not numbers, before hours are spent on them."""
    faults = [
        Fault(name, "holds values that are not finite")
        for name, weight in model.named_parameters()
        if weight.is_floating_point() and not torch.isfinite(weight).all()
    ]
    if faults:
        raise ClassifierError("the model's weights are damaged", faults=faults)


def check_trunk(model: Any) -> None:
    """Check that running the layers one by one gives what the model itself gives."""
    decoder = decoder_of(model)
    name = type(model).__name__
    wanted = ("embed_tokens", "layers", "norm", "rotary_emb")
    if not all(hasattr(decoder, part) for part in wanted):
        raise ClassifierError(f"{name} is not built like Gemma 3, Qwen 3 or Llama")
    if model.config._attn_implementation not in {"sdpa", "eager"}:
        decoder.set_attn_implementation("sdpa")
    tokens = torch.arange(_TRIED)[None] % model.config.vocab_size
    trunk = Trunk(decoder)
    with torch.inference_mode():
        expected = decoder(tokens.to(trunk.device), use_cache=False).last_hidden_state[:, -1]
        prompt = trunk.run_prompt(
            trunk.embed(tokens[:, :5]), first=0, stop=len(trunk), keep_output=False
        )
        found = trunk.run_to_last(
            trunk.embed(tokens[:, 5:]), torch.tensor([_TRIED - 5]), prompt, first=0
        )
    apart = (found - expected).abs().max() / expected.abs().max().clamp(min=1e-12)
    if not apart <= _CLOSE.get(expected.dtype, _CLOSE_HALF):
        raise ClassifierError(
            f"{name} computes something between its layers that is left out here "
            f"(states differ by {float(apart):.1%})",
            hint="Gemma 3, Qwen 3 and Llama-style models are supported",
        )


def _four_bit() -> Any:
    if not transformers.utils.is_bitsandbytes_available():
        raise MissingExtra(
            "4-bit weights need bitsandbytes, which is not installed or finds no GPU",
            hint="pip install bitsandbytes, on a machine with a GPU",
        )
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )


def _first_line(err: Exception) -> str:
    lines = str(err).strip().splitlines()
    return lines[0] if lines else type(err).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    # The library never prints: transformers' bars and reports of loading are left out.
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
