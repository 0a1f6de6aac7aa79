"""Networks: their stages and heads, the families, and saved models. `load` and `save` come from `saved`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.models.saved import load, save

__all__ = ["load", "save"]


def __getattr__(name: str) -> Any:
    """Import torch only where a network is loaded or saved; finding families must stay fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from study.models import saved

    return getattr(saved, name)
