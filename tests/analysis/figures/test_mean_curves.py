"""The mean curves of contenders: plain means, by epoch or by step."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import mean_curves
from analysis.numbers import stats
from analysis.numbers.study_table import StudyTable
from analysis.report import study_report
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def made():
    return synthetic.pretrained()


@pytest.fixture(scope="module")
def made_table(made):
    return StudyTable(made)


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_a_point_is_the_mean_over_replicates(made, made_table, metric):
    data = mean_curves.data(made_table, metric)
    assert len(data) == 6 * 9
    for row in data.iloc[::5].itertuples():
        rows = made[(made["cell"] == row.cell) & (made["role"] == "replicate") & (made["epoch"] == row.epoch)]
        scores = rows[(rows["split"] == "val") & (rows["metric"] == metric)]["score"]
        assert row.mean == pytest.approx(np.mean(scores))
        assert (row.low, row.high) == pytest.approx(stats.t_interval(scores, stats.bounds(metric))[1:3])


def test_contenders_share_a_panel_in_the_order_of_the_study(made_table):
    data = mean_curves.data(made_table)
    assert list(data["panel"].unique()) == ["10 % labels", "100 % labels"]
    assert list(data["contender"].unique()) == ["none", "patches", "touching"]


def test_curves_by_step_need_cells_with_different_numbers_of_steps_an_epoch(made_table):
    assert mean_curves.by_step(made_table).empty
    data = mean_curves.by_step(StudyTable(synthetic.pretrained(steps=True)))
    ends = data.groupby("panel")["step"].max()
    assert ends["100 % labels"] == 10 * ends["10 % labels"]


def test_nothing_is_drawn_where_nothing_competes():
    one = synthetic.study(regimes=("scratch",), fractions=(1.0,), searched=2, repeated=2)
    assert mean_curves.data(StudyTable(one.assign(cell="all"))).empty


@pytest.mark.parametrize("against", ["epoch", "step"])
def test_the_ink_is_a_line_and_a_band_per_contender(made_table, against):
    ax = Figure().subplots()
    data = mean_curves.data(made_table)
    mean_curves.plot(data[data["panel"] == "10 % labels"], ax, against)
    assert [line.get_label() for line in ax.get_lines()] == ["none", "patches", "touching"]
    assert len(ax.collections) == 3
    assert ax.get_xlabel() == mean_curves.AXES[against]


def test_words_say_n_and_the_intervals_kind(made_table):
    data = mean_curves.data(made_table)
    assert "n = 5 replicates" in mean_curves.caption(data)
    assert stats.KIND in mean_curves.caption(data)
    assert "patches (10 % labels) " in mean_curves.alt(data)


def test_the_table_has_the_mean_curve_of_all_replicates(made, made_table):
    curves = mean_curves.numbers(made_table)
    assert curves.columns.tolist() == ["cell", "role", "split", "metric", "epoch", "step", "mean", "low", "high", "n"]
    assert len(curves) == 6 * 2 * 9  # cells, metrics, epochs
    assert set(curves["split"]) == {"val"}
    for row in curves.iloc[::7].itertuples():
        rows = made[(made["cell"] == row.cell) & (made["role"] == "replicate") & (made["epoch"] == row.epoch)]
        rows = rows[(rows["split"] == "val") & (rows["metric"] == row.metric)]
        assert (row.mean, row.n, row.step) == (pytest.approx(rows["score"].mean()), 5, rows["step"].max())
        assert (row.low, row.high) == pytest.approx(stats.t_interval(rows["score"], stats.bounds(row.metric))[1:3])


def test_the_table_has_trials_as_published_and_training_too():
    df = synthetic.models(missing=False, searched=2, repeated=3, epochs=2)
    train = df[(df["split"] == "val") & (df["metric"] == "loss") & (df["epoch"] > 0)].assign(split="train")
    curves = mean_curves.numbers(StudyTable(pd.concat([df, train], ignore_index=True)))
    assert set(curves["role"]) == {"replicate", "published"}
    both = curves[curves["metric"] == "loss"].pivot(index=["cell", "epoch"], columns="split", values="mean")
    assert both.loc[(slice(None), 0), "train"].isna().all()
    later = both.loc[(slice(None), [1, 2]), :]
    assert later["train"].tolist() == pytest.approx(later["val"].tolist())


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_the_table_lies_beside_the_report(made_table, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.figures.draw.DPI", 40)
    study_report.write(made_table, tmp_path)
    curves = pd.read_csv(tmp_path / "tables" / "curves.csv")
    assert len(curves) == 6 * 2 * 9
    assert (tmp_path / "figures" / "learning-curves.svg").exists()


def test_without_a_replicate_the_table_is_empty():
    assert mean_curves.numbers(
        StudyTable(synthetic.study(("fine_tune",), (1.0,), searched=2, repeated=0, epochs=2))
    ).empty
