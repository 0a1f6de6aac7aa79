"""A report's words and files, and the clear words that odd tables end in."""

import csv
import re

import pandas as pd
import pytest

from analysis.answers import questions
from analysis.figures import draw
from analysis.numbers import stats, table
from analysis.numbers.study_table import StudyTable
from analysis.report import study_report
from tests.analysis import synthetic
from tests.analysis.conftest import without_ink
from tests.analysis.synthetic import said as report_text

STEMS = tuple(kind.stem for kind in draw.KINDS if kind.stem != "mean-curves-steps")
"""Figures of the made-up study: all but mean curves by step, which are those by epoch."""


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few dots: these tests read words."""
    monkeypatch.setattr(draw, "DPI", 40)


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    folder = synthetic.write(made, tmp_path_factory.mktemp("written") / "gtsrb")
    with without_ink():
        return folder, report_text(made, folder)


@pytest.fixture(scope="module")
def drawn(made, tmp_path_factory):
    """The folder of the same with its pictures, of few dots."""
    folder = synthetic.write(made, tmp_path_factory.mktemp("drawn") / "gtsrb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "DPI", 40)
        report_text(made, folder)
    return folder


@pytest.mark.slow
def test_the_report_stands_alone(drawn):
    folder = drawn
    raw = (folder / "report.html").read_text()
    assert len(raw) < 5_000_000
    assert (folder / "figures" / "mean-loss.svg").read_text().startswith("<?xml")
    assert not re.search(r"<script .|<link|https?://", raw)
    assert (
        raw.count("<img ") == len(STEMS) == len(re.findall(r'src="data:image/png;base64,[^"]+" alt="[^"]{60,}"', raw))
    )


def test_figures_and_tables_lie_beside_it(written):
    folder, _ = written
    pictures = {path.name for path in (folder / "figures").iterdir()}
    assert pictures == {f"{stem}.{ending}" for stem in STEMS for ending in ("png", "svg")}
    cells = pd.read_csv(folder / "tables" / "cells.csv")
    assert cells["test_mean"].tolist() == pytest.approx(StudyTable(table.load(folder)).cells["test_mean"].tolist())
    for path in (folder / "tables").iterdir():
        assert set(pd.read_csv(path)["data"]) <= {synthetic.SOURCE}


def test_the_answers_come_first_and_once(written, made_table):
    text = " ".join(written[1].split())
    heads = re.findall("<h2>(.*?)</h2>", text)
    assert heads[:3] == ["Answers", "Scores", "What was studied"]
    for question in questions.answers(made_table):
        assert text.count(f"<h3>{question.text}</h3>") == 1
        for answer in question.answers:
            assert text.count(answer.claim) == 1


@pytest.mark.usefixtures("undrawn")
def test_stand_in_data_have_a_loud_note(written, made, tmp_path):
    assert "STAND-IN DATA." in written[1]
    assert "STAND-IN" not in report_text(made[made["regime"] == "fine_tune"].assign(data="GTSRB official"), tmp_path)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_a_table_of_versions_alarms_and_cells_not_run(tmp_path):
    df = synthetic.models(searched=2, repeated=3, epochs=2)
    text = report_text(df, tmp_path)
    heads = re.findall("<h2>(.*?)</h2>", text)
    expected = [
        "Probability of improvement",
        "As published and corrected",
        "What each cause costs",
        "Alarms",
        "Not run",
    ]
    assert [head for head in heads if head in expected] == expected
    assert f"4 of 16 cells were not run: {synthetic.NO_WEIGHTS}." in text
    assert "hash equal before and after, and throughout each phase, in all" in text
    assert "as published, measured: all causes on, with the publication's own recipe" in " ".join(text.split())
    assert "not separated, as no result can be at n = 3 each" in text
    assert "how many of the trials with the alarm still have it in their last report" in text
    assert not {"= test", "(one class)", "images: training images of the corrected"} & set(text.split("; "))
    assert "validated on the test split" not in text
    improvement = pd.read_csv(tmp_path / "tables" / "improvement.csv")
    assert not improvement["separated"].any()
    assert (improvement["mann_whitney_p"] >= 0.1).all()
    assert "Newcombe 2006" in text
    assert "2108.13264" in text
    names = {"cells": 16, "versions": 16, "causes": 9, "improvement": 12, "not_run": 4}
    assert {name: len(pd.read_csv(tmp_path / "tables" / f"{name}.csv")) for name in names} == names
    assert "batchnorm_gap" in set(pd.read_csv(tmp_path / "tables" / "alarms.csv")["kind"])


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_validation_on_the_test_split_and_its_images_are_explained(tmp_path):
    text = report_text(synthetic.on_test(synthetic.models(searched=2, repeated=3, epochs=2)), tmp_path)
    assert "= test: validated on the test split (validation=test)" in text
    assert "images: training images of the corrected and of the other" in text
    assert "<td>3,440 and 3,840</td>" in text
    assert "(one class)" not in text


def test_a_study_without_versions_or_alarms_has_no_such_parts(written):
    heads = re.findall("<h2>(.*?)</h2>", written[1])
    assert not {"As published and corrected", "What each cause costs", "Not run"} & set(heads)
    assert re.search(r"<h2>Alarms</h2>\s*<p>None.</p>", written[1])
    assert "Frozen state: no trial froze anything." in written[1]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_many_pairs_are_left_to_their_file(tmp_path, monkeypatch):
    monkeypatch.setattr(study_report, "PAIRS", 0)
    both = synthetic.study(("partial_freeze", "fine_tune"), (1.0,), searched=3, repeated=2, epochs=3)
    assert "1 pair: see tables/improvement.csv" in report_text(both, tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_a_frozen_state_that_moved_is_loud(tiny, tmp_path):
    text = report_text(tiny.assign(frozen_before="a", frozen_after="b"), tmp_path)
    assert re.search(r'<p class="note loud">Frozen state: what was frozen MOVED in 10 of 10 trials', text)


def test_only_cells_that_were_not_run(tmp_path):
    df = synthetic.models(versions=("corrected",), epochs=2)
    text = report_text(df[df["state"] == "not_run"], tmp_path)
    assert "1 of 1 cell was not run" in text
    assert text.count("Not drawn: ") == len(draw.KINDS) + len(draw.OF_VERSIONS)


def test_the_report_is_careful_about_many_comparisons(made_table, written):
    assert stats.CAUTION in written[1]
    assert stats.CAUTION in study_report.note(made_table)


def test_the_number_of_images_is_in_the_cell_table(made, made_table, written):
    assert study_report.cell_table(made_table)["images"].tolist() == ["344", "1,720", "3,440"] * 4
    assert set(pd.read_csv(written[0] / "tables" / "cells.csv")["train_images"]) == {344, 1720, 3440}
    assert '<th scope="col">images</th>' in written[1]
    assert "images" not in study_report.cell_table(StudyTable(made.assign(train_images=pd.NA).astype(table.COLUMNS)))


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_one_of_a_thing_is_singular(tmp_path, capsys):
    one = {"regimes": ("fine_tune",), "fractions": (1.0,), "searched": 1, "repeated": 1, "epochs": 2}
    text = report_text(synthetic.study(**one), tmp_path)
    assert "n = 1 replicate of each" in text
    assert "n = 1 search trial, 1 replicate of" in text
    search = synthetic.study(**one | {"repeated": 0})
    assert "1 of 1 cell has no test score yet: fine_tune · 100 % labels." in report_text(search, tmp_path)
    assert "(1 trial; " in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_failed_trials_are_listed_and_their_errors_escaped(tiny, tmp_path):
    state = tiny["state"].mask(tiny["trial"] == "c000-s000", "failed")
    error = tiny["error"].mask(tiny["trial"] == "c000-s000", "<script>alert('$x_{')</script>")
    report_text(tiny.assign(state=state, error=error), tmp_path)
    raw = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in raw
    assert "&lt;script&gt;alert" in raw


@pytest.mark.usefixtures("undrawn")
def test_csv_text_is_no_formula(small, tmp_path):
    texts = ["=1+1", "+A1", "-A1", "@sum", "\t=1"]
    failed = small.drop_duplicates("trial").head(5).assign(state="failed", error=texts)
    report_text(failed, tmp_path)
    with (tmp_path / "tables" / "failed.csv").open(newline="") as file:
        assert [row["error"] for row in csv.DictReader(file)] == ["'" + text for text in texts]


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_csv_numbers_may_be_negative(tiny, tmp_path):
    report_text(tiny.assign(score=-tiny["score"], metric=tiny["metric"].replace("accuracy", "likelihood")), tmp_path)
    assert (pd.read_csv(tmp_path / "tables" / "trials.csv")["val"].dropna() <= 0).all()


def test_an_empty_table(made, tmp_path):
    assert "EMPTY." in report_text(made.iloc[:0], tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_only_running_trials(tiny, tmp_path):
    text = report_text(tiny[tiny["role"] == "search"].assign(state="running"), tmp_path)
    assert "PARTIAL. 6 trials are still running" in re.sub("<.*?>", "", text)
    assert "no cell has a winner" in text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_running_trials_without_a_score(tiny, tmp_path):
    bare = tiny.drop_duplicates("trial").assign(
        state="running", score=float("nan"), epoch=None, split=None, metric=None
    )
    assert report_text(bare.astype(table.COLUMNS), tmp_path).count("Not drawn: ") == len(draw.KINDS)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("state", [pytest.param("pruned", marks=pytest.mark.nightly), "failed"])
def test_all_trials_ended_early(tiny, tmp_path, state):
    text = report_text(tiny[tiny["role"] == "search"].assign(state=state), tmp_path)
    assert "Not drawn: no cell has a winner" in text
    assert "2 of 2 cells have no test score yet" in text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_no_replicates_yet(tiny, tmp_path):
    assert "No replicate has a test score yet" in report_text(tiny[tiny["role"] == "search"], tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_one_cell(tmp_path):
    text = report_text(synthetic.study(("fine_tune",), (1.0,), searched=3, repeated=2, epochs=3), tmp_path)
    assert "1 cell: regime (fine_tune) × label_fraction (100 %)." in text
    assert "Not drawn: no search trial that reads a freezing depth" in text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_cells_without_compared_keys(small, tmp_path):
    text = report_text(small[small["cell"] == small["cell"].iloc[0]].assign(cell=""), tmp_path)
    assert "1 cell." in text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_missing_metric(tiny, tmp_path):
    text = report_text(tiny[tiny["metric"] == "loss"], tmp_path)
    assert text.count("Not drawn: ") == len(draw.KINDS) - 1  # workers have a time line without any score


@pytest.mark.nightly
def test_names_of_any_kind(tiny, tmp_path):
    odd = tiny.assign(
        regime="my $own^ <b>", cell=tiny["cell"].str.replace(r"regime=\w+", "regime=my $own^ <b>", regex=True)
    )
    report_text(odd, tmp_path)
    assert "<b>" not in (tmp_path / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_pictures_of_an_earlier_report_are_removed(small, tmp_path):
    report_text(small, tmp_path)
    own = tmp_path / "figures" / "mine.png"
    own.touch()
    report_text(small[small["regime"] == "fine_tune"], tmp_path)
    assert not (tmp_path / "figures" / "freezing-depth.png").exists()
    assert own.exists()


@pytest.mark.slow
def test_pictures_beyond_the_reports_size_are_named(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(study_report, "EMBEDDED", 25_000)
    assert "see figures/learning-rate.png" in report_text(tiny, tmp_path)
