"""Where a data set came from: what its manifest says beyond its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Provenance:
    """The graph, spec and seed that made a data set, and what was done to it since.

    Parameters
    ----------
    graph_digest, spec_digest : str or None
        Digests of the graph and the spec it was sampled from.
    spec : mapping
        The sampling spec as JSON values; empty where unknown.
    seed : int or None
        The sampler's seed.
    quality : mapping
        What the sampler reports of the run (mode, acceptance, ...), as JSON values.
    steps : tuple of str
        What was done to the rows after sampling, in words: a split, a selection, noise.

    Examples
    --------
    >>> Provenance(seed=7).then("first 10 rows").steps
    ('first 10 rows',)
    """

    graph_digest: str | None = None
    spec_digest: str | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)  # JSON of the spec's own shape
    seed: int | None = None
    quality: Mapping[str, Any] = field(default_factory=dict)  # JSON: each mode has its own keys
    steps: tuple[str, ...] = ()

    def then(self, step: str) -> Provenance:
        """The same origin, with one more step; the sampler's report no longer describes it."""
        return replace(self, steps=(*self.steps, step), quality={})

    def to_inputs(self) -> dict[str, str]:
        """The digests a manifest lists as inputs."""
        named = {"graph": self.graph_digest, "spec": self.spec_digest}
        return {name: digest for name, digest in named.items() if digest is not None}

    def to_spec(self) -> dict[str, Any]:
        """What a manifest lists as the run's parameters."""
        told: dict[str, Any] = {}
        if self.spec:
            told["sampling"] = dict(self.spec)
        if self.steps:
            told["steps"] = list(self.steps)
        return told
