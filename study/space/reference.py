"""Writes the table of docs/hyperparameters.md."""

from collections.abc import Mapping
from dataclasses import fields

from study.space.config import CHOICES, KINDS, Config


def table() -> str:
    """Write docs/hyperparameters.md's table, in Markdown."""
    lines = ["| name | default | range or choices | read by | meaning |", "|---|---|---|---|---|"]
    for field in fields(Config):
        cells = f"`{field.name}`", f"`{field.default!r}`", _values(field.name, field.metadata), field.metadata["reader"]
        lines.append(f"| {' | '.join([*cells, field.metadata['doc']])} |")
    return "\n".join(lines) + "\n"


def _values(name: str, roles: Mapping[str, object]) -> str:
    """Write which values a hyperparameter may have."""
    kind = "text" if str in KINDS[name] else f"{'integer' if int in KINDS[name] else 'number'} in {roles['interval']}"
    allowed = ", ".join(CHOICES[name]) if name in CHOICES else kind
    return allowed + " or None" * (type(None) in KINDS[name])
