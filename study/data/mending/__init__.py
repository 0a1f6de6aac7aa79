"""Mends a data set of the user's own: what is left out or grouped, and why. Writes no file."""
