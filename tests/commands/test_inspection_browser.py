"""The page of `study.inspect` in a real browser: an empty console, whole pictures, no wider than a phone."""

import pytest
from PIL import Image

from study.cli import inspection_page
from study.cli.inspecting import Step
from study.data.copies.name_patterns import Proposal
from study.data.copies.near_copies import NearCopy
from study.data.tasks import folder
from tests.support.browsing import MARKS
from tests.support.own_images import folders, picture

pytest.importorskip("selenium", reason="selenium is not installed: pip install -e '.[dev]'")

from selenium.webdriver.common.by import By

pytestmark = MARKS


@pytest.fixture(params=["clean", "copies", "odd"])
def page(request, tmp_path):
    """The page of a set without problems, of one with copies, and of one with odd files and long names."""
    place = folders(tmp_path / "mine", {"train/cat": 12, "train/dog": 10, "test/cat": 4, "test/dog": 4})
    near, proposal = [], None
    if request.param == "copies":
        picture(place / "test/cat/again.png", 1)
        near, proposal = [NearCopy(0, 20, 0.9, "mirrored")], Proposal(r"(\w)\w*\.png", 10, 30, 3, 4)
    if request.param == "odd":
        (place / "train/dog" / f"{'long-name-' * 20}.png").write_bytes(b"")
        Image.new("RGB", (400, 12)).save(place / "train/cat/long.png")
    seen = folder.inspect(place, size=64)._replace(near=near, proposal=proposal)
    steps = [Step("a study", "python -m study.run --space folder --data " + "a/long/path/" * 12)]
    text = inspection_page.page("mine", seen, 64, proposal and proposal.pattern, steps, lambda done, total: None)
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [400, 1200])
def test_a_page_is_drawn_as_a_whole(browser, page, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(page.as_uri())
        pictures = browser.find_elements(By.TAG_NAME, "img")
        assert len(pictures) >= 16
        assert all(each.get_property("naturalWidth") > 0 for each in pictures)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        head = browser.find_element(By.CSS_SELECTOR, "table.counts th button")
        browser.execute_script("arguments[0].click()", head)
        assert browser.find_element(By.CSS_SELECTOR, "table.counts th").get_attribute("aria-sort") == "ascending"
        assert browser.get_log("browser") == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
