"""Compiled searches of the diagnosis room: count bounds, guided and depth-first search."""
