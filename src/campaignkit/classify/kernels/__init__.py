"""Compiled loops over rows and their pairs of nodes."""
