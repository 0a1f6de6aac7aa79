"""Tune's worker: every end of a training is a result, unless Ray itself ends the process."""

import sys

import pytest

from study.backend import trainable
from tests.support import toys


def worker(results):
    made = object.__new__(trainable.Worker)
    made._results = results
    return made


def raising(error):
    yield {}
    raise error


RAISED = [SystemExit(0), SystemExit("text"), KeyboardInterrupt("mine"), GeneratorExit("mine"), toys.Strange()]


LATER = [pytest.param(error, marks=pytest.mark.slow) for error in (*RAISED[1:4], RuntimeError(), MemoryError())]


@pytest.mark.parametrize("error", [RAISED[0], RAISED[-1], ValueError("mine"), *LATER])
def test_whatever_a_trial_raises_is_its_result(error):
    made = worker(raising(error))
    made.step()
    (broken,) = made.step()["broken"]
    assert broken["failure"].startswith(type(error).__name__)


def test_a_runtime_error_whose_text_cannot_be_made_is_a_result_too():
    odd = type("Odd", (RuntimeError,), {"__str__": lambda self: 3})
    made = worker(raising(odd()))
    made.step()
    assert made.step()["broken"][0]["failure"] == "Odd: its text cannot be made (TypeError)"


def test_a_training_that_ends_too_early_says_so():
    assert worker(iter(())).step()["broken"][0]["failure"].endswith("the training ended before its last report")


def test_a_storage_that_fails_is_distinguished_from_a_trial():
    made = worker(raising(OSError(28, "No space left on device")))
    made.step()
    assert "No space" in made.step()["storage"][0]["failure"]


def test_rays_own_end_of_a_process_is_no_result():
    """SIGTERM, as from a node that is shut down: the trial resumes elsewhere."""
    error = SystemExit(1)
    error.ray_terminate_msg = "The process receives a SIGTERM."
    made = worker(raising(error))
    made.step()
    with pytest.raises(SystemExit):
        made.step()


def stubborn(fail):
    try:
        yield {}
    finally:
        fail()


def _yields():
    try:
        yield {}
    except GeneratorExit:
        yield {}


@pytest.mark.parametrize("results", [
    lambda: stubborn(lambda: 1 / 0),
    lambda: stubborn(lambda: sys.exit(3)),
    _yields,
])  # fmt: skip
def test_what_a_training_raises_while_it_is_ended_is_not_the_next_ones_fault(results):
    made = worker(results())
    made.step()
    made._start([{"trial": "next"}])
    assert made._jobs == [{"trial": "next"}]
