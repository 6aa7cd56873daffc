"""How long the prompts of calls are, without writing each of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from campaignkit.catalogue import Attribute
from campaignkit.edges.llm_scorer import PairPrompt, SignScale
from campaignkit.edges.pair_table import PairTable
from campaignkit.edges.prompt_data import quoted


class PromptLengths:
    """The bytes of the scorer's prompts for calls about pairs of a catalogue.

    A prompt is its wording, which is measured on one call of each form, and a line for each pair,
    which is as long as its names are.

    Parameters
    ----------
    table : PairTable
    prompt : PairPrompt, optional
        The scorer's wording; the default one without it.

    Examples
    --------
    >>> from campaignkit.catalogue import Catalogue
    >>> table = PairTable(Catalogue.bundled("starter-27"))
    >>> prompt = PairPrompt().render([table.pair(3)], scale=SignScale())
    >>> PromptLengths(table).of([np.array([3])]) == len((prompt.system + prompt.user).encode())
    True
    """

    def __init__(self, table: PairTable, *, prompt: PairPrompt | None = None) -> None:
        self._table = table
        names = [quoted([a.modality, a.value]) for a in table.catalogue]
        self._name = np.array([len(name.encode()) for name in names], dtype=np.int64)
        wording = prompt or PairPrompt()
        x, y, z, w = (Attribute(m, v) for m, v in (("a", "x"), ("b", "y"), ("b", "z"), ("c", "w")))
        name = len(quoted(["a", "x"]))
        self._with_primary = _length(wording, [(x, y), (x, z)]) - 3 * name
        self._with_pairs = _length(wording, [(x, y), (z, w)]) - 4 * name

    def of(self, calls: Iterable[NDArray[np.integer]]) -> int:
        """The bytes of all prompts of these calls together."""
        return sum(self._of_call(np.asarray(call)) for call in calls if len(call))

    def _of_call(self, call: NDArray[np.integer]) -> int:
        ends = self._table.pairs[call]
        names = self._name[ends]
        numbers = _number_lines(len(call)) - _number_lines(2)
        for side in (0, 1):
            primary = ends[0, side]
            if (ends == primary).any(axis=1).all():
                targets = int(names.sum()) - len(call) * int(self._name[primary])
                return self._with_primary + int(self._name[primary]) + targets + numbers
        # A pair is a list of two names: two brackets, a comma and a blank more.
        return self._with_pairs + int(names.sum()) + 4 * (len(call) - 2) + numbers


def _length(prompt: PairPrompt, pairs: list[tuple[Attribute, Attribute]]) -> int:
    made = prompt.render(pairs, scale=SignScale())
    return len((made.system + made.user).encode())


def _number_lines(count: int) -> int:
    """The bytes of the bracket numbers 1 to `count`, each on its line: ``,\\n"[7]": ``."""
    digits = sum(len(str(number)) for number in range(1, count + 1))
    return digits + 8 * count
