"""Measurements and proofs that the documents quote; each is a command."""
