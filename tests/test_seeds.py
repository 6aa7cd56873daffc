"""Named streams."""

from __future__ import annotations

import numpy as np
import pytest

from campaignkit.errors import CampaignkitError
from campaignkit.seeds import checked_seed, key64, stream


def test_a_stream_depends_on_its_whole_name_and_on_nothing_else() -> None:
    names = [(0, "a"), (0, "b"), (1, "a"), (0, "a", 0), (0, "a", "0"), (0, "ab"), (0, "a", "b")]

    keys = {key64(*name) for name in names}

    assert len(keys) == len(names)
    assert stream(0, "a").integers(1 << 62) == stream(0, "a").integers(1 << 62)


def test_keys_and_streams_never_change() -> None:
    assert key64(7, "sample", "pos") == GOLDEN_KEY
    assert stream(7, "split").integers(0, 1000, 4).tolist() == GOLDEN_DRAWS


@pytest.mark.parametrize("seed", [None, "7", 7.0, True])
def test_a_seed_that_is_no_integer_is_refused(seed: object) -> None:
    with pytest.raises(CampaignkitError, match="expected an integer"):
        checked_seed(seed)


def test_numpy_integers_are_integers() -> None:
    assert key64(int(np.int64(7)), "a") == key64(7, "a") == key64(np.int64(7), "a")


GOLDEN_KEY = 4991292056375536956
GOLDEN_DRAWS = [290, 295, 77, 481]
