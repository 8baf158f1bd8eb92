"""Detectors that the benchmark compares: each a module with `detect(histories)`, a list of alerts for each series."""
