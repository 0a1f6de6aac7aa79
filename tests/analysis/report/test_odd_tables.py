"""Odd tables through the command: each ends with an exit code and clear words, never with a traceback."""

import html
import re

import pandas as pd
import pytest

from analysis import __main__ as command
from analysis.figures import draw
from analysis.numbers import table
from tests.analysis import synthetic

REAL = "GTSRB official: 39,209 train + 12,630 test images"


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few dots: these tests read words."""
    monkeypatch.setattr(draw, "DPI", 40)


@pytest.fixture(scope="module")
def plain():
    """Two regimes at two label fractions, two trials and two replicates each."""
    return synthetic.study(("partial_freeze", "fine_tune"), (0.1, 1.0), searched=2, repeated=2, epochs=2)


def one_cell(df):
    return df[df["cell"] == df["cell"].iloc[0]]


def one_seed(df):
    return df[(df["role"] == "search") | (df["seed"] == 100)]


def ended(df, state):
    return df[df["role"] == "search"].assign(state=state, error="RuntimeError: CUDA out of memory")


def failed_at_once(df):
    rows = ended(df, "failed").drop_duplicates("trial")
    empty = dict.fromkeys(("epoch", "step", "task", "split", "metric", "score", "seconds", "train_images"))
    return rows.assign(**empty).astype(table.COLUMNS)


ODD = {  # by name: how the odd table is made, and words that its page must have
    "empty": (lambda df: df.iloc[:0], ["EMPTY. The table has no trial yet."]),
    "one cell": (one_cell, ["1 cell: regime (partial_freeze) × label_fraction (10 %)."]),
    "all failed": (lambda df: ended(df, "failed"), ["no cell has a winner", "CUDA out of memory"]),
    "infinite scores": (lambda df: df.assign(score=float("inf")), ["no cell has a winner or a replicate"]),
}
ODDER = {  # the same for less likely tables
    "one seed": (one_seed, ["nothing can be concluded: at n = 1 the best two regimes have no interval for both"]),
    "all pruned": (lambda df: ended(df, "pruned"), ["4 of 4 cells have no test score yet", "no cell has a winner"]),
    "no objective": (lambda df: df[df["metric"] == "loss"], ["Not drawn: no trial has a validation score yet"]),
    "all failed at once": (failed_at_once, ["no trial has a validation score yet", "CUDA out of memory"]),
    "all running": (lambda df: ended(df, "running"), ["PARTIAL. 8 trials are still running"]),
    "no loss": (lambda df: df[df["metric"] != "loss"], ["or no replicate has a validation loss yet"]),
    "no scores at all": (lambda df: df.assign(score=float("nan")), ["no cell has a winner or a replicate"]),
    "no validation": (lambda df: df[df["split"] == "test"], ["no cell has a winner"]),
    "no data line": (lambda df: df.assign(data=pd.NA).astype(table.COLUMNS), ["Data source: not named in the table"]),
    "rates of 0": (lambda df: df.assign(lr=0.0), ["no search trial that reads a learning rate has"]),
    "no steps": (lambda df: df.assign(step=pd.NA).astype(table.COLUMNS), ["Time to plateau"]),
    "no names": (lambda df: one_cell(df).assign(cell=""), ["1 cell."]),
    "an unknown regime": (lambda df: df.assign(regime="lora"), ["4 cells"]),
    "an unknown metric": (lambda df: df.assign(metric="kappa"), ["highest validation kappa"]),
}
REFUSED = {  # by name: how the wrong table is made, the exit code, and a part of the message
    "mixed data": (lambda df: df.assign(data=df["data"].mask(df["regime"] == "fine_tune", REAL)), 4, "mixes scores of"),
    "shares in per cent": (lambda df: df.assign(score=100 * df["score"]), 4, ", a share between 0 and 1"),
    "no labels": (lambda df: df.assign(label_fraction=0.0), 4, "the label_fraction 0; it lies above 0"),
    "no such column": (lambda df: df.drop(columns="score"), 4, "lacks the column score"),
    "another type": (lambda df: df.assign(score="high"), 4, "another type: score"),
    "unknown state": (lambda df: df.assign(state="paused"), 4, "the state 'paused'; one of complete"),
    "unnamed trials": (lambda df: df.assign(trial=None), 4, "rows without trial"),
}


def text(folder) -> str:
    return " ".join(html.unescape(re.sub("<.*?>", "", (folder / "report.html").read_text())).split())


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", [*ODD, *(pytest.param(name, marks=pytest.mark.slow) for name in ODDER)])
def test_an_odd_table_is_reported_in_clear_words(name, plain, tmp_path, capsys):
    check_words(name, plain, tmp_path, capsys)


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*ODD, *ODDER])
def test_an_odd_table_is_drawn_and_reported_in_clear_words(name, plain, tmp_path, capsys):
    check_words(name, plain, tmp_path, capsys)


def check_words(name, plain, tmp_path, capsys):
    """Report the odd table; its page has the expected words, and none that only a programmer understands."""
    odd, expected = (ODD | ODDER)[name]
    assert command.main([str(synthetic.write(odd(plain), tmp_path))]) == 0
    output = capsys.readouterr()
    assert (output.out.count("\n"), output.err) == (1, "")
    page = text(tmp_path)
    assert [words for words in expected if words not in page] == []
    assert not re.search(r"\bnan\b|NaN|<NA>|\bNone\b(?!\.)|Traceback", page)


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_is_wrong_is_refused_in_one_line(name, plain, tmp_path, capsys):
    wrong, code, message = REFUSED[name]
    assert command.main([str(synthetic.write(wrong(plain), tmp_path))]) == code
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert message in output.err
    assert [path.name for path in tmp_path.iterdir()] == ["table.parquet"]


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", [pytest.param("empty", marks=pytest.mark.nightly), "all failed"])
def test_an_odd_table_stands_beside_another(name, plain, tmp_path, capsys):
    folders = [
        synthetic.write(df, tmp_path / study) for study, df in (("a", plain), ("b", (ODD | ODDER)[name][0](plain)))
    ]
    assert command.main([str(folder) for folder in folders]) == 0
    assert (capsys.readouterr().err, text(tmp_path / "beside")[:4]) == ("", "a, b")
