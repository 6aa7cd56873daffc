"""One thread where a pool of them costs more than it helps.

numpy and scipy each carry a BLAS library that wakes a pool of threads at a call. On arrays of some
hundred numbers that costs more than the arithmetic: a solver that calls BLAS thousands of times
then takes many times the CPU time, and no less time by the clock. Trees of a few thousand rows
fare alike with OpenMP.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it, or within a function it decorates, BLAS libraries run on one thread.

    Limited are the libraries that are loaded when it is entered: import what is called before.
    The limit belongs to the process, not to the caller's thread: other threads that call BLAS
    meanwhile have it too. Such blocks may be nested, and may overlap in several threads; the last
    one that ends gives each library the number of threads it had. A block costs about 2 ms, so it
    belongs around a solver, not into its loop.

    Examples
    --------
    >>> with one_blas_thread():
    ...     solution = np.linalg.solve(np.eye(3), np.ones(3))
    >>> @one_blas_thread()
    ... def length(row):
    ...     return float(row @ row) ** 0.5
    >>> length(np.array([3.0, 4.0]))
    5.0
    """
    _POOLS.limit()
    try:
        yield
    finally:
        _POOLS.release()


@contextmanager
def one_openmp_thread() -> Iterator[None]:
    """Within it, the caller's thread is OpenMP's only one; scikit-learn's trees run on OpenMP.

    Examples
    --------
    >>> with one_openmp_thread():
    ...     pass
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        yield


class _Pools:
    """How many blocks are open, and what each library had before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._num_open = 0
        self._had: dict[str, tuple[Any, int]] = {}  # by file: the library and its threads

    def limit(self) -> None:
        """Limit what is loaded by now: more than at an earlier block, perhaps."""
        from threadpoolctl import ThreadpoolController

        with self._lock:
            self._num_open += 1
            for library in ThreadpoolController().select(user_api="blas").lib_controllers:
                threads = library.get_num_threads()
                if threads != 1:
                    self._had.setdefault(library.filepath, (library, threads))
                    _set_threads(library, 1)

    def release(self) -> None:
        """Give the libraries their threads back, if no block is open any more."""
        with self._lock:
            self._num_open -= 1
            if self._num_open == 0:
                self._restore()

    def forget(self) -> None:
        """Start again in a forked child: the thread of an open block was not forked with it."""
        self._lock = threading.Lock()
        self._num_open = 0
        self._restore()

    def _restore(self) -> None:
        for library, threads in self._had.values():
            _set_threads(library, threads)
        self._had.clear()


def _set_threads(library: Any, threads: int) -> None:
    # Newer threadpoolctl lets only the thread that set OpenBLAS's limit first change it, and
    # others do nothing without a word. Here the count decides, whichever thread it falls to.
    free = getattr(library, "clear_controlling_thread", None)
    if free is not None:
        free(force=True)
    library.set_num_threads(threads)
    if free is not None:
        free(force=True)


# State of the process, as the libraries' limits are: two counts would undo each other.
_POOLS = _Pools()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOLS.forget)
