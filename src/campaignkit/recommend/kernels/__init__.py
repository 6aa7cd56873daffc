"""Compiled search for the best completions of a partial campaign."""
