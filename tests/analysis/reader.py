"""The content of a report's page, read from its HTML alone: tables and sentences under their headings."""

import re
from html.parser import HTMLParser
from typing import NamedTuple

HEADINGS, SENTENCES = ("h1", "h2", "h3"), ("p", "li", "figcaption")
NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?!\w)")


class Table(NamedTuple):
    """A table under the heading before it; the second column of the same name is called `name#1`."""

    heading: str
    columns: list[str]
    rows: list[dict[str, str]]


class Said(NamedTuple):
    """A paragraph, an item, a caption or a picture's alternative text under its heading."""

    heading: str
    text: str


class Page(HTMLParser):
    """A page's `tables`, its sentences (`said`), and the alternative texts of its `pictures`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.said: list[Said] = []
        self.pictures: list[str] = []
        self.heading, self.text, self.cells = "", "", []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in (*HEADINGS, *SENTENCES, "td", "th"):
            self.text = ""
        elif tag == "tr":
            self.cells = []
        elif tag == "table":
            self.tables.append(Table(self.heading, [], []))
        elif tag == "img":
            self.pictures.append(dict(attrs).get("alt") or "")
            self.said.append(Said(self.heading, self.pictures[-1]))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        text = " ".join(self.text.split())
        if tag in HEADINGS:
            self.heading = text
        elif tag in SENTENCES:
            self.said.append(Said(self.heading, text))
        elif tag == "th":
            names = self.tables[-1].columns
            names.append(f"{text}#{names.count(text)}" if text in names else text)
        elif tag == "td":
            self.cells.append(text)
        elif tag == "tr" and self.cells:
            self.tables[-1].rows.append(dict(zip(self.tables[-1].columns, self.cells, strict=True)))


def numbers(text: str) -> set[str]:
    """All numbers of a text as they are written, without the commas between thousands."""
    return {match.replace(",", "").rstrip(".") for match in NUMBER.findall(text)}
