"""An open benchmark of leak detectors: labelled series, a scorer, baselines, one command."""
