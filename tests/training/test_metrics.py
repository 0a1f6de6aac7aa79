import math

import numpy as np
import pytest

from study.errors import UserError
from study.training.metrics import METRICS, accuracy, check_score, loss, metric, sensitivity, specificity

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


def test_macro_scores_are_plain_means_over_classes():
    """Answers 0, 1, 2, 0 against truths 0, 1, 0, 2: of class 2 neither is right."""
    assert metric("recall")(SCORES, TARGETS) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert metric("precision")(SCORES, TARGETS) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert metric("f1")(SCORES, TARGETS) == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_a_class_that_is_never_answered_has_no_score_and_one_class_alone_a_small_one():
    constant = np.tile([1.0, 0.0], (10, 1))
    assert metric("recall")(constant, np.arange(10) % 2) == 1 / 2
    assert metric("precision")(constant, np.arange(10) % 2) == 1 / 4
    assert metric("f1")(constant, np.arange(10) % 2) == pytest.approx((2 / 3) / 2)


def test_recall_is_accuracy_where_classes_are_equally_large():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(300, 10)), np.arange(300) % 10
    assert metric("recall")(scores, targets) == pytest.approx(accuracy(scores, targets))


def test_sensitivity_and_specificity_are_of_the_first_class():
    """Answers 0, 1, 2, 0 against truths 0, 1, 0, 2."""
    assert sensitivity(SCORES, TARGETS) == 1 / 2
    assert specificity(SCORES, TARGETS) == 1 / 2


def test_sensitivity_is_the_first_class_s_recall():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(300, 2)), np.arange(300) % 2
    assert (sensitivity(scores, targets) + specificity(scores, targets)) / 2 == metric("recall")(scores, targets)


def test_without_images_that_count_they_are_0():
    assert sensitivity(SCORES, np.array([1, 1, 2, 2])) == 0
    assert specificity(SCORES, np.zeros(4, int)) == 0


def test_metrics_are_found_by_name():
    assert metric("accuracy") is accuracy
    with pytest.raises(UserError, match=f"'auc'; one of {', '.join(METRICS)}"):
        metric("auc")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "0.5", np.float32("nan"), True])
def test_no_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="accuracy is") as error:
        check_score("accuracy", value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.5), np.float64(1)])
def test_numbers_become_floats(value):
    assert type(check_score("accuracy", value)) is float
    assert check_score("accuracy", value) == value
