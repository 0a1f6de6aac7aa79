"""How far winners lie above their replicates."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.answers import choices
from analysis.figures import winners_curse as figure
from analysis.numbers import stats, winners_curse
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_the_excess_is_the_winners_score_less_the_mean_of_its_replicates(made_table):
    excesses, trials = winners_curse.data(made_table).drop_duplicates("cell").set_index("cell"), made_table.trials
    assert len(excesses) == 12
    for cell, rows in trials.groupby("cell"):
        again = rows[rows["role"] == "replicate"]
        best = rows[(rows["role"] == "search") & (rows["state"] == "complete")]["val"].max()
        mean, low, high, n = stats.t_interval(best - again["val"])
        row = excesses.loc[cell]
        assert row[["excess", "low", "high", "n"]].tolist() == pytest.approx([mean, low, high, n])
        assert row["winner"] - row["mean"] == pytest.approx(row["excess"])


def test_the_average_is_over_cells(made_table):
    excess = winners_curse.data(made_table).drop_duplicates("cell")["excess"]
    assert winners_curse.average(made_table) == stats.t_interval(excess)
    (sentence,) = choices.curse_sentences(made_table)
    assert f"lies {100 * excess.mean():.2f} [" in sentence
    assert "(n = 12 cells)" in sentence
    assert "includes 0" not in sentence


def test_one_cell_has_the_interval_of_its_replicates(made):
    one = StudyTable(made[made["cell"] == made["cell"].iloc[0]])
    mean, low, high, _ = winners_curse.data(one)[["excess", "low", "high", "n"]].iloc[0]
    claim = f"{100 * mean:.2f} [{100 * low:.2f}, {100 * high:.2f}] points above that of its replicates (n = 5)"
    assert claim in choices.curse_sentences(one)[0]


def test_an_interval_around_0_says_so(made):
    one = made[made["cell"] == made["cell"].iloc[0]]
    last = (one["role"] == "replicate") & (one["split"] == "val") & (one["epoch"] == 10)
    mean = StudyTable(one).winners["val"].iloc[0]
    around = StudyTable(one.assign(score=one["score"].mask(last, mean + (one["seed"].astype(float) - 102) / 100)))
    assert choices.curse_sentences(around)[0].endswith("(n = 5), an interval that includes 0.")


def test_a_winner_that_was_not_picked_has_no_curse(made):
    single = made[(made["role"] != "search") | made["trial"].str.endswith("s000")]
    again = StudyTable(single.assign(replicate_of=single["replicate_of"].str.replace(r"s\d+", "s000", regex=True)))
    assert winners_curse.data(again).empty
    assert choices.curse_sentences(again) == []


def test_fixed_scores_published_cells_and_validation_on_test_are_left_out():
    assert set(winners_curse.data(StudyTable(synthetic.with_zero_shot()))["contender"]) == {"feature_extraction"}
    models = synthetic.models()
    assert not winners_curse.data(StudyTable(models))["cell"].str.contains("published").any()
    tested = StudyTable(models.assign(validation="test"))
    assert winners_curse.data(tested).empty


@pytest.mark.parametrize("rows", [slice(0, 0), slice(0, 60)])
def test_tables_without_replicates_have_nothing(made, rows):
    assert winners_curse.data(StudyTable(made.iloc[rows])).empty
    assert choices.curse_sentences(StudyTable(made.iloc[rows])) == []
    assert np.isnan(winners_curse.average(StudyTable(made.iloc[rows])).mean)


def test_the_picture_has_a_row_per_cell(made_table):
    data, ax = winners_curse.data(made_table), Figure().subplots()
    figure.plot(data, ax)
    assert [text.get_text() for text in ax.get_yticklabels()] == data.drop_duplicates("cell")["row"].tolist()
    assert set(ax.get_legend_handles_labels()[1]) == {"replicates", "winner"}
    assert "n = 5 replicates" in figure.caption(data)
    assert figure.alt(data).count("[") == 12
