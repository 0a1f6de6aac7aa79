"""When workers trained what, against a schedule that is known, and odd studies."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import timeline
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import COLUMNS
from tests.analysis import synthetic


def spans(*trials) -> pd.DataFrame:
    """A table of trials, each (name, worker, report times, seconds at each)."""
    rows = []
    for name, worker, times, seconds in trials:
        report = {"trial": name, "cell": "regime=fine_tune", "regime": "fine_tune", "role": "search", "worker": worker}
        report |= {"state": "complete", "split": "val", "metric": "accuracy", "score": 0.5}
        ends = enumerate(zip(times, seconds, strict=True))
        rows += [report | {"epoch": epoch, "time": time, "seconds": took} for epoch, (time, took) in ends]
    return synthetic.frame(rows)


def test_a_span_is_from_the_first_report_less_its_seconds_to_the_last():
    data = timeline.data(StudyTable(spans(("a", "n:1", [100, 104], [2, 6]), ("b", "n:2", [103, 110], [4, 11]))))
    assert data[["trial", "begin", "end", "n"]].to_numpy().tolist() == [["a", 0, 6, 2], ["b", 1, 12, 2]]
    assert data["lanes"].tolist() == [1, 1]


def test_the_made_up_schedule_comes_out(made, made_table):
    data = timeline.data(made_table)
    assert data["trial"].nunique() == made.dropna(subset="time")["trial"].nunique() == len(data)
    for _, rows in data.sort_values("begin").groupby("worker"):
        gaps = rows["begin"].to_numpy()[1:] - rows["end"].to_numpy()[:-1]
        assert gaps == pytest.approx(synthetic.START, abs=1e-5)
    assert set(data["lanes"]) == {1}


def test_a_trial_that_moved_has_a_span_on_each_worker():
    df = spans(("a", "n:1", [10, 12, 50, 53], [2, 4, 5, 8]))
    df["worker"] = df["worker"].mask(df["epoch"] > 1, "n:2")
    data = timeline.data(StudyTable(df))
    assert data[["worker", "begin", "end"]].to_numpy().tolist() == [["n:1", 0, 4], ["n:2", 41, 45]]


def test_trials_that_are_trained_together_share_their_worker():
    data = timeline.data(StudyTable(spans(*[(name, "n:1", [5, 9], [1, 2]) for name in "abc"], ("d", "n:1", [20], [1]))))
    assert data["lane"].tolist() == [0, 1, 2, 0]
    assert data["lanes"].tolist() == [3, 3, 3, 1]


def test_busy_counts_time_once_however_many_trained():
    data = timeline.data(StudyTable(spans(("a", "n:1", [10], [10]), ("b", "n:1", [10], [5]), ("c", "n:2", [10], [4]))))
    assert timeline.busy(data).to_dict() == pytest.approx({"n:1": 1.0, "n:2": 0.4})


def test_workers_are_named_by_their_host_where_there_are_several():
    one = timeline.data(StudyTable(spans(("a", "n:9", [1], [1]), ("b", "n:7", [2], [1]))))
    assert timeline.names(one) == ["worker 1", "worker 2"]
    trials = [("a", "x.lan:9", [1], [1]), ("b", "y.lan:9", [2], [1]), ("c", "x.lan:8", [3], [1])]
    assert timeline.names(timeline.data(StudyTable(spans(*trials)))) == ["x 1", "y 1", "x 2"]


@pytest.mark.parametrize(("end", "unit"), [(50, "seconds"), (600, "minutes"), (90_000, "hours")])
def test_the_axis_has_a_unit_that_fits(end, unit):
    ax = Figure().subplots()
    timeline.plot(timeline.data(StudyTable(spans(("a", "n:1", [end], [end])))), ax)
    assert ax.get_xlabel() == f"{unit} since the first trial began"


def test_bars_cover_what_the_numbers_say(made_table):
    ax, data = Figure().subplots(), timeline.data(made_table)
    timeline.plot(data, ax)
    drawn = sum(bar.get_width() for bar in ax.patches) * 60
    assert drawn == pytest.approx((data["end"] - data["begin"]).sum())
    assert [text.get_text() for text in ax.get_yticklabels()] == ["worker 1", "worker 2"]


def test_pretrainings_and_empty_tables_draw_nothing(made):
    assert timeline.data(StudyTable(made.iloc[:0])).empty
    assert timeline.data(StudyTable(made.assign(worker=None, time=None).astype(COLUMNS))).empty
    assert set(synthetic.pretrained().query("role == 'pretrain'")["time"].isna()) == {True}


def test_all_failed_trials_are_drawn_as_far_as_they_came(made, made_table):
    data = timeline.data(StudyTable(made.assign(state="failed")))
    assert len(data) == len(timeline.data(made_table))
    assert "no interval" in timeline.caption(data)
