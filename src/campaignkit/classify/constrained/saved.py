"""A constrained classifier as a folder: transformers' own files, bound by a manifest."""

from __future__ import annotations

from os import PathLike
from typing import Any

import torch
import transformers

from campaignkit import __version__
from campaignkit.classify.constrained.label_model import LabelModel
from campaignkit.classify.constrained.label_tokens import find_label_tokens
from campaignkit.classify.constrained.loading import (
    check_weights,
    move,
    read_model,
    read_tokenizer,
)
from campaignkit.errors import ArtifactError
from campaignkit.store import (
    MANIFEST_NAME,
    Manifest,
    atomic_folder,
    checked_path,
    digest_file,
    read_manifest,
    verify_files,
)

_KIND = "constrained-classifier"


def save(
    model: LabelModel, folder: str | PathLike[str], *, shared_prompt: str | None, replace: bool
) -> None:
    """Write weights, config, tokenizer and manifest; ``transformers`` alone can load it too.

    Of several processes the first one writes.
    """
    told = torch.distributed
    if told.is_available() and told.is_initialized() and told.get_rank() != 0:
        return
    with atomic_folder(folder, replace=replace) as partial:
        model.model.save_pretrained(partial)
        model.tokenizer.save_pretrained(partial)
        files = sorted(file for file in partial.rglob("*") if file.is_file())
        Manifest(
            kind=_KIND,
            made_by={"campaignkit": __version__, "transformers": transformers.__version__},
            spec={
                "method": model.method,
                "labels": list(model.labels.words),
                "label_tokens": [list(tokens) for tokens in model.labels.sequences],
                "shared_prompt": shared_prompt,
            },
            files={str(file.relative_to(partial).as_posix()): digest_file(file) for file in files},
        ).write(partial)


def load(folder: str | PathLike[str], *, device: str | None) -> tuple[LabelModel, str | None]:
    """The model and its shared prompt.

    Raises
    ------
    ArtifactError
        If the folder is not a classifier's, a file is missing or changed, or its tokenizer reads
        the label words otherwise than when it was written.
    """
    path = checked_path(folder)
    manifest = read_manifest(path, kind=_KIND)
    if MANIFEST_NAME in manifest.files:
        raise ArtifactError(f"{path} lists its own manifest; it is no classifier's folder")
    verify_files(path, manifest)
    spec: dict[str, Any] = manifest.spec  # Any: JSON
    kind = (
        transformers.AutoModelForSequenceClassification
        if spec["method"] == "trim"
        else transformers.AutoModelForCausalLM
    )
    model = read_model(kind, path, {"dtype": "auto"})
    check_weights(model)
    if device:
        model = move(model, device)
    tokenizer = read_tokenizer(path)
    labels = find_label_tokens(tokenizer, spec["labels"])
    if [list(tokens) for tokens in labels.sequences] != spec["label_tokens"]:
        raise ArtifactError(
            f"{path}: the tokenizer reads the labels {spec['labels']} as {labels.sequences}, "
            f"not as the trained {spec['label_tokens']}",
            hint="use the version of transformers that its manifest names under made_by",
        )
    return LabelModel(model, tokenizer, labels, spec["method"]), spec["shared_prompt"]
