"""A causal language model run layer by layer, and no further than is needed."""
