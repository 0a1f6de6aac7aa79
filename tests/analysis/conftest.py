"""The made-up study that the tests of the analysis share, and the reports of the golden ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from analysis.figures import draw
from analysis.numbers import table
from analysis.numbers.study_table import StudyTable
from analysis.report import study_report
from tests.analysis import synthetic
from tests.support import undrawn_run

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def made() -> pd.DataFrame:
    """12 cells, 8 search trials and 5 replicates each, one failed trial. Tests copy before they change it."""
    return synthetic.study()


@pytest.fixture(scope="session")
def made_table(made) -> StudyTable:
    """The same study with its derived tables."""
    return StudyTable(made)


@pytest.fixture(scope="session")
def folder(made, tmp_path_factory):
    """The same study as a folder."""
    return synthetic.write(made, tmp_path_factory.mktemp("results") / "gtsrb")


@pytest.fixture(scope="session")
def small() -> pd.DataFrame:
    """Two regimes at two label fractions, few trials of few epochs."""
    return synthetic.study(("partial_freeze", "fine_tune"), (0.1, 1.0), searched=3, repeated=2, epochs=3)


@pytest.fixture(scope="session")
def tiny(small) -> pd.DataFrame:
    """One of these regimes."""
    return small[small["regime"] == "partial_freeze"]


class Golden(NamedTuple):
    """A golden study's own folder, and the folder that its report was written into."""

    study: Path
    report: Path


@pytest.fixture(
    scope="session",
    params=["regimes", *(pytest.param(name, marks=pytest.mark.slow) for name in ("chain", "several", "networks"))],
)
def golden(request, tmp_path_factory) -> Golden:
    """Each golden study with a report of it, without ink."""
    study, place = GOLDEN / request.param, tmp_path_factory.mktemp(request.param)
    with without_ink():
        study_report.write(StudyTable(table.load(study)), place)
    return Golden(study, place)


@contextmanager
def without_ink() -> Iterator[None]:
    """For tests of words: replace the drawing by the numbers that it would show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "_draw", undrawn_run.draw)
        yield


@pytest.fixture
def undrawn():
    """No ink in one test."""
    with without_ink():
        yield
