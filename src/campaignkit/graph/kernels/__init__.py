"""Compiled building blocks: random numbers, bit and byte vectors, draws and counts of node sets.

Each module compiles only what is called, on first use, and keeps it in numba's cache.
"""
