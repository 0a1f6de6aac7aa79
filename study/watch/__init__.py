"""Exports a study for other viewers: a storage for optuna-dashboard, event files for TensorBoard.

Reads study.json and the ledger. No study ever reads what is written here.
"""
