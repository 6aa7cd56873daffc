"""A language model on this computer, by its name or folder, through transformers."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from campaignkit.checks import checked_count
from campaignkit.extras import require
from campaignkit.llm.chat_model import Prompt, Reply, Usage, identity_of
from campaignkit.llm.errors import MalformedReply, RequestRefused, UnknownModel
from campaignkit.llm.replies import parse_reply, schema_of, with_schema
from campaignkit.seeds import key64

T = TypeVar("T")


class TransformersModel:
    """A causal language model run in this process; nothing is sent anywhere.

    The reply's schema stands in the prompt; what the model writes is parsed and validated like any
    reply. Code that comes with a model is never run (``trust_remote_code`` stays off). One prompt
    is answered at a time, and a prompt's reply depends on the prompt alone.

    Parameters
    ----------
    name_or_path : str or Path
        A folder with the model, or its name on the Hugging Face hub.
    device : str or None
        ``"cpu"``, ``"cuda"``, ...; None takes a GPU if there is one.
    dtype : str
        Of the weights, such as ``"float32"`` or ``"bfloat16"``; ``"auto"`` is how they were saved.
    max_new_tokens : int
        Longest reply where a prompt does not say.
    revision : str or None
        A version of a model on the hub.

    Raises
    ------
    UnknownModel
        If it cannot be loaded, with the reason.
    MissingExtra
        If torch or transformers is not installed: ``pip install "campaignkit[train]"``.

    Examples
    --------
    >>> TransformersModel("no/such/folder")  # doctest: +SKIP
    Traceback (most recent call last):
        ...
    campaignkit.llm.errors.UnknownModel: the model 'no/such/folder' cannot be loaded: ...
    """

    def __init__(
        self,
        name_or_path: str | Path,
        *,
        device: str | None = None,
        dtype: str = "auto",
        max_new_tokens: int = 1024,
        revision: str | None = None,
    ) -> None:
        checked_count(max_new_tokens, "max_new_tokens")
        self._torch: Any = require("torch", extra="train", user="TransformersModel")
        transformers = require("transformers", extra="train", user="TransformersModel")
        self.name = str(name_or_path)
        about = {"dtype": dtype, "revision": revision, "max_new_tokens": max_new_tokens}
        files = _files_of(Path(name_or_path))
        self.identity = identity_of(self.name, {**about, "files": files})
        self._max_new_tokens = max_new_tokens
        self._lock = Lock()
        chosen = device or ("cuda" if self._torch.cuda.is_available() else "cpu")
        how: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(self.name, **how)
            causal = transformers.AutoModelForCausalLM
            loaded = causal.from_pretrained(self.name, dtype=dtype, **how)
            self._model: Any = loaded.to(chosen).eval()
        except Exception as err:  # a dozen kinds: no folder, no network, another model, no memory
            told = (str(err).strip().splitlines() or [type(err).__name__])[0][:300]
            raise UnknownModel(
                f"the model {self.name!r} cannot be loaded: {told}",
                hint="give a folder with config.json, weights and tokenizer, or a name on the hub",
            ) from err

    def __repr__(self) -> str:
        return f"TransformersModel({self.name!r})"

    def ask(self, prompt: Prompt, reply_type: type[T]) -> Reply[T]:
        """Generate one reply."""
        system = with_schema(prompt, schema_of(reply_type))
        with self._lock:
            asked = self._tokens(system, prompt.user)
            text, num_out, is_cut = self._generated(asked, prompt, system)
        usage = Usage(int(asked.shape[-1]), num_out)
        if is_cut:
            raise MalformedReply("the reply is cut off at its longest", text=text, usage=usage)
        return Reply(parse_reply(text, reply_type, usage=usage), text, usage)

    def _tokens(self, system: str, user: str) -> Any:  # Any: a tensor, int64[1, n]
        if not getattr(self._tokenizer, "chat_template", None):
            plain = f"{system}\n\n{user}\n\nAnswer:\n"
            return self._tokenizer(plain, return_tensors="pt")["input_ids"]
        told = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        merged = [{"role": "user", "content": f"{system}\n\n{user}"}]
        how = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
        try:
            found = self._tokenizer.apply_chat_template(told, **how)
        except Exception:  # the template's own language: some models know no system role
            found = self._tokenizer.apply_chat_template(merged, **how)
        return found["input_ids"]

    def _generated(self, asked: Any, prompt: Prompt, system: str) -> tuple[str, int, bool]:
        longest = prompt.max_tokens or self._max_new_tokens
        room = getattr(self._model.config, "max_position_embeddings", None)
        num_in = int(asked.shape[-1])
        if room is not None and num_in >= room:
            raise RequestRefused(
                f"the prompt has {num_in} tokens and {self.name!r} has room for {room}",
                hint="ask in smaller batches",
            )
        ends = self._tokenizer.eos_token_id
        longest = longest if room is None else min(longest, room - num_in)
        how: dict[str, Any] = {"max_new_tokens": longest, "do_sample": bool(prompt.temperature)}
        if self._tokenizer.pad_token_id is None:
            how["pad_token_id"] = ends
        if prompt.temperature:
            how["temperature"] = prompt.temperature
        torch, device = self._torch, self._model.device
        gpus = [device] if device.type == "cuda" else []
        with torch.inference_mode(), torch.random.fork_rng(devices=gpus):
            # Whoever asked before, and in whichever thread, the same prompt draws the same reply.
            torch.manual_seed(key64(0, "generate", system, prompt.user) >> 1)
            inputs = asked.to(device)
            made = self._model.generate(inputs, attention_mask=torch.ones_like(inputs), **how)
        new = made[0, num_in:].tolist()
        told = self._model.generation_config.eos_token_id
        stops = {ends, *(told if isinstance(told, list) else [told])}
        is_cut = len(new) >= longest and new[-1] not in stops
        return str(self._tokenizer.decode(new, skip_special_tokens=True)), len(new), is_cut


def _files_of(folder: Path) -> list[list[str | int]]:
    """Size and time of each file: a model trained again in the same folder is another model."""
    if not folder.is_dir():
        return []
    found = [(p.name, p.stat()) for p in sorted(folder.iterdir()) if p.is_file()]
    return [[name, told.st_size, told.st_mtime_ns] for name, told in found]
