"""Every number in the reports of the golden studies, compared with the same number in plain pandas."""

import pandas as pd
import pytest

from tests.analysis import plain_answers, plain_facts, plain_networks, plain_said, plain_tables
from tests.analysis.plain import Study, mann_whitney
from tests.analysis.reader import Page, numbers
from tests.analysis.report.test_reading import PARTS

WORDING = numbers(  # numbers in the report's fixed sentences
    """95 % t interval; 99 % of its own best; leave out 0.5; p below 0.05; at n = 3 each, at n = 4 each, (p = 0.029);
    Agarwal et al. 2021, arXiv:2108.13264; method 5 of Newcombe 2006, 25:559–573; 1 where fresh seeds; below 0;
    right of 0; Chaudhry et al. 2018, arXiv:1801.10112, §3; n below 2; more than 10 points;
    Lourie et al. 2023, arXiv:2311.09480; fewer than 8 scored search trials; 2,000 bootstrap resamples; within 1 %;
    0 = as loaded; (1 - chance)"""
)
TABLES = plain_tables.TABLES | {"What each network costs": plain_networks.costs}


@pytest.fixture(scope="module")
def study(golden):
    return Study(golden.study)


@pytest.fixture(scope="module")
def recomputed(study):
    """The rows of every table that a report can have."""
    return {heading: rows(study) for heading, rows in TABLES.items()}


@pytest.fixture(scope="module")
def page(golden):
    return Page((golden.report / "report.html").read_text())


def below(page, heading):
    """The sentences below a heading."""
    return " ".join(sentence.text for sentence in page.said if sentence.heading == heading)


def test_every_table_is_recomputed(page):
    """A new table needs a function in `plain_tables.TABLES`."""
    unknown = {table.heading for table in page.tables} - set(TABLES)
    assert not unknown, f"no recomputation of the tables {unknown} in tests/analysis/plain_tables.py"


def test_every_number_of_every_table(page, recomputed):
    for table in page.tables:
        missing = {name for row in recomputed[table.heading] for name in set(table.columns) ^ set(row)}
        assert not missing, f"columns {missing} of the table {table.heading!r} are not in both"
        rows = [[row[name] for name in table.columns] for row in recomputed[table.heading]]
        assert sorted(list(row.values()) for row in table.rows) == sorted(rows), table.heading


def test_no_table_is_left_out(page, recomputed):
    for heading, rows in recomputed.items():
        tables = [table for table in page.tables if table.heading == heading]
        assert len(tables) == bool(rows), heading


def test_every_number_of_every_sentence_is_known(page, study):
    known = WORDING | plain_facts.facts(study)
    for table in page.tables:
        known |= {number for row in table.rows for text in row.values() for number in numbers(text)}
    unknown = {sentence.text: rest for sentence in page.said if (rest := numbers(sentence.text) - known)}
    assert not unknown


def test_sentences_have_the_recomputed_parts(page, study):
    for heading, parts in plain_said.SAID.items():
        text = below(page, heading)
        assert [part for part in parts(study) if part not in text] == [], heading


def test_the_best_two_are_named_with_their_numbers(page, study):
    text = below(page, "Which wins, and by how much?")
    places = plain_answers.places(study) if text else []
    pairs = {place.words: plain_answers.compared(study, place) for place in places}
    assert all(f"{words} {best[0].one} " in text for words, best in pairs.items())
    assert text.count("P(") == sum(map(len, pairs.values()))
    assert bool(text) == ("regime" in study.keys)


def test_every_heading_is_explained(golden, page):
    """In docs/reading-a-report.md."""
    heads = {part.heading for part in (*page.said, *page.tables)} - {golden.study.name}
    assert heads
    assert heads - set(PARTS) == set()


def test_every_csv_has_its_source(golden, study):
    for path in (golden.report / "tables").glob("*.csv"):
        assert set(pd.read_csv(path)["data"].str.split(";").str[0]) <= set(study.own["data"])


def test_a_number_that_is_wrong_is_noticed(golden, recomputed):
    html = (golden.report / "report.html").read_text()
    row = html.index("<td>", html.index("<h2>Cells</h2>"))
    bracket = html.index("[", row)
    changed = Page(f"{html[: bracket - 2]}{(int(html[bracket - 2]) + 1) % 10}{html[bracket - 1 :]}")
    with pytest.raises(AssertionError, match="Cells"):
        test_every_number_of_every_table(changed, recomputed)


def test_the_plain_mann_whitney_is_exact():
    assert mann_whitney(pd.Series([1, 2, 3]), pd.Series([4, 5, 6])) == pytest.approx(0.1)
    assert mann_whitney(pd.Series([1, 1]), pd.Series([1, 1])) == 1
