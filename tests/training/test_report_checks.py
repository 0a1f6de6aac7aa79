"""A trial's report is checked before it is used; a wrong one fails its trial, with one line."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.numbers import stats
from analysis.numbers import table as tables
from study.backend import bundle_training, worker
from study.training import earlier_tasks, metrics, trial
from study.training.report_checks import checked

ROW = {"epoch": 2, "step": 8, "phase": 0, "trained_on": "a", "task": "a", "seconds": 1.5, "alarms": None}
VAL = ROW | {"split": "val", "metric": "accuracy", "score": 0.75}
LOSS = ROW | {"split": "train", "metric": "loss", "score": 0.5}


def report(*rows, **changes):
    values = {"epoch": 2, "objective": 0.75, "last": False, "rows": [VAL, LOSS, *rows]}
    return SimpleNamespace(**{"costs": None} | values | changes)


def row(**changes):
    return LOSS | changes


def test_a_report_becomes_plain_values():
    plain = checked(report(row(split="test", metric="count", score=3)), 5, after=1)
    last = plain["rows"][2]
    assert plain == {"epoch": 2, "seconds": 1.5, "objective": 0.75, "last": False, "rows": [VAL, LOSS, last]}
    assert type(last["score"]) is int


def test_numbers_of_numpy_become_pythons():
    odd = report(
        row(score=np.float32(0.25), step=np.int64(8)), objective=np.float64(0.75), epoch=np.int64(2), last=np.True_
    )
    plain = checked(odd, 5)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["rows"][2]["score"] == 0.25


def test_a_whole_number_that_no_file_holds_becomes_a_float():
    score = checked(report(row(metric="count", score=10**300)), 5)["rows"][2]["score"]
    assert (type(score), score) == (float, 1e300)


WRONG = [
    (
        report(row(metric="accuracy", score=1e30)),
        "accuracy is 1e[+]30, outside its range from 0 to 1",
    ),
    (report(row(metric="f1", score=-0.5)), "f1 is -0.5, outside its range from 0 to 1"),
    (report(row(score=-1.0)), "loss is -1.0, outside its range from 0 on"),
    (report(row(score=float("inf"))), "loss is inf, not a finite number"),
    (report(row(score=None)), "loss is None, not a finite number"),
    (report(row(metric="accuracy_before", score=2)), "accuracy_before is 2, .* from 0 to 1"),
    (report(row(metric="accuracy_eval_mode", score=-2)), "accuracy_eval_mode is -2, .* from 0 to 1"),
    (report(row(metric="count", score=-1)), "count is -1, .* from 0 on"),
    (report(row(metric="my own", score=float("nan"))), "my own is nan, not a finite number"),
    (report(objective=0.5), "the objective is 0.5, which is not a validation score of the trained task"),
    (report(objective=float("nan")), "objective is nan, not a finite number"),
    (report(row(split="val", task="b", score=0.5), objective=0.5), "objective is 0.5, which is not a validation score"),
    (report(row(seconds=float("nan"))), "seconds is nan, which is neither a text nor a finite number"),
    (report(row(place="here")), r"rows\[2\] has 'place', which is not known here"),
    (report(row(phase=True)), r"rows\[2\].phase True must be a whole number"),
    (report(row(step=0.5)), r"rows\[2\].step 0.5 must be a whole number"),
    (report(row(seconds=-1.0)), r"rows\[2\].seconds -1.0 must be a number from 0"),
    (report(row(alarms=["a"])), r"alarms is \['a'\], which is neither a text nor a finite number"),
    (report(row(epoch=1)), "epoch 2 is reported with a score of epoch 1"),
    (report(rows=[]), "the objective is 0.75, which is not a validation score"),
    (report(epoch=1), "epoch 1 is reported after epoch 1, of 5 epochs"),
    (report(epoch=6), "epoch 6 is reported after epoch 1, of 5 epochs"),
    (report(epoch=2.0), "epoch 2.0 is reported after epoch 1, of 5 epochs"),
    (report(epoch=True), "epoch True is reported after epoch 1, of 5 epochs"),
]


@pytest.mark.parametrize(("odd", "line"), WRONG, ids=[line for _, line in WRONG])
def test_what_is_none_is_named(odd, line):
    with pytest.raises(ValueError, match=line):
        checked(odd, 5, after=1)


def test_a_metric_that_is_not_known_may_have_any_finite_score():
    assert checked(report(row(metric="my own", score=-1e300)), 5)["rows"][2]["score"] == -1e300


@pytest.mark.parametrize("score", [1 + 1e-7, -1e-7, 1.0, 0.0])
def test_rounding_may_take_a_share_a_little_beyond_its_range_and_is_left_as_it_is(score):
    assert metrics.check_score("accuracy", score) == score


def test_shares_are_the_same_metrics_here_and_in_the_analysis():
    shares = {name for name in metrics.METRICS if metrics.bounds(name) == (0, 1)}
    assert shares == set(stats.SHARES)
    assert {name: metrics.bounds(name) for name in metrics.METRICS} == {
        name: stats.bounds(name) for name in metrics.METRICS
    }
    assert metrics.OFF == tables.OFF


def test_every_metric_has_a_range_and_the_same_with_each_ending():
    assert metrics.RANGES.keys() >= metrics.METRICS.keys()
    for name in metrics.METRICS:
        for ending in (earlier_tasks.BEFORE, earlier_tasks.OWN_BATCHNORM):
            assert metrics.bounds(name + ending) == metrics.bounds(name)


JOB = {"trial": "t", "role": "search", "config": {}, "seed": 0, "epochs": 5, "split_seed": 0, "draw_seed": 0}
JOB |= {"checkpoint_seconds": 1e9, "model": None}


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """Give a worker's results for a trial that yields these reports, or raises these exceptions."""

    def results(*reports):
        def run(*_, **__):
            for report in reports:
                if isinstance(report, BaseException):
                    raise report
                yield report

        monkeypatch.setattr(trial, "run", run)
        monkeypatch.setattr(bundle_training, "_begin", lambda job: (tmp_path, None, None, "cpu", None))
        return worker.results([JOB])

    return results


def test_a_wrong_report_ends_a_trial_on_its_worker(alone):
    first = report(rows=[VAL | {"frozen_before": "", "frozen_after": ""}])
    results = alone(first, first)
    assert next(results)["t"]["objective"] == 0.75
    with pytest.raises(ValueError, match="epoch 2 is reported after epoch 2"):
        next(results)


@pytest.mark.parametrize(("error", "kind"), [
    (OSError("image file is truncated"), RuntimeError),
    (ConnectionRefusedError(111, "Connection refused"), RuntimeError),
    (TimeoutError("timed out"), RuntimeError),
    (ChildProcessError(10, "No child processes"), RuntimeError),
    (OSError(28, "No space left on device"), OSError),
    (FileNotFoundError(2, "No such file"), OSError),
    (TimeoutError(110, "Connection timed out"), OSError),
])  # fmt: skip
def test_a_trials_own_error_is_distinguished_from_its_storages(alone, error, kind):
    with pytest.raises(kind) as caught:
        next(alone(error))
    assert str(error) in str(caught.value)
    assert type(error).__name__ in f"{type(caught.value).__name__}: {caught.value}"
