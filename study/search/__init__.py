"""What is tried next and what was decided: a fold over the ledger's events, and the table made of them."""
