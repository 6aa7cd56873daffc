"""Compiled loops over pairs of attributes."""
