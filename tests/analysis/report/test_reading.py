"""docs/reading-a-report.md explains every part of a report, in two sentences each."""

import re
from pathlib import Path

import analysis
from analysis.answers import questions
from analysis.figures import draw
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic, synthetic_chains, synthetic_networks

DOCUMENT = Path(__file__).parents[3] / "docs" / "reading-a-report.md"
PARTS = dict(
    re.findall(r"^\*\*(.+?)(?:\.|(?<=\?))\*\* (.+?)(?:\n\n|\Z)", DOCUMENT.read_text(), flags=re.MULTILINE | re.DOTALL)
)


def test_each_part_has_two_sentences():
    ends = {name: len(re.findall(r"[.?!](?=\s|$)", text)) for name, text in PARTS.items()}
    assert {name: number for name, number in ends.items() if number != 2} == {}


def test_every_figure_is_explained():
    assert {kind.title for kind in draw.ALL} - set(PARTS) == set()


def test_nothing_is_explained_that_no_report_has():
    all_paths = Path(analysis.__file__).parent.rglob("*.j2")
    paths = [path for path in all_paths if not path.name.startswith("inspection")]  # a page of its own
    assert len(paths) == 3
    templates = "".join(path.read_text() for path in paths)
    known = set(re.findall("<h[23]>([^<{]+)</h[23]>", templates)) | {"Notes at the top"}
    regimes = synthetic.study(("scratch", "partial_freeze"), (0.1, 1.0), searched=3, repeated=3, epochs=2)
    for df in (
        regimes,
        synthetic_chains.chain(epochs=2),
        synthetic_networks.networks(regimes=("fine_tune",), repeated=3),
    ):
        known |= {question.text for question in questions.answers(StudyTable(df))}
    assert set(PARTS) - known - {kind.title for kind in draw.ALL} == set()
