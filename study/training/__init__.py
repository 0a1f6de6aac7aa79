"""A configuration becomes scores: regimes, the training loop, kept features, metrics and reports."""
