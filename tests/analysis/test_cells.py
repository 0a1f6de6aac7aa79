"""The cells as short texts."""

from analysis import cells, summary
from tests.analysis import synthetic


def test_the_cell_table_fits_a_terminal(made):
    lines = cells.cell_table(made).to_string(index=False).splitlines()
    assert len(lines) == 13
    assert max(map(len, lines)) <= 120


def test_the_cell_table_says_what_the_numbers_say(made):
    row, cell = cells.cell_table(made).iloc[0], summary.cells(made).iloc[0]
    assert (row["regime"], row["labels"], row["winner"]) == ("scratch", "10 %", cell["winner"].split("-")[1])
    wanted = [f"{100 * cell[name]:.2f}" for name in ("test_mean", "test_low", "test_high")]
    assert row["test [95 %]"] == f"{wanted[0]} [{wanted[1]}, {wanted[2]}]"
    assert row["c/p/f"] == f"{cell['complete']}/{cell['pruned']}/{cell['failed']}"


def test_a_cell_that_was_not_run_has_dashes():
    shown = cells.cell_table(synthetic.models(epochs=2)).set_index(["model", "version"])
    never = shown.loc[("nasnet", "corrected")]
    assert never["c/p/f"] == "not run"
    assert set(never.drop("c/p/f")) == {"–"}
    assert shown.loc[("cnn", "published"), ["winner", "c/p/f", "n", "published"]].tolist() == [
        "–",
        "5/0/0",
        "5",
        "88.00",
    ]
