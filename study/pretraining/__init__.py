"""Weights that are trained before the trials that start from them. A pretext task is one file in pretexts/."""
