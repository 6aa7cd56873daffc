"""Campaigns as briefs: a line a feature, written so that it can be read back without loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from campaignkit.dataset.block import Block
from campaignkit.dataset.modality_columns import modality_columns
from campaignkit.dataset.records import read_records
from campaignkit.dataset.text.wordings import Wordings
from campaignkit.dataset.vocabulary import Vocabulary
from campaignkit.errors import DatasetError, Fault

BRIEF_VERSION = "brief@1"

# Features of a published brief come first, in its order; other modalities follow by name.
_FIRST = ("audience", "brand", "creative", "platform", "geography", "geo")
_LISTED = {"geography", "geo", "zip", "zip-code", "country", "region", "market"}


def render_briefs(records: Any, *, wordings: Wordings | None = None, seed: int = 0) -> list[str]:
    r"""One text a record: ``modality: value; value`` on a line each, places as a list.

    Parameters
    ----------
    records : CampaignDataset, data frame, or list of {modality: [values]}
    wordings : Wordings, optional
        Descriptions to write instead of the values; each mention takes one paraphrase.
    seed : int
        Decides which paraphrase stands where: it depends on the seed, the row and the value.

    Returns
    -------
    list of str
        Without a line feed at the end. A modality without a value is there with an empty line.

    Raises
    ------
    DatasetError
        If records cannot be read, or `wordings` lacks an attribute.

    Examples
    --------
    >>> record = {"geo": ["90210", "10001"], "brand": "Nike", "audience": ["Gamers", "Athletes"]}
    >>> print(render_briefs([record])[0])
    audience: Athletes; Gamers
    brand: Nike
    geo: [10001, 90210]
    """
    found = read_records(records)
    columns = _texts(found.block, found.vocabulary, wordings, seed)
    order = sorted(columns, key=_place)
    heads = {modality: f"{_escaped(modality, ':')}:" for modality in order}
    return [
        "\n".join(_line(heads[m], columns[m][row], is_list=m in _LISTED) for m in order)
        for row in range(len(found.block))
    ]


def read_brief(text: str, *, wordings: Wordings | None = None) -> dict[str, list[str]]:
    """The record that a brief was written from.

    Raises
    ------
    DatasetError
        With every line that is no feature, and every description that is in no wording.

    Examples
    --------
    >>> read_brief("brand: Nike\\ngeo: [10001, 90210]")
    {'brand': ['Nike'], 'geo': ['10001', '90210']}
    """
    record: dict[str, list[str]] = {}
    faults = []
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"line {number}"
        head, colon, rest = _cut(line, ":")
        modality = _plain(head)
        if not colon or not modality:
            faults.append(Fault(where, f"{line[:60]!r} is not 'modality: values'"))
        elif modality in record:
            faults.append(Fault(where, f"{modality!r} comes twice"))
        else:
            record[modality] = []
            for told in _values(rest.removeprefix(" ")):
                value = told if wordings is None else wordings.value_of(modality, told)
                if value is None:
                    faults.append(Fault(where, f"{told[:60]!r} describes no {modality}"))
                else:
                    record[modality].append(value)
    if faults:
        raise DatasetError("this text is not a brief", faults=faults, hint="see render_briefs")
    return {modality: sorted(values) for modality, values in record.items()}


def _texts(
    block: Block, vocabulary: Vocabulary, wordings: Wordings | None, seed: int
) -> dict[str, list[Sequence[str]]]:
    """Each modality's texts, one sequence a row."""
    if wordings is not None:
        return wordings.columns(block, vocabulary, seed=seed)
    values = vocabulary.to_values()
    told: dict[str, list[Sequence[str]]] = {}
    for part in modality_columns(block, vocabulary):
        names = [values[part.modality][code] for code in part.codes.tolist()]
        ends = part.offsets.tolist()
        told[part.modality] = [names[a:b] for a, b in pairwise(ends)]
    return told


def _place(modality: str) -> tuple[int, str]:
    return (_FIRST.index(modality) if modality in _FIRST else len(_FIRST), modality)


def _line(head: str, values: Iterable[str], *, is_list: bool) -> str:
    if is_list:
        return f"{head} [{', '.join(_escaped(value, ',]') for value in values)}]"
    told = "; ".join(_escaped(value, ";") for value in values)
    if told.startswith("["):
        told = "\\" + told
    return f"{head} {told}" if told else head


def _values(rest: str) -> list[str]:
    mark = ";"
    if rest.startswith("[") and rest.endswith("]"):
        mark, rest = ",", rest[1:-1]
    values: list[str] = []
    while rest:
        value, _, rest = _cut(rest, mark)
        values.append(_plain(value.removeprefix(" ") if values else value))
    return values


def _escaped(text: str, marks: str) -> str:
    return re.sub(f"([\\\\{re.escape(marks)}])", r"\\\1", text)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _cut(text: str, mark: str) -> tuple[str, str, str]:
    """What stands before and after the first `mark` that is not escaped."""
    found = re.match(rf"((?:\\.|[^\\{re.escape(mark)}])*)({re.escape(mark)}?)(.*)", text)
    assert found is not None  # every part may be empty
    return found[1], found[2], found[3]
