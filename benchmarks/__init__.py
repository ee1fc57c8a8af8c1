"""Measures to run by hand, one at a time: `python -m benchmarks.render`. No test depends on them."""
