"""A page and a table as text: what every report is put on disk as.

Knows templates and what a browser may do with a page; knows nothing of what a page says.
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
RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a formula begins with, in full width too
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def render(template: str, **values: Any) -> str:
    """Give a page of one of this folder's templates; names that it asks for and that are not given are an error."""
    return environment().get_template(template).render(values)


def environment() -> jinja2.Environment:
    """The templates, with the one script that sorts tables; a page allows this one, by its hash, and no other."""
    loader = jinja2.FileSystemLoader(HERE)
    pages = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, finalize=_clean
    )
    script = (HERE / "sort.js").read_text(encoding="utf-8")
    pages.globals |= {"script": markupsafe.Markup(script), "script_hash": digest(script)}
    return pages


def digest(script: str) -> str:
    """What a Content-Security-Policy calls a script by: `sha256-…`."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def csv(found: pd.DataFrame, source: str | None = None) -> bytes:
    """A table as CSV, with its data source in every row; text that a spreadsheet would run as a formula is defused."""
    found = found.copy() if source is None else found.assign(data=source)
    for name in found.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in found.dtypes]]:
        found[name] = found[name].astype("string").map(_cell, na_action="ignore")
    return found.rename(columns=_cell).to_csv(index=False).encode()


def _clean(value: Any) -> Any:
    """Escape in each text of a page what a browser would act on; markup of the templates' own stays as it is."""
    return printable(value, kept="\n\t") if type(value) is str else value


def _cell(text: str) -> str:
    return defused(printable(text, kept="\n\t"))


def defused(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay as they are.

    Source: OWASP, CSV injection.
    """
    return f"'{text}" if text.startswith(RUN) and not NUMBER.fullmatch(text) else text
