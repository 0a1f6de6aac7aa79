"""Reads a study's table and says what it shows: statistics, figures, a report.

Knows the table's columns and nothing else of a study: neither `study` nor what ran it is imported here.
"""

from analysis.shell import early_signals

early_signals.listen()
