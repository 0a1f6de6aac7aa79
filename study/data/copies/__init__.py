"""Copies among images: equal ones, near ones, and the pattern in file names that explains them. Knows no network."""
