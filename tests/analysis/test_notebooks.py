"""The notebooks: short, without outputs, and each runs on a golden study in seconds."""

import re
from pathlib import Path

import pytest

import analysis
from tests.analysis.conftest import GOLDEN

pytest.importorskip("nbclient", reason="nbclient is not installed: pip install -e '.[dev]'")

import nbclient
import nbformat

NOTEBOOKS = Path(analysis.__file__).parent / "notebooks"
STUDIES = {  # the golden study that each is about
    "regimes_and_labels": "regimes",
    "freezing_depth": "regimes",
    "search_behaviour": "regimes",
    "forgetting": "chain",
    "several_labels": "several",
}
FIRST = "first_study"  # makes the study that it is about
TOP = str(NOTEBOOKS.parents[1])


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def test_every_notebook_is_known():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {*STUDIES, FIRST}


@pytest.mark.parametrize("name", [*STUDIES, FIRST])
def test_a_notebook_is_short_and_has_no_outputs(name):
    book = read(name)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(book.cells) <= 8
    assert book.cells[0].source.startswith("# ")
    assert name == FIRST or code[0].source.startswith('folder = "../../results/')
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_notebook_runs_on_its_golden_study(name, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", TOP)
    book = read(name)
    next(cell for cell in book.cells if cell.cell_type == "code").source = f"folder = {str(GOLDEN / STUDIES[name])!r}"
    outputs = executed(book)
    pages = [output.get("data", {}).get("text/html", "") for output in outputs]
    assert any("data:image/png;base64," in page for page in pages)
    assert any("<table" in page for page in pages)
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.slow
def test_the_first_study_runs_from_its_notebook(tmp_path, monkeypatch):
    """Its progress is one line that is replaced, and its figure shows in the cell."""
    monkeypatch.setenv("PYTHONPATH", TOP)
    book = read(FIRST)
    for cell in book.cells:
        cell.source = cell.source.replace("../../results/first-study", str(tmp_path / "out"))
        cell.source = re.sub("(trials|epochs|replicates)=2", r"\1=1", cell.source)
    outputs = executed(book)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    texts = [output.get("data", {}).get("text/plain", "") for output in outputs]
    lines = [text for text in texts if " trials done" in text]
    assert len(lines) == 1
    assert lines[0].startswith("4 of 4 trials done")
    assert any(output.get("text", "").startswith("first-study (demo) on stand-in") for output in outputs)
    assert any("data:image/png;base64," in output.get("data", {}).get("text/html", "") for output in outputs)
    assert (tmp_path / "out" / "report.html").exists()


def executed(book) -> list:
    """Run a notebook; gives the outputs of its cells."""
    client = nbclient.NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": TOP}})
    client.execute()
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
