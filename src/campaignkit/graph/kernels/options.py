"""How every kernel is compiled: one place, so that all parts of a loop agree.

``_nrt=False`` leaves out reference counting: a kernel allocates nothing, its callers hand in all
memory, and the loop keeps no books on arrays (which cost 100 of 190 ns a heat-bath step).
"""

from __future__ import annotations

from typing import Any, Final

from campaignkit.graph.kernels import announcing  # noqa: F401  # it listens from here on

# A kernel called from Python.
ENTRY: Final[dict[str, Any]] = {
    "nogil": True, "error_model": "numpy", "_nrt": False, "cache": True,
}  # fmt: skip
# A part of one: always inlined, because a call would pass every field of every array.
PART: Final[dict[str, Any]] = {
    "nogil": True, "error_model": "numpy", "_nrt": False, "forceinline": True,
}  # fmt: skip
