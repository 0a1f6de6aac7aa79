"""A configuration becomes scores: regimes, the training loop, cached features, metrics and reports."""
