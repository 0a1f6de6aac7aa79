"""The freezing-depth response: which trials it has, and its line through the best of each depth."""

from matplotlib.figure import Figure

from analysis.figures import depth_response
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_freezing_depth_response_is_of_cells_that_read_it(made_table):
    assert set(depth_response.data(made_table)["regime"]) == {"partial_freeze"}
    assert depth_response.data(StudyTable(synthetic.study(regimes=("scratch",)))).empty


def test_the_line_is_the_best_complete_trial_of_each_depth(made_table):
    data, ax = depth_response.data(made_table), Figure().subplots()
    cell = data[data["cell"] == data["cell"].iloc[0]]
    depth_response.plot(cell, ax)
    complete = cell[cell["kind"].isin(["winner", "complete"])]
    (line,) = ax.lines
    assert line.get_xdata().tolist() == sorted(complete["freeze_depth"].unique())
    assert line.get_ydata().tolist() == [rows["score"].max() for _, rows in complete.groupby("freeze_depth")]


def test_the_words_name_the_winners_depths(made_table):
    data = depth_response.data(made_table)
    for row in data[data["kind"] == "winner"].itertuples():
        assert f"{row.panel} {row.freeze_depth}" in depth_response.alt(data)
    assert f"n = {len(data)}: " in depth_response.caption(data)
