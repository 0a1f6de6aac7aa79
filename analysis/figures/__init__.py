"""Pictures: a figure is one file here, with its numbers, ink and words, and one line in the registry."""
