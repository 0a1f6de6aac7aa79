"""A study's question as data: files in `search_spaces/` import their names from here."""

from study.space.distributions import choice, integers, log_uniform, uniform
from study.space.settings import Settings, versions
from study.space.space import Space

__all__ = ["Settings", "Space", "choice", "integers", "log_uniform", "uniform", "versions"]
