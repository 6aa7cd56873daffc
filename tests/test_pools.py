"""The library runs its solvers on one BLAS thread, and leaves the pools as it found them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  (scipy's own BLAS, beside numpy's)
from threadpoolctl import ThreadpoolController

from campaignkit.classify import PairwiseOrdinalClassifier
from campaignkit.dataset import leakage
from campaignkit.dataset.logistic import fit_softmax
from campaignkit.pools import one_blas_thread, one_openmp_thread


def threads() -> set[int]:
    """The numbers of threads of the BLAS libraries that are loaded."""
    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    return {library.get_num_threads() for library in libraries}


@pytest.fixture(autouse=True)
def pools_of_two() -> Iterator[None]:
    """Pools of two threads, also on a machine of one core; as they were, afterwards."""
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("this BLAS has no pool of threads to limit")
        yield


def test_both_libraries_run_on_one_thread_within_and_as_before_after() -> None:
    with one_blas_thread():
        assert threads() == {1}
        with one_blas_thread():
            assert threads() == {1}
        assert threads() == {1}

    assert threads() == {2}


def test_an_error_within_gives_the_threads_back() -> None:
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError

    assert threads() == {2}


def test_blocks_that_overlap_in_two_threads_end_with_the_last() -> None:
    opened, may_end = threading.Event(), threading.Event()

    @one_blas_thread()
    def solve() -> None:
        opened.set()
        may_end.wait(60)

    other = threading.Thread(target=solve)
    with one_blas_thread():
        other.start()
        opened.wait(60)
    while_the_other_solves = threads()
    may_end.set()
    other.join()

    assert while_the_other_solves == {1}
    assert threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_forked_within_has_its_threads() -> None:
    with one_blas_thread():
        child = os.fork()
        if child == 0:
            with one_blas_thread():
                pass
            os._exit(0 if threads() == {2} else 1)
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_the_solvers_of_the_library_run_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    import scipy.optimize

    seen: list[set[int]] = []
    minimize = scipy.optimize.minimize

    def watched(loss, start, **options):
        seen.append(threads())
        return minimize(loss, start, **options)

    monkeypatch.setattr(scipy.optimize, "minimize", watched)
    records = [{"brand": [b], "geo": [g]} for b in ("Nike", "Rolex") for g in ("Peru", "Chile")]
    labels = ["pos", "avg", "avg", "neg"]

    PairwiseOrdinalClassifier(rank=2).fit(records * 80, labels * 80)
    fit_softmax(np.eye(3), np.array([0, 1, 2]), np.ones(3), penalty=0.1, num_classes=3)
    leakage._fit(scipy.sparse.csr_array(np.eye(3)), np.array([0, 1, 2]))

    assert len(seen) >= 3
    assert seen == [{1}] * len(seen)
    assert threads() == {2}


def test_openmp_has_one_thread_within() -> None:
    pytest.importorskip("sklearn.ensemble")

    def openmp() -> set[int]:
        libraries = ThreadpoolController().select(user_api="openmp").lib_controllers
        return {library.get_num_threads() for library in libraries}

    before = openmp()
    with one_openmp_thread():
        within = openmp()

    assert within == {1}
    assert openmp() == before
