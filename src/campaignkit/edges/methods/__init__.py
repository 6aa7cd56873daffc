"""The ways of going about a build: which pairs are judged, which are inherited or predicted."""
