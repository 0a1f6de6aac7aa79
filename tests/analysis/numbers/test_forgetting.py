"""Forgetting, recomputed from the table in the plainest way; incomplete tables give fewer rows, never an error."""

import numpy as np
import pandas as pd
import pytest

from analysis.numbers import forgetting, stats
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic_chains

TASKS = ("animals", "canines")


@pytest.fixture(scope="module")
def chains():
    return synthetic_chains.chain(tasks=TASKS)


@pytest.fixture(scope="module")
def chains_table(chains):
    return StudyTable(chains)


def scores(df, cell, task, metric):
    """Scores by seed of the trials that repeat a configuration."""
    rows = df[(df["cell"] == cell) & (df["task"] == task) & (df["metric"] == metric) & (df["split"] == "test")]
    return rows[rows["role"] != "search"].set_index("seed")["score"].sort_index()


def test_one_row_a_cell_earlier_task_and_metric_in_their_order(chains_table):
    numbers = forgetting.numbers(chains_table)
    assert len(numbers) == 9 * 2 * 3
    assert numbers["task"].drop_duplicates().tolist() == list(TASKS)
    assert numbers["metric"].tolist()[:3] == ["accuracy", "sensitivity", "specificity"]
    assert numbers["contender"].drop_duplicates().tolist() == ["feature_extraction", "stage_rates", "fine_tune"]
    assert set(numbers["n"]) == {3}


def test_each_number_is_a_mean_of_what_single_trials_lost(chains, chains_table):
    for row in forgetting.numbers(chains_table).to_dict("records"):
        before, own, after = (
            scores(chains, row["cell"], row["task"], row["metric"] + end) for end in ("_before", "_own_batchnorm", "")
        )
        parts = {"before": before, "after": after, "forgetting": before - after}
        parts |= {"weights": before - own, "batchnorm": own - after}
        for name, values in parts.items():
            limits = (0, 1) if name in ("before", "after") else (-1, 1)
            assert [row[name + end] for end in ("", "_low", "_high")] == pytest.approx(
                stats.t_interval(values, limits)[:3], abs=1e-12
            )


def test_the_parts_add_up_in_every_trial(chains_table):
    trials = forgetting.trials(chains_table)
    assert len(trials) == 9 * 2 * 3 * 3
    assert (trials["weights"] + trials["batchnorm"]).tolist() == pytest.approx(trials["forgetting"].tolist(), abs=1e-12)


def test_exact_is_zero_in_every_trial_and_nothing_less(chains, chains_table):
    numbers = forgetting.numbers(chains_table).set_index(["cell", "task", "metric"])
    frozen = "regime=feature_extraction, version=corrected"
    assert numbers[numbers["exact"]].index.get_level_values("cell").unique().tolist() == [frozen]
    one = (chains["cell"] == frozen) & (chains["seed"] == 100) & (chains["metric"] == "accuracy")
    moved = StudyTable(chains.assign(score=chains["score"].mask(one & (chains["task"] == "animals"), 0.9)))
    again = forgetting.numbers(moved).set_index(["cell", "task", "metric"])["exact"]
    assert not again[frozen, "animals", "accuracy"]
    assert again[frozen, "animals", "sensitivity"]
    assert again[frozen, "canines", "accuracy"]


def test_published_is_of_the_earlier_task_and_in_the_objectives_row(chains):
    own = chains["published"].mask(chains["task"] == chains["trained_on"], 0.5)
    numbers = forgetting.numbers(StudyTable(chains.assign(published=own)))
    frozen = (numbers["contender"] == "feature_extraction") & (numbers["metric"] == "accuracy")
    assert (numbers.loc[frozen, "published"] == 0.9).all()
    assert numbers.loc[~frozen, "published"].isna().all()


def test_average_forgetting_is_the_mean_over_tasks_of_each_trial(chains, chains_table):
    average = forgetting.average(chains_table)
    assert len(average) == 9
    assert set(average["tasks"]) == {2}
    for row in average.itertuples():
        lost = [
            scores(chains, row.cell, task, "accuracy_before") - scores(chains, row.cell, task, "accuracy")
            for task in TASKS
        ]
        wanted = stats.t_interval((lost[0] + lost[1]) / 2)
        assert (row.mean, row.low, row.high, row.n) == pytest.approx(wanted, abs=1e-12)


def test_a_trial_without_one_of_the_tasks_has_no_average(chains):
    less = StudyTable(
        chains[~((chains["task"] == "canines") & (chains["seed"] == 100) & (chains["role"] == "replicate"))]
    )
    assert forgetting.average(less).set_index("cell")["n"]["regime=fine_tune, version=corrected"] == 2


def test_in_a_chain_of_two_the_average_is_the_forgetting():
    df = StudyTable(synthetic_chains.chain(versions=("corrected",)))
    numbers = forgetting.numbers(df)
    numbers = numbers[numbers["metric"] == "accuracy"]
    assert forgetting.average(df)["mean"].tolist() == pytest.approx(numbers["forgetting"].tolist())


def test_cells_are_paired_by_seed(chains):
    cells = ("regime=stage_rates, version=corrected", "regime=fine_tune, version=corrected")
    lost = [
        scores(chains, cell, "animals", "accuracy_before") - scores(chains, cell, "animals", "accuracy")
        for cell in cells
    ]
    wanted = stats.t_interval([lost[0][seed] - lost[1][seed] for seed in (100, 101, 102)])
    turned = chains.iloc[::-1]
    for df in (chains, turned):
        assert forgetting.paired(StudyTable(df), *cells, "animals") == pytest.approx(wanted)
    less = StudyTable(chains[~((chains["cell"] == cells[0]) & (chains["seed"] == 101))])
    assert forgetting.paired(less, *cells, "animals").n == 2


def test_cells_without_a_common_seed_are_not_paired(chains):
    cells = ("regime=stage_rates, version=corrected", "regime=fine_tune, version=corrected")
    other = StudyTable(chains.assign(seed=chains["seed"].mask(chains["cell"] == cells[0], chains["seed"] + 50)))
    assert forgetting.paired(other, *cells, "animals").n == 0


def test_the_text_has_the_numbers(chains, chains_table):
    texts, numbers = forgetting.text(chains_table), forgetting.numbers(chains_table)
    row = numbers.iloc[0]
    assert texts.iloc[0].tolist() == [
        "feature_extraction · as published",
        "animals",
        "accuracy",
        f"{100 * row['before']:.2f}",
        f"{100 * row['after']:.2f}",
        "90.00",
        f"{100 * row['forgetting']:.2f} [{100 * row['forgetting_low']:.2f}, {100 * row['forgetting_high']:.2f}]",
        "exactly 0",
        f"{100 * row['batchnorm']:.2f} [{100 * row['batchnorm_low']:.2f}, {100 * row['batchnorm_high']:.2f}]",
        "3",
    ]
    assert (texts["forgetting [95 %]"] == "exactly 0").tolist() == numbers["exact"].tolist()
    assert forgetting.PUBLISHED not in forgetting.text(StudyTable(chains.assign(published=np.nan)))


def test_search_trials_and_the_validation_split_do_not_count(chains, chains_table):
    rest = (chains["role"] == "search") | (chains["split"] == "val")
    changed = StudyTable(chains.assign(score=chains["score"].mask(rest & (chains["task"] == "animals"), 0.5)))
    pd.testing.assert_frame_equal(forgetting.numbers(changed), forgetting.numbers(chains_table))


def test_one_trial_has_no_interval():
    numbers = forgetting.numbers(StudyTable(synthetic_chains.chain(repeated=1)))
    assert set(numbers["n"]) == {1}
    assert numbers[["forgetting", "weights", "batchnorm"]].notna().all(axis=None)
    assert numbers[[name for name in numbers if name.endswith(("_low", "_high"))]].isna().all(axis=None)


def test_without_the_earlier_statistics_there_are_no_parts(chains, chains_table):
    bare = StudyTable(chains[~chains["metric"].str.endswith("_own_batchnorm")])
    numbers = forgetting.numbers(bare)
    assert numbers[["weights", "batchnorm", "weights_low"]].isna().all(axis=None)
    assert numbers["forgetting"].tolist() == forgetting.numbers(chains_table)["forgetting"].tolist()
    one = StudyTable(chains[~(chains["metric"].str.endswith("_own_batchnorm") & (chains["seed"] == 100))])
    assert forgetting.numbers(one)["weights"].isna().all()
    assert set(forgetting.text(bare)["weights part"]) == {"–"}


@pytest.mark.parametrize(
    "odd",
    [
        lambda df: df.iloc[:0],
        lambda df: df[df["task"] == df["trained_on"]],
        lambda df: df[df["role"] == "search"],
        lambda df: df[df["split"] == "val"],
        lambda df: df[~df["metric"].str.endswith("_before")],
        lambda df: df.assign(state="running"),
        lambda df: df.assign(trained_on=pd.NA),
    ],
    ids=["empty", "no earlier task", "no replicates", "no test", "no before", "running", "not trained"],
)
def test_nothing_is_known_without_before_and_after_of_a_replicate(chains, chains_table, odd):
    table = StudyTable(odd(chains).astype(chains.dtypes))
    for rows in (forgetting.numbers, forgetting.average, forgetting.text, forgetting.trials):
        assert rows(table).empty
    assert list(forgetting.numbers(table).columns) == list(forgetting.numbers(chains_table).columns)
