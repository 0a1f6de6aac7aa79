"""The map of freezing depth against label fraction: its numbers, and that no field is made up."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures import depth_map
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def compared(depths=(1, 2, 4)):
    """A study that compares freezing depth; depth 2 has no cell at half of the labels."""
    parts = []
    for depth in depths:
        df = synthetic.study(("partial_freeze",), (0.1, 0.5, 1.0), searched=2, repeated=2, epochs=1, seed=depth)
        df["cell"] = df["cell"].str.replace("regime=partial_freeze", f"freeze_depth={depth}")
        for name in ("trial", "replicate_of"):
            df[name] = df[name].str.replace("c0", f"c{depth}")
        parts.append(df.assign(freeze_depth=depth)[(depth != 2) | (df["label_fraction"] != 0.5)])
    return pd.concat(parts, ignore_index=True).astype(synthetic.COLUMNS)


def test_a_field_is_the_best_complete_trial_at_its_depth_and_fraction(made_table):
    data, trials = depth_map.data(made_table), made_table.trials
    done = trials[(trials["role"] == "search") & (trials["state"] == "complete") & trials["freeze_depth"].notna()]
    for row in data.itertuples():
        here = done[(done["freeze_depth"] == row.freeze_depth) & (done["label_fraction"] == row.label_fraction)]
        assert row.n == len(here)
        assert np.isnan(row.score) if here.empty else row.score == here["val"].max()
    assert set(data["panel"]) == {"partial_freeze"}
    assert len(data) == 3 * (data["freeze_depth"].max() - data["freeze_depth"].min() + 1)
    assert set(data["split"]) == {"val"}


def test_where_depth_is_compared_a_field_is_the_mean_of_the_replicates():
    df = compared()
    data = depth_map.data(StudyTable(df)).set_index(["freeze_depth", "label_fraction"])
    test = df[df["split"] == "test"].groupby(["freeze_depth", "label_fraction"])["score"].mean()
    for key, mean in test.items():
        assert data.loc[key, "score"] == pytest.approx(mean)
    assert (data.loc[(2, 0.5), "n"], set(data["split"])) == (0, {"test"})
    assert "Mean test accuracy (%) of each cell's replicates" in depth_map.caption(data.reset_index())


def test_missing_fields_are_hatched_and_others_have_their_number():
    data, ax = depth_map.data(StudyTable(compared())), Figure().subplots()
    depth_map.plot(data, ax)
    fields = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert [bool(patch.get_hatch()) for patch in fields] == (data["n"] == 0).tolist()
    assert set(data.loc[data["freeze_depth"] == 3, "n"]) == {0}, "a depth that none had is hatched too, not left white"
    assert [text.get_text() for text in ax.texts].count("n=2") == 8
    assert depth_map.height(data) > depth_map.height(data[data["freeze_depth"] < 3])


def test_the_shades_rise_in_grey():
    grey = depth_map.COLOURS(np.linspace(0, 1, 50))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) > 0).all()


def test_the_words_name_the_best_depth(made_table):
    data = depth_map.data(made_table)
    best = data.loc[data.groupby("label_fraction")["score"].idxmax()]
    for row in best.itertuples():
        assert f"{100 * row.label_fraction:g} % of the labels: depth {row.freeze_depth}, {100 * row.score:.2f}" in (
            depth_map.alt(data)
        )
    assert "leans upwards more" in depth_map.caption(data)


def test_without_two_depths_and_two_fractions_there_is_no_map(made):
    for rows in (made["label_fraction"] == 1, made["regime"] == "fine_tune", made["state"] == "pruned"):
        assert depth_map.data(StudyTable(made[rows])).empty
    assert depth_map.data(StudyTable(made.assign(freeze_depth=3).astype(synthetic.COLUMNS))).empty
    assert depth_map.data(StudyTable(made.iloc[:0])).empty
    assert depth_map.data(StudyTable(made.assign(validation="test").astype(synthetic.COLUMNS))).empty
