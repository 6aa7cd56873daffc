"""The two sides of a split as files, there both or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from campaignkit import __version__
from campaignkit.dataset.writer import Format
from campaignkit.store import MANIFEST_NAME, Manifest, atomic_folder, digest_file

if TYPE_CHECKING:
    from campaignkit.dataset.campaign_dataset import CampaignDataset


def write_split(
    dataset: CampaignDataset,
    folder: Path | str,
    *,
    test: float = 0.3,
    seed: int = 0,
    format: Format = "jsonl",
    replace: bool = False,
) -> dict[str, int]:
    """Split a data set and write both sides: ``folder/train`` and ``folder/test``.

    Parameters
    ----------
    dataset : CampaignDataset
    folder : Path or str
        Made whole or not at all.
    test, seed
        As for :meth:`CampaignDataset.split`.
    format, replace
        As for :meth:`CampaignDataset.write`.

    Returns
    -------
    dict of str to int
        Campaigns of ``"train"`` and ``"test"``.

    Raises
    ------
    DatasetError
        If the share is out of range or a side would be empty.
    ArtifactError
        If the folder cannot be made, or is not empty and `replace` is false.

    Examples
    --------
    >>> import tempfile
    >>> from campaignkit.dataset import Block, CampaignDataset, Vocabulary
    >>> vocabulary = Vocabulary.of([("geo", "Chile"), ("geo", "Peru")])
    >>> block = Block.of_rows([[0], [1]], labels=[0, 0])
    >>> dataset = CampaignDataset(block, vocabulary, ["pos"])
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_split(dataset, Path(place, "split"), test=0.5)
    {'train': 1, 'test': 1}
    """
    train, rest = dataset.split(test=test, seed=seed)
    sides = {"train": train, "test": rest}
    with atomic_folder(folder, replace=replace) as partial:
        for name, side in sides.items():
            side.write(partial / name, format=format)
        files = {
            f"{name}/{MANIFEST_NAME}": digest_file(partial / name / MANIFEST_NAME)
            for name in sides
        }
        counts = {name: len(side) for name, side in sides.items()}
        Manifest(
            kind="split",
            made_by={"campaignkit": __version__},
            spec={"test": test},
            seed=seed,
            files=files,
            counts=counts,
        ).write(partial)
    return counts
