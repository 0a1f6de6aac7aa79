"""The golden reports in a real browser: an empty console, pictures with alternative texts, tables that sort."""

import shutil

import pandas as pd
import pytest

from analysis import __main__ as command
from analysis.figures import draw
from analysis.numbers import table
from analysis.numbers.study_table import StudyTable
from analysis.report import pages, study_report
from analysis.shell import files
from tests.analysis.conftest import GOLDEN

pytest.importorskip("selenium", reason="selenium is not installed: pip install -e '.[dev]'")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.browsing import MARKS

pytestmark = MARKS


@pytest.fixture(
    scope="module",
    params=["regimes", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("chain", "several"))],
)
def drawn(request, tmp_path_factory):
    """The report of each golden study, whose pictures have few dots."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "DPI", 40)
        return study_report.write(StudyTable(table.load(GOLDEN / request.param)), folder)[0]


@pytest.fixture
def opened(browser, drawn):
    browser.get(drawn.as_uri())
    return browser


def under(browser, heading: str):
    """The first table after a heading."""
    return browser.find_element(By.XPATH, f"//h2[.='{heading}']/following::table[1]")


def column(table, number: int) -> list[str]:
    return [cell.text for cell in table.find_elements(By.CSS_SELECTOR, f"tbody td:nth-child({number + 1})")]


def heads(table) -> dict[str, int]:
    return {head.text.rstrip(" ↕↑↓"): number for number, head in enumerate(table.find_elements(By.TAG_NAME, "th"))}


def test_the_console_is_empty(opened):
    assert opened.get_log("browser") == []


def test_every_picture_is_there_with_an_alternative_text(opened):
    pictures = opened.find_elements(By.TAG_NAME, "img")
    assert len(pictures) >= 3
    assert all(picture.get_property("naturalWidth") > 0 for picture in pictures)
    assert all(len(picture.get_attribute("alt")) > 60 for picture in pictures)


def test_a_click_sorts_up_then_down_then_back(opened):
    table = under(opened, "Cells")
    number = heads(table)["test [95 %]"]
    head = table.find_elements(By.TAG_NAME, "th")[number]
    before = column(table, number)
    numbers = sorted(before, key=lambda text: float(text.split()[0]))
    for state, expected in (("ascending", numbers), ("descending", numbers[::-1]), ("none", before)):
        head.find_element(By.TAG_NAME, "button").click()
        assert (head.get_attribute("aria-sort"), column(table, number)) == (state, expected)
    assert opened.get_log("browser") == []


def test_the_keyboard_sorts_and_one_column_at_a_time(opened):
    table = under(opened, "Trials by state")
    first, second = table.find_elements(By.TAG_NAME, "th")[:2]
    for head, key in ((first, Keys.ENTER), (second, Keys.SPACE)):
        opened.execute_script("arguments[0].focus()", head.find_element(By.TAG_NAME, "button"))
        opened.switch_to.active_element.send_keys(key)
    assert (first.get_attribute("aria-sort"), second.get_attribute("aria-sort")) == ("none", "ascending")
    assert column(table, 1) == sorted(column(table, 1), key=int)


TEXTS = ["1,376", "–", "12.3 [1.0, 2.0]", "exactly 0", "7.7e-4", "-3.12", "< 0.0001", "344–1,376", "= test", "3 and 3"]
SORTED = ["-3.12", "exactly 0", "< 0.0001", "7.7e-4", "3 and 3", "12.3 [1.0, 2.0]", "344–1,376", "1,376", "–", "= test"]


def test_texts_that_begin_with_numbers_sort_by_them(browser, tmp_path):
    template = pages.environment().from_string(
        '{% from "parts.html.j2" import grid, head, sorting %}{{ head("t") }}{{ grid(table) }}{{ sorting() }}'
    )
    rows = pd.DataFrame({"number": TEXTS, "word": [f"c{10 - number}" for number in range(len(TEXTS))]})
    path = files.put(tmp_path / "page.html", template.render(table=rows).encode())
    browser.get(path.as_uri())
    table = browser.find_element(By.TAG_NAME, "table")
    buttons = table.find_elements(By.TAG_NAME, "button")
    buttons[0].click()
    assert column(table, 0) == SORTED
    buttons[0].click()
    assert column(table, 0) == [*SORTED[-3::-1], *SORTED[-2:]]
    buttons[1].click()
    assert column(table, 1) == [f"c{number}" for number in range(1, 11)]


@pytest.mark.nightly
def test_studies_side_by_side(browser, tmp_path):
    folders = [shutil.copytree(GOLDEN / name, tmp_path / name) for name in ("regimes", "several")]
    assert command.main([str(folder) for folder in folders]) == 0
    browser.get((tmp_path / "beside" / "report.html").as_uri())
    assert browser.get_log("browser") == []
    assert len(browser.find_elements(By.TAG_NAME, "img")) == 2
    browser.find_element(By.LINK_TEXT, "several").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "several"
    assert browser.get_log("browser") == []
