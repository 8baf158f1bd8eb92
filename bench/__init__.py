"""Benchmarks: the figures that leakdog publishes, measured on the machine they run on."""
