"""The replicates by every metric, recomputed from the table in the plainest way."""

import html

import pandas as pd
import pytest

from analysis.numbers import metrics, stats
from analysis.numbers.study_table import StudyTable
from analysis.report import study_report
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def several():
    """A study with two test metrics, accuracy and f1."""
    return synthetic.pretrained(epochs=2)


@pytest.fixture(scope="module")
def several_table(several):
    return StudyTable(several)


def test_each_metric_has_its_mean_over_replicates(several, several_table):
    numbers = metrics.numbers(several_table)
    assert numbers["metric"].tolist() == ["accuracy", "f1"] * 6
    for row in numbers.itertuples():
        rows = several[(several["cell"] == row.cell) & (several["role"] == "replicate") & (several["split"] == "test")]
        scores = rows[rows["metric"] == row.metric]["score"]
        assert (row.mean, row.n) == pytest.approx((scores.mean(), 5))
        assert (row.low, row.high) == pytest.approx(stats.t_interval(scores, (0, 1))[1:3])


def test_the_text_puts_the_metrics_side_by_side(several_table):
    texts, numbers = metrics.text(several_table), metrics.numbers(several_table)
    assert texts.columns.tolist() == ["", "accuracy", "f1", "n"]
    assert len(texts) == 6
    second = numbers.iloc[1]
    assert texts["f1"][0] == f"{100 * second['mean']:.2f} [{100 * second['low']:.2f}, {100 * second['high']:.2f}]"
    assert set(texts["n"]) == {"5"}


def test_the_metric_that_selects_comes_first(several):
    renamed = StudyTable(several.assign(metric=several["metric"].replace({"accuracy": "mAP", "f1": "AP_per_image"})))
    assert metrics.text(renamed).columns.tolist() == ["", "mAP", "AP_per_image", "n"]


def test_trials_as_published_count_and_missing_scores_are_dashes():
    df = synthetic.models(missing=False, searched=2, repeated=3, epochs=2)
    test = df[(df["split"] == "test") & (df["cell"] == "model=cnn, version=published")]
    more = test.assign(metric="f1", score=test["score"] / 2)
    numbers = metrics.numbers(StudyTable(pd.concat([df, more], ignore_index=True)))
    assert numbers[numbers["metric"] == "f1"]["mean"].tolist() == pytest.approx([test["score"].mean() / 2])
    texts = metrics.text(StudyTable(pd.concat([df, more], ignore_index=True)))
    assert (texts["f1"] == "–").sum() == len(texts) - 1


def test_without_spread_there_is_no_interval():
    df = synthetic.with_zero_shot(searched=2, repeated=2, epochs=2)
    test = df[df["split"] == "test"]
    numbers = metrics.numbers(StudyTable(pd.concat([df, test.assign(metric="f1")], ignore_index=True)))
    untrained = numbers["cell"].str.startswith("regime=zero_shot")
    assert numbers[untrained]["low"].isna().all()
    assert numbers[~untrained]["low"].notna().all()


def test_one_metric_alone_makes_no_table(made_table, tmp_path):
    assert metrics.numbers(made_table).empty
    assert metrics.text(made_table).empty


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_the_report_has_the_table_and_its_numbers(several_table, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.figures.draw.DPI", 40)
    study_report.write(several_table, tmp_path)
    assert "<h2>Other metrics of the replicates</h2>" in html.unescape((tmp_path / "report.html").read_text())
    assert len(pd.read_csv(tmp_path / "tables" / "metrics.csv")) == 12
