"""Tests that the documents name exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_each_test_that_a_page_names_is_there(page):
    text = (ROOT / "docs" / page).read_text()
    absent = [f"{file}::{name}" for file, name in NAMED.findall(text) if f"def {name}(" not in _read(ROOT / file)]
    assert absent == []


def test_the_promises_are_all_there_each_with_a_test():
    rows = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "reliability.md").read_text(), re.MULTILINE)
    assert [number for number, _ in rows] == [str(number) for number in range(1, 22)]
    assert [number for number, tests in rows if not NAMED.search(tests) and "the same" not in tests] == []


def _read(path):
    return path.read_text() if path.exists() else ""
