"""Renders pages as HTML and tables as CSV, safe to open in a browser or a spreadsheet.

Knows templates, and what a browser may do with a page.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import pandas as pd

from analysis.shell.text import printable

HERE = Path(__file__).parent
RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the beginnings of formulas, in full width too
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def render(template: str, **values: Any) -> str:
    """Render one of this folder's templates; a variable of the template without a value is an error."""
    return environment().get_template(template).render(values)


def environment() -> jinja2.Environment:
    """The templates and the script that sorts tables; a page allows this script alone, by its hash."""
    loader = jinja2.FileSystemLoader(HERE)
    pages = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, finalize=_clean
    )
    script = (HERE / "sort.js").read_text(encoding="utf-8")
    pages.globals |= {"script": markupsafe.Markup(script), "script_hash": digest(script)}
    return pages


def digest(script: str) -> str:
    """The name of a script in a Content-Security-Policy: `sha256-…`."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def csv(table: pd.DataFrame, source: str | None = None) -> bytes:
    """A table as CSV, with its data source in every row; text that a spreadsheet would run as a formula is defused."""
    table = table.copy() if source is None else table.assign(data=source)
    for name in table.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]]:
        table[name] = table[name].astype("string").map(_cell, na_action="ignore")
    return table.rename(columns=_cell).to_csv(index=False).encode()


def _clean(value: Any) -> Any:
    """Escape control characters in each text of a page; the templates' own markup stays as it is."""
    return printable(value, allowed="\n\t") if type(value) is str else value


def _cell(text: str) -> str:
    return defused(printable(text, allowed="\n\t"))


def defused(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers are unchanged.

    Source: OWASP, CSV injection.
    """
    return f"'{text}" if text.startswith(RUN) and not NUMBER.fullmatch(text) else text
