"""Benchmarks: one script per claim, ratios within one run, results with machine and commit."""
