"""A study as other people's viewers show it: storage for optuna-dashboard, event files for TensorBoard.

Reads study.json and the ledger, and nothing here is ever read by a study; knows nothing of Ray or of training.
"""
