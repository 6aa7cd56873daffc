"""Labels are read in the few ways they are written, and in no other."""

from __future__ import annotations

import numpy as np
import pytest

from campaignkit.classify import LABELS, PUBLISHED_WORDS, as_labels, label_codes
from campaignkit.classify.labels import ranks_of, read_labels
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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["b", "a"], ["b", "a"]),
        ([3, -1], [3, -1]),
        ([1.0, 2], [1.0, 2.0]),
        ([True, False], [True, False]),
        (np.array([2, 0], np.uint8), [2, 0]),
        (np.array(["x", "y"], object), ["x", "y"]),
    ],
)
def test_labels_of_any_names_are_read_as_they_are(given: object, expected: list[object]) -> None:
    assert read_labels(given).tolist() == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a", None], r"1 of 2 labels is missing, the first is labels\[1\]"),
        ([float("nan"), 1, float("nan")], r"2 of 3 labels are missing, the first is labels\[0\]"),
        (np.array([1.0, np.nan]), "1 of 2 labels is missing"),
        (["a", " "], "1 of 2 labels is missing"),
        (["a", 1], r"labels\[0\] is 'a'; labels\[1\] is 1; expected texts alone"),
        ([True, 2], "expected texts alone, or whole numbers alone"),
        ([0.5, 1.0], r"labels\[0\] is 0.5; expected whole numbers"),
        ([2**70, 1], "beyond 64 bits"),
        ([[1], [2]], "2 dimensions|is \\[1\\]"),
        (np.array([["a"], ["b"]]), r"2 dimensions(?s:.*)give one column, df\[.outcome.\]"),
        (np.array(["2020-01-01"], "datetime64[D]"), "of type datetime64"),
        ("pos", r"labels are str;(?s:.*)give one column, df\[.outcome.\]"),
    ],
)
def test_labels_that_are_none_are_refused_with_their_place(given: object, told: str) -> None:
    with pytest.raises(ClassifierError, match=told):
        read_labels(given)


def test_missing_labels_of_a_column_are_told() -> None:
    pd = pytest.importorskip("pandas")

    for column in (pd.Series([0, None, 1]), pd.Series(["a", pd.NA]), pd.array([1, None], "Int64")):
        with pytest.raises(ClassifierError, match="missing"):
            read_labels(column)


@pytest.mark.parametrize(
    ("classes", "order", "ranks"),
    [
        (["avg", "neg", "pos"], None, [1, 0, 2]),
        (["AVERAGE", "Neg", "Over-performing"], None, [1, 0, 2]),
        (["neg", "pos"], None, [0, 1]),
        (["a", "b"], None, [0, 1]),
        ([0, 1], ["neg", "avg", "pos"], [0, 1]),  # two numbers of a wrapper: either order does
        (["a", "b", "c"], ["c", "a", "b"], [1, 2, 0]),
        ([0, 2, 5], [5, 0, 1, 2], [1, 2, 0]),
        (["avg", "neg", "pos"], [1, 0, 2], [1, 0, 2]),  # a wrapper fits words and numbers
    ],
)
def test_the_order_is_known_or_told(
    classes: list[object], order: object, ranks: list[int]
) -> None:
    assert ranks_of(np.array(classes), order).tolist() == ranks  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("classes", "order", "told"),
    [
        ([0, 1, 2], None, "for neg, avg, pos pass order=.1, 0, 2. there"),
        ([0, 1, 2], None, "for low, mid, high pass order=.1, 2, 0. there"),
        ([0, 1, 2, 3], None, "order=.0, 1, 2, 3.*VotingClassifier"),
        (["low", "mid", "high"], None, "order=.'high', 'low', 'mid'."),
        (["low", "mid", "high"], "low,mid,high", "order is 'low,mid,high'; expected a list"),
        (["low", "mid", "high"], 5, "order is 5; expected a list"),
        ([0, 1, 2], ["low", "mid", "high"], "for low, mid, high pass order=.1, 2, 0. there"),
        (["a", "b", "c"], None, "order of the labels a, b, c is not known"),
        (["a", "b", "c"], ["a", "b"], "is not given by order=.'a', 'b'."),
        (["a", "b"], ["x", "y"], "is not given by"),
        (["a", "b", "c"], ["a", "b", "c", "a"], "expected each label once"),
        (["pos", "neg", "Overperforming"], None, "is not known"),  # two words for one
    ],
)
def test_an_order_that_is_not_known_is_asked_for(
    classes: list[object], order: object, told: str
) -> None:
    with pytest.raises(ClassifierError, match=told):
        ranks_of(np.unique(classes), order)  # type: ignore[arg-type]
