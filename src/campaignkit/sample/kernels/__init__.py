"""The sampler's compiled loops; each module compiles on first use only."""
