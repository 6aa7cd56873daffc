"""Settings that all tests share."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from first_session import FirstSession, run_once

# numba keeps a kernel compiled from its own file's age, not from that of the parts it inlines:
# after an edit of a part it would run the old code. The tests' cache is named after all kernels.
_SOURCES = sorted(Path(__file__).parent.parent.glob("src/campaignkit/**/*.py"))
_KERNELS = [p for p in _SOURCES if {"kernels", "moves"} & set(p.parts) or p.stem == "node_tables"]
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in _KERNELS)).hexdigest()[:16]
os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(__file__).parent.parent / ".numba_cache" / _DIGEST)
)

# A deadline is a timing assert: the first call of a kernel compiles it. Health checks time and
# count how examples are made, which says nothing of the library. A gate has to give one answer to
# one commit, so there the examples are the same each time; elsewhere they are new.
_SETTINGS = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
    "derandomize": "CI" in os.environ,
}
settings.register_profile("campaignkit", **_SETTINGS, max_examples=50)
settings.register_profile(
    "thorough", **_SETTINGS, max_examples=1000
)  # for hours when nobody waits
settings.register_profile("fast", **_SETTINGS, max_examples=8)
settings.load_profile("campaignkit")


def _compile_once() -> None:
    """A worker that needs a kernel another is compiling waits, and reads what that one kept."""
    import fcntl

    from numba.core.caching import NullCache
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.dispatcher import Dispatcher

    compiled = Dispatcher.compile
    place = Path(os.environ["NUMBA_CACHE_DIR"], "locks")
    place.mkdir(parents=True, exist_ok=True)

    def compiled_once(self: Dispatcher, sig: object) -> object:
        if isinstance(self._cache, NullCache):
            return compiled(self, sig)
        name = f"{self.py_func.__module__}.{self.py_func.__name__}"
        # numba's own lock first, as within its compiler: two threads never wait for each other.
        with global_compiler_lock, (place / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                return compiled(self, sig)
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)  # also of a copy that a forked child has

    Dispatcher.compile = compiled_once


if "PYTEST_XDIST_WORKER" in os.environ and os.name == "posix":
    _compile_once()


@pytest.fixture(scope="session")
def first_session(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> FirstSession:
    """The quickstart at its full size, run once for all workers."""
    return run_once(tmp_path_factory, worker_id)
