"""Networks of the libraries that are not cut into stages, and why; each is trained or frozen as a whole."""

UNCUT: dict[str, str] = {}
