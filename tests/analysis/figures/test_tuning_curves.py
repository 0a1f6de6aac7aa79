"""Tuning curves and who overtakes whom, recomputed by going through subsets, and odd studies."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import draw, overtaking, tuning_curves
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def kind(stem):
    return next(kind for kind in draw.KINDS if kind.stem == stem)


def of_cell(df, cell):
    """The last validation accuracy of each search trial that ended with one, in plain pandas."""
    rows = df[(df["cell"] == cell) & (df["role"] == "search") & (df["split"] == "val") & (df["metric"] == "accuracy")]
    return rows[rows["state"].isin(["complete", "pruned"])].groupby("trial")["score"].last()


def test_the_line_is_the_mean_of_the_best_over_all_choices_of_trials(made, made_table):
    data = tuning_curves.data(made_table)
    for cell, rows in data.groupby("cell"):
        scores = of_cell(made, cell)
        wanted = [np.mean([max(some) for some in combinations(scores, n)]) for n in range(1, len(scores) + 1)]
        assert rows["mean"].tolist() == pytest.approx(wanted)
        assert set(rows["n"]) == {len(scores)}


def test_at_one_trial_it_is_the_mean_and_at_all_the_best(made, made_table):
    for cell, rows in tuning_curves.data(made_table).groupby("cell"):
        scores = of_cell(made, cell)
        assert rows["mean"].iloc[0] == pytest.approx(scores.mean())
        assert rows["mean"].iloc[-1] == pytest.approx(scores.max())


def test_the_band_holds_the_line_and_stays_within_the_limits(made_table):
    data = tuning_curves.data(made_table)
    assert ((data["low"] >= 0) & (data["low"] < data["mean"]) & (data["mean"] < data["high"])).all()
    assert (data["high"] <= 1).all()


@pytest.mark.parametrize("size", [3, 20, 70])
def test_the_band_covers_all_budgets_at_once_as_often_as_it_says(size):
    """Uniform scores: the expected best of n is n / (n + 1)."""
    draw, ns = np.random.default_rng(0), np.arange(1, size + 1)
    covered = 0
    for _ in range(200):
        curve = tuning_curves.expected(draw.random(size), (0, 1))
        covered += bool(((curve["low"] <= ns / (ns + 1)) & (ns / (ns + 1) <= curve["high"])).all())
    assert covered >= 180  # of 200 at 95 %: fewer than 180 have a chance of 1 in 500


def test_a_band_is_the_same_whatever_was_computed_before(made):
    first = tuning_curves.expected(of_cell(made, made["cell"].iloc[0]), (0, 1))
    tuning_curves.expected([0.1, 0.2, 0.4], (0, 1))
    pd.testing.assert_frame_equal(tuning_curves.expected(of_cell(made, made["cell"].iloc[0]), (0, 1)), first)


def test_one_trial_and_scores_without_limits_have_no_band():
    assert tuning_curves.expected([0.4], (0, 1)).fillna(-1).to_numpy().tolist() == [[1, 0.4, -1, -1]]
    for scores, limits in (([0.4, 0.5, 3.0], (-np.inf, np.inf)), ([-0.4, 0.5, 3.0], (0, 1))):
        loose = tuning_curves.expected(scores, limits)
        assert loose[["low", "high"]].isna().all(axis=None)
        assert loose["mean"].notna().all()


def test_equal_scores_make_a_level_line():
    assert tuning_curves.expected([0.5] * 6, (0, 1))["mean"].tolist() == pytest.approx([0.5] * 6)


def test_pruned_trials_count_with_their_last_score_and_failed_ones_do_not(made, made_table):
    pruned = made.loc[(made["role"] == "search") & (made["state"] == "pruned"), "trial"].unique()
    scored = tuning_curves.scored(made_table)
    assert set(pruned) <= set(scored["trial"])
    assert not set(made.loc[made["state"] == "failed", "trial"]) & set(scored["trial"])
    text = kind("tuning-curves").caption(tuning_curves.data(made_table))
    assert f"({len(pruned)} of {len(scored)} were pruned)" in text
    assert "lower bound" in text


def test_epochs_are_the_trials_times_the_mean_of_one(made_table):
    data = tuning_curves.by_epochs(made_table)
    epochs = tuning_curves.scored(made_table).groupby("cell")["epoch"].mean()
    assert (data["epochs"] / data["trials"]).tolist() == pytest.approx(data["cell"].map(epochs).tolist())


def test_without_pruning_there_are_no_curves_by_epoch():
    df = StudyTable(synthetic.study(fractions=(1.0,), searched=2, repeated=0))
    assert len(tuning_curves.data(df)) == 7  # one of the eight trials failed
    assert tuning_curves.by_epochs(df).empty


@pytest.mark.parametrize("state", ["failed", "running"])
def test_trials_without_an_end_draw_nothing(made, state):
    df = StudyTable(made[made["role"] == "search"].assign(state=state))
    assert tuning_curves.data(df).empty
    assert overtaking.numbers(df).empty
    assert overtaking.sentences(df) == []


def test_all_trials_pruned_and_an_empty_table(made):
    pruned = StudyTable(made[made["role"] == "search"].assign(state="pruned"))
    assert tuning_curves.data(pruned)["cell"].nunique() == 12
    for empty in (made.iloc[:0], made[made["metric"] == "loss"]):
        assert tuning_curves.data(StudyTable(empty)).empty
        assert tuning_curves.by_epochs(StudyTable(empty)).empty
        assert overtaking.sentences(StudyTable(empty)) == []


def test_one_cell_of_one_trial_is_a_point():
    df = StudyTable(synthetic.study(regimes=("fine_tune",), fractions=(1.0,), searched=1, repeated=0))
    data, ax = tuning_curves.data(df), Figure().subplots()
    tuning_curves.plot(data, ax)
    assert ax.lines[0].get_marker() == "o"
    assert overtaking.sentences(df) == []
    assert "there is no band" in tuning_curves.caption(data)


def test_the_axis_holds_the_lines_and_the_bands_at_full_budget(made_table):
    ax, data = Figure().subplots(), tuning_curves.data(made_table)
    panel = data[data["panel"] == data["panel"].iloc[0]]
    tuning_curves.plot(panel, ax)
    last = panel.drop_duplicates("cell", keep="last")
    assert panel["low"].min() < ax.get_ylim()[0] < min(last["low"].min(), panel["mean"].min())


def test_curves_of_overtaking_are_those_of_the_figure():
    scores = np.random.default_rng(0).random((5, 9))
    for row, curve in zip(scores, overtaking.curves(scores).T, strict=True):
        assert curve == pytest.approx(tuning_curves.expected(row, (0, 1))["mean"].to_numpy())


def test_crossing_is_the_first_budget_from_which_on_one_stays_above():
    gaps = np.array([[1, 1, -1, -1, 1, 0], [1, -1, -1, 1, -1, 0], [1, 1, 1, -1, 1, 0]])
    assert overtaking.crossing(gaps).tolist() == [1, 3, 3, np.inf, 3, np.inf]


def two_cells(first, second):
    """A study of fine_tune and scratch with these last scores."""
    trial = {"role": "search", "state": "complete", "epoch": 1, "split": "val", "metric": "accuracy"}
    rows = []
    for place, (regime, scores) in enumerate({"fine_tune": first, "scratch": second}.items()):
        cell = trial | {"cell": f"regime={regime}", "regime": regime}
        rows += [cell | {"trial": f"c{place:03d}-s{n:03d}", "score": score} for n, score in enumerate(scores)]
    return synthetic.frame(rows)


def test_equal_scores_added_up_in_another_order_are_no_lead():
    gaps = np.array([[1.1e-16, 1.1e-16], [0.1, 1.1e-16]])
    assert overtaking.crossing(gaps).tolist() == [2, np.inf]


def test_a_steady_contender_is_overtaken_by_a_bold_one():
    df = two_cells([0.1, 0.2, 0.3, 0.4, 0.9, 0.95], [0.6, 0.61, 0.62, 0.63, 0.64, 0.65])
    (row,) = overtaking.numbers(StudyTable(df)).itertuples()
    bold, steady = (
        tuning_curves.expected(of_cell(df, cell), (0, 1))["mean"] for cell in (row.cell_ahead, row.cell_behind)
    )
    assert (row.ahead, row.behind, row.budget) == ("fine_tune", "scratch", 6)
    assert row.overtakes == 1 + int(np.flatnonzero(bold <= steady)[-1]) + 1
    assert row.low <= row.overtakes <= row.high
    assert 0.5 < row.share <= 1
    sentences = overtaking.sentences(StudyTable(df))
    assert sentences[0].startswith(f"fine_tune overtakes scratch at {row.overtakes:.0f} trials [")
    assert sentences[-1].startswith("Brackets: 95 % percentile interval")


def test_who_leads_from_the_start_overtakes_nobody():
    df = StudyTable(two_cells([0.8, 0.9, 0.85], [0.1, 0.2, 0.3]))
    assert overtaking.numbers(df)["overtakes"].tolist() == [1]
    sentence = "In 1 of 1 pair who is ahead after one trial is not overtaken as far as both have trials."
    assert overtaking.sentences(df) == [sentence]


def test_equal_contenders_end_equal():
    df = StudyTable(two_cells([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]))
    assert overtaking.numbers(df)["overtakes"].tolist() == [np.inf]
    assert overtaking.sentences(df) == ["In 1 of 1 pair both end with equal scores."]


def test_resamples_are_the_same_each_time(made, made_table):
    pd.testing.assert_frame_equal(overtaking.numbers(StudyTable(made)), overtaking.numbers(made_table))
    assert not overtaking.numbers(made_table, 1)["share"].equals(overtaking.numbers(made_table)["share"])
