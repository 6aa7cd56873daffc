"""Compiled loops of this room; the only modules in it that import numba."""
