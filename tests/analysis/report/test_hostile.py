"""Names and errors from folders and files stay plain text in pages, pictures and CSV files, whatever they contain."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis import __main__ as command
from analysis.figures import draw
from analysis.report import pages
from tests.analysis import synthetic

pytestmark = pytest.mark.slow
HOSTILE = """"><script>alert(1)</script><img src=x onerror='alert(2)'>&lt;b&gt;{{ 7 * 7 }} $\\frac{$"""
CONTROL = "\x1b[31m\x00\x01\x7f\x85\u202e\u2066\u200f\ufffe"
"""Characters that move a terminal's cursor, reverse a line, or are not allowed in XML."""
TEMPLATES = "".join(path.read_text() for path in pages.HERE.glob("*.j2"))
TEXTS = (
    *("space", "data", "worker", "error", "alarms", "truth", "answer", "family", "encoder", "head", "frozen_before"),
    "licence",
)


class Parts(HTMLParser):
    """The tags and attributes of a page, its scripts, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.text, self.inside = set(), set(), [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.inside = tag == "script"
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)
        self.text += data

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "script"


def hostile() -> pd.DataFrame:
    """A table in which every text is hostile, with one failed trial."""
    df = synthetic.models(versions=("published", "corrected"), searched=3, repeated=3, epochs=2)
    df = synthetic.with_counts(df)
    costs = {"macs": df["cell"].astype("category").cat.codes + 1, "licence": "mine", "predict_images_per_second": 5.0}
    df = df.assign(**costs).astype(synthetic.COLUMNS)
    failed = df["trial"] == "c001-s001"
    df.loc[failed, ["state", "error"]] = ["failed", "RuntimeError: "]
    df["cell"] = df["cell"].str.replace("model=", f"model={CONTROL}{HOSTILE}")
    for name in ("trial", "replicate_of"):
        df[name] = df[name].str.replace("-", f"-{HOSTILE}-")
    for name in TEXTS:
        df[name] = df[name] + HOSTILE + CONTROL
    return df


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "DPI", 40)
        patch.setattr(draw, "KINDS", draw.KINDS[:3])  # all figures draw text in the same way
        folder = synthetic.write(hostile(), tmp_path_factory.mktemp("hostile") / "<img src=x onerror=alert(3)>\x1b[0m")
        assert command.main([str(folder)]) == 0
        patch.setattr(draw, "pictures", lambda *_: [])
        others = [synthetic.write(hostile(), folder.with_name(name)) for name in ("=other", "<script>")]
        assert command.main(list(map(str, others))) == 0
    return folder


def written_pages(folder: Path) -> list[Path]:
    return [folder / "report.html", *(folder.parent / "beside").glob("*.html")]


def test_pages_have_the_tags_of_their_templates_and_no_script_but_their_own(written):
    known = set(re.findall("<([a-z0-9]+)", TEMPLATES))
    assert len(written_pages(written)) == 2
    for path in written_pages(written):
        page = Parts(path.read_text())
        assert page.tags <= known
        assert not {name for name in page.attributes if name.startswith("on")}
        assert page.scripts == [(pages.HERE / "sort.js").read_text()]
        assert HOSTILE in page.text


def test_pictures_have_no_script_nor_link(written):
    pictures = list((written / "figures").glob("*.svg"))
    assert len(pictures) >= 5
    for path in pictures:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert not {"script", "a", "foreignObject"} & tags, path.name


def test_no_file_has_a_control_character(written):
    files = [path for folder in (written, written.parent / "beside") for path in folder.rglob("*")]
    texts = {path: path.read_text() for path in files if path.suffix in (".html", ".csv", ".svg")}
    assert len(texts) > 20
    assert [path.name for path, text in texts.items() if set(text) & set(CONTROL) - set("[31m")] == []
    assert "\\x1b[31m" in texts[written / "report.html"]


def test_tables_begin_no_cell_as_a_formula(written):
    files = [*(written / "tables").glob("*.csv"), *(written.parent / "beside" / "tables").glob("*.csv")]
    assert len(files) > 10
    for path in files:
        with path.open(newline="") as opened:
            for row in csv.reader(opened):
                for cell in row:
                    assert not cell.startswith(pages.RUN) or pages.NUMBER.fullmatch(cell), (path.name, cell)


@pytest.mark.parametrize(("text", "defused"), [
    ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-x", "'-x"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"), ("＝1", "'＝1"), ("-1", "-1"), ("+0.5", "+0.5"), ("-1e-5", "-1e-5"), ("-1+1", "'-1+1"),
    ("-", "'-"), ("a=1", "a=1"), ("", ""), ("'=1", "'=1"), ("-٣", "'-٣"),
])  # fmt: skip
def test_text_is_defused_and_numbers_are_not(text, defused):
    assert pages.defused(text) == defused


def test_columns_of_numbers_stay_numbers_and_missing_texts_stay_empty():
    df = pd.DataFrame(
        {"=a": ["=x", None, "-1"], "b": [-1.5, np.nan, 2.0], "c": pd.Series([-1, None, 2], dtype="Int64")}
    )
    lines = pages.csv(df, "@data").decode().splitlines()
    assert lines == ["'=a,b,c,data", "'=x,-1.5,-1,'@data", ",,,'@data", "-1,2.0,2,'@data"]
