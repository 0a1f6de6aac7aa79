"""Catches exceptions of our own code while somebody else's code calls it. Knows nothing of either."""

from collections.abc import Callable
from typing import Any


class Guard:
    """Holds the first exception of our own code inside Tune, which would wrap or ignore it; `run` raises it again."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __call__(self, call: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return call()
        except Exception as error:
            self.error = self.error or error
            return otherwise
