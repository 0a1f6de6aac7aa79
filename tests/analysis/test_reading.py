"""docs/reading-a-report.md explains every part of a report, in two sentences each."""

import re
from pathlib import Path

from analysis import figures
from tests.analysis.reader import Page

DOCUMENT = Path(__file__).parents[2] / "docs" / "reading-a-report.md"
PARTS = dict(re.findall(r"^\*\*(.+?)\.\*\* (.+?)(?:\n\n|\Z)", DOCUMENT.read_text(), flags=re.MULTILINE | re.DOTALL))


def test_each_part_has_two_sentences():
    ends = {name: len(re.findall(r"[.?!](?=\s|$)", text)) for name, text in PARTS.items()}
    assert {name: number for name, number in ends.items() if number != 2} == {}


def test_every_heading_of_the_golden_reports_is_explained(golden):
    page = Page((golden.report / "report.html").read_text())
    heads = {part.heading for part in (*page.said, *page.tables)} - {golden.study.name}
    assert heads - set(PARTS) == set()


def test_every_figure_is_explained():
    kinds = (*figures.KINDS, *figures.OF_PRETRAINING, *figures.OF_CHAINS)
    assert {kind.title for kind in kinds} - set(PARTS) == set()
