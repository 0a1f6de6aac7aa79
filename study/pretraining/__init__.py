"""Weights that are trained before the trials that start from them. A pretext is one file in pretexts/."""
