"""Everything on a disk: the store, the ledger, checkpoints, locks and copies at a URI."""
