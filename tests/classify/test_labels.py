"""Labels are read in the few ways they are written, and in no other."""

from __future__ import annotations

import numpy as np
import pytest

from campaignkit.classify import LABELS, PUBLISHED_WORDS, as_labels, label_codes
from campaignkit.errors import ClassifierError


@pytest.mark.parametrize(
    "written",
    [
        ["pos", "neg", "avg"],
        [2, 0, 1],
        np.array([2, 0, 1], np.uint8),
        np.array(["pos", "neg", "avg"]),
        ["2", "0", "1"],
        [PUBLISHED_WORDS[2], PUBLISHED_WORDS[0], PUBLISHED_WORDS[1]],
        ["pos", 0, "Average performance"],
        ["POS ", "Under-performing", "average"],
        [np.int64(2), np.int64(0), np.int64(1)],
    ],
)
def test_every_way_to_write_a_label_is_read(written: object) -> None:
    assert as_labels(written).tolist() == ["pos", "neg", "avg"]
    assert label_codes(written).tolist() == [2, 0, 1]


def test_columns_of_data_frames_are_read() -> None:
    pd = pytest.importorskip("pandas")

    assert label_codes(pd.Series(["pos", "avg"])).tolist() == [2, 1]
    assert label_codes(pd.Series([2, 1])).tolist() == [2, 1]


@pytest.mark.parametrize("wrong", ["good", 3, -1, 1.0, True, None, "posh", [1], ""])
def test_anything_else_is_an_error_with_its_first_row_and_count(wrong: object) -> None:
    with pytest.raises(ClassifierError) as caught:
        label_codes(["pos", wrong, "neg", wrong])

    assert caught.value.faults[0].where == "labels[1]"
    assert "2 of 4 rows" in str(caught.value)
    assert all(label in caught.value.hint for label in LABELS)


@pytest.mark.parametrize("wrong", ["pos", 1, None, [["pos"]], np.zeros((2, 2), int), {"a": 1}])
def test_what_is_no_list_of_labels_is_refused(wrong: object) -> None:
    with pytest.raises(ClassifierError):
        label_codes(wrong)
