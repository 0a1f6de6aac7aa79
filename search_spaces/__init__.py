"""One file a question; each only picks combinations of what `study` offers."""
