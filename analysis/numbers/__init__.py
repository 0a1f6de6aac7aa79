"""DataFrames in, DataFrames out, and values as short texts."""
