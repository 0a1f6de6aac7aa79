"""Pretraining: its rows are no trials, its figures show what was scored, and its gains are plain differences."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import draw, pretext_transfer, pretraining
from analysis.numbers import pretraining_gains, stats, table
from analysis.numbers.study_table import StudyTable
from analysis.report import study_report
from tests.analysis import synthetic, synthetic_chains


@pytest.fixture(scope="module")
def made():
    return synthetic.pretrained()


@pytest.fixture(scope="module")
def made_table(made):
    return StudyTable(made)


@pytest.fixture(scope="module")
def trials(made_table):
    return made_table.trial_rows


def test_pretrainings_are_no_trials(made_table, trials):
    assert set(made_table.pretraining["role"]) == {"pretrain"}
    assert not set(trials["role"]) & {"pretrain"}
    assert len(made_table.pretraining) + len(trials) == len(made_table.frame)
    assert set(made_table.cells["cell"]) == set(trials["cell"])


def test_rows_of_earlier_tasks_are_neither_trials_nor_pretrainings(made, trials):
    chain = StudyTable(synthetic_chains.with_earlier(made))
    assert chain.trial_rows.equals(trials)
    assert len(chain.pretraining) == (made["role"] == "pretrain").sum()
    alone = StudyTable(synthetic_chains.with_earlier(trials))
    assert alone.trial_rows.equals(trials.reset_index(drop=True))
    assert alone.pretraining.empty


def test_a_table_with_pretrainings_of_other_data_can_be_read(made, tmp_path):
    other = made.assign(data=made["data"].mask(made["role"] == "pretrain", "stand-in: something else"))
    assert len(table.load(synthetic.write(other, tmp_path))) == len(made)


def test_the_pretexts_curve_is_what_was_scored(made_table):
    data = pretraining.data(made_table)
    assert set(data["panel"]) == {"patches:cifar10"}
    assert (data["chance"] == 0.125).all()
    last = data[(data["split"] == "val") & (data["epoch"] == 4)].set_index("weights")["score"]
    assert last.to_dict() == pytest.approx(synthetic.PRETEXT)


def scores(df, cell, split, metric, epoch):
    rows = df[(df["cell"] == cell) & (df["role"] == "replicate") & (df["split"] == split) & (df["metric"] == metric)]
    return rows[rows["epoch"] == epoch]["score"].to_numpy(float)


@pytest.mark.parametrize(
    ("question", "metric", "split", "epoch"),
    [
        ("best", "accuracy", "test", 8),
        ("best", "f1", "test", 8),
        ("loss", "loss", "val", 2),
        ("score", "accuracy", "val", 2),
    ],
)
def test_a_gain_is_the_difference_of_two_means_with_welchs_interval(trials, made_table, question, metric, split, epoch):
    gains = pretraining_gains.differences(made_table)
    row = (
        gains[(gains["question"] == question) & (gains["metric"] == metric) & (gains["weights"] == "patches")]
        .set_index("place")
        .loc["10 % labels"]
    )
    with_them, without = (
        scores(trials, f"weights={name}, label_fraction=0.1", split, metric, epoch) for name in ("patches", "none")
    )
    assert row["with"] == pytest.approx(np.mean(with_them))
    assert row["without"] == pytest.approx(np.mean(without))
    assert row["difference"] == pytest.approx(np.mean(with_them) - np.mean(without))
    assert (row["low"], row["high"]) == pytest.approx(stats.difference(with_them, without)[1:3])


def test_a_gain_is_claimed_only_where_its_interval_excludes_0(made_table):
    gains = pretraining_gains.differences(made_table)
    best = gains[(gains["question"] == "best") & (gains["metric"] == "accuracy")]
    sentences = pretraining_gains.sentences(made_table)
    assert len(sentences) == len(best) == 4
    for row, sentence in zip(best.itertuples(), sentences, strict=True):
        word = ": a gain" if row.low > 0 else ": a loss" if row.high < 0 else "no gain is claimed"
        assert f"{row.place}, {row.weights}: " in sentence
        assert word in sentence


def test_without_a_cell_without_weights_there_is_no_gain(trials):
    assert pretraining_gains.differences(StudyTable(trials[trials["weights"] != "none"])).empty
    assert pretraining_gains.text(StudyTable(synthetic.study(searched=2, repeated=2, fractions=(0.1,)))).empty


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_a_report_says_what_pretraining_gained(made_table, tmp_path, monkeypatch):
    monkeypatch.setattr(draw, "DPI", 40)
    written = study_report.write(made_table, tmp_path)
    page = written[0].read_text()
    for words in (
        "With and without pretraining",
        "Time to plateau",
        "10 % labels, patches: ",
        "pretext-and-transfer",
    ):
        assert words in page or (tmp_path / "figures" / f"{words}.png").exists(), words
    assert (tmp_path / "tables" / "gains.csv").exists()
    assert (tmp_path / "figures" / "pretext.png").exists()


@pytest.mark.parametrize("kind", draw.OF_PRETRAINING, ids=lambda kind: kind.stem)
def test_the_ink_and_words_of_its_figures(made_table, kind):
    data, ax = kind.data(made_table), Figure().subplots()
    kind.plot(data[data["panel"] == data["panel"].iloc[0]], ax)
    assert {"patches", "touching"} <= set(ax.get_legend_handles_labels()[1])
    assert "n = " in kind.caption(data)
    assert "touching" in kind.alt(data)


def test_trainings_of_one_name_are_distinguished_by_what_differs():
    small = synthetic.pretrained(weights=("none", "patches"), fractions=(0.1,))
    names = {"trial": lambda df: df["trial"].str.replace("w00", "w10").str.replace("c00", "c01")}
    other = small.assign(image_size=64, cell=small["cell"] + ", image_size=64", **names)
    both = StudyTable(pd.concat([small.assign(cell=small["cell"] + ", image_size=32"), other], ignore_index=True))
    data = pretraining.data(both)
    assert set(data["weights"]) == {"patches (image_size=32)", "patches (image_size=64)"}
    assert not data.duplicated(["weights", "split", "epoch"]).any()
    assert len(pretext_transfer.data(both)) == 2
    assert set(pretext_transfer.data(both)["weights"]) == set(data["weights"])


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_a_report_says_that_weights_were_trained_on_a_stand_in(made, tmp_path, monkeypatch):
    monkeypatch.setattr(draw, "DPI", 40)
    real = StudyTable(made.assign(data=made["data"].where(made["role"] == "pretrain", "CIFAR-10: 60,000 images")))
    page = study_report.write(real, tmp_path)[0].read_text()
    assert f"CIFAR-10: 60,000 images; weights were trained on {synthetic.SOURCE}" in page


def test_nothing_is_claimed_of_a_plateau_without_a_spread_or_of_one_class(trials):
    flat = StudyTable(
        trials.assign(score=trials["score"].mask((trials["metric"] == "accuracy") & (trials["split"] == "val"), 0.5))
    )
    assert all(
        "its plateau" in sentence and "nothing is claimed, since there is no interval" in sentence
        for sentence in pretraining_gains.sentences(flat)
    )
    stuck = (trials["weights"] == "none") & (trials["epoch"] == 8)
    one = StudyTable(trials.assign(alarms=trials["alarms"].mask(stuck, "constant_class: all 40 are class 1")))
    assert all(
        "a run that gives one class is on its plateau from the start" in sentence
        for sentence in pretraining_gains.sentences(one)
    )


def test_gains_are_computed_for_each_competing_regime(trials, made_table):
    both = StudyTable(
        pd.concat(
            [
                trials.assign(
                    cell=trials["cell"] + ", regime=" + regime,
                    trial=trials["trial"].str.replace("c", letter),
                    regime=regime,
                )
                for regime, letter in (("fine_tune", "c"), ("lp_ft", "c9"))
            ],
            ignore_index=True,
        )
    )
    assert len(pretraining_gains.sentences(both)) == 2 * len(pretraining_gains.sentences(made_table))
