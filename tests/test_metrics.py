import math

import numpy as np
import pytest

from study.config import UserError
from study.metrics import METRICS, accuracy, check_score, loss, metric

SCORES = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 1.0, 5.0], [1.0, 0.0, 0.5]], dtype=np.float32)
TARGETS = np.array([0, 1, 0, 2])


def test_accuracy_counts():
    assert accuracy(SCORES, TARGETS) == 2 / 4


def test_loss_is_the_mean_surprise():
    terms = [
        -math.log(math.exp(row[target]) / sum(map(math.exp, row))) for row, target in zip(SCORES, TARGETS, strict=True)
    ]
    assert loss(SCORES, TARGETS) == pytest.approx(sum(terms) / 4)


def test_loss_of_huge_logits_is_finite():
    assert loss(np.array([[1e30, 0.0]], dtype=np.float32), np.array([0])) == 0


def test_metrics_are_found_by_name():
    assert metric("accuracy") is accuracy
    with pytest.raises(UserError, match=f"'mAP'; one of {', '.join(METRICS)}"):
        metric("mAP")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "0.5", np.float32("nan"), True])
def test_no_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="accuracy is") as error:
        check_score("accuracy", value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.5), np.float64(1)])
def test_numbers_become_floats(value):
    assert type(check_score("accuracy", value)) is float
    assert check_score("accuracy", value) == value
