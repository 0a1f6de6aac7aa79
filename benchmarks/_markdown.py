"""Writes rows of text as a Markdown table. Knows nothing of what they say."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Write a table.

    Args:
        head: of the columns.
        rows: each with a cell a column.
        texts: first columns that are words; those behind are numbers, and set to the right.
    """
    rule = ["---" if number < texts else "---:" for number in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))
