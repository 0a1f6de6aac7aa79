"""Class weights, against the plainest way to compute them, and their effect on a trial."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from study.space.config import Config
from study.training import fused_heads, metrics, trial
from study.training.losses import class_weights, judge
from tests.support.toy_task import SMALL, task

BALANCED = Config(class_weights="balanced")
RNG = np.random.default_rng(1)
RARE = np.array([0] * 30 + [1] * 6 + [2] * 4)
LOGITS = torch.tensor(RNG.normal(size=(1, len(RARE), 3)), dtype=torch.float32)


def test_without_weights_there_are_none():
    assert class_weights(Config(), RARE, 3) is None


def test_weights_are_scikit_learns_and_1_on_average():
    weights = class_weights(BALANCED, RARE, 4).numpy()
    assert weights[:3] == pytest.approx(compute_class_weight("balanced", classes=np.arange(3), y=RARE))
    assert weights[RARE].mean() == pytest.approx(1)
    assert weights[3] == 1  # of a class without images


def test_the_weighted_loss_is_the_mean_over_classes_and_the_plain_loss_stays():
    weights, truth = class_weights(BALANCED, RARE, 3), torch.tensor(RARE)[None]
    objective, sums = judge(LOGITS, truth, BALANCED, weights)
    plain, plain_sums = judge(LOGITS, truth, Config())
    losses = F.cross_entropy(LOGITS[0], truth[0], reduction="none").numpy()
    assert objective.item() == pytest.approx(np.mean([losses[label == RARE].mean() for label in range(3)]), rel=1e-5)
    assert sums[0, 1:].tolist() == pytest.approx(plain_sums[0, 1:].tolist())
    assert objective.item() != pytest.approx(plain.item(), rel=1e-2)


def test_with_several_labels_the_rare_value_weighs_more():
    known = RNG.integers(-1, 2, (40, 3))
    known[:, 2] = np.minimum(known[:, 2], 0)  # a label that no image has
    weights = class_weights(BALANCED, known, 3)
    counts = [((known[:, label] == 0).sum(), (known[:, label] == 1).sum()) for label in range(2)]
    assert weights.tolist() == pytest.approx([*(absent / present for absent, present in counts), 1])
    truth = torch.tensor(known)[None]
    objective, sums = judge(LOGITS, truth, BALANCED, weights)
    labels = truth.clamp(min=0).float()
    losses = F.binary_cross_entropy_with_logits(LOGITS, labels, reduction="none", pos_weight=weights)
    mask = truth >= 0
    expected = ((losses * mask).sum(-1) / mask.sum(-1).clamp(min=1)).mean()
    assert objective.item() == pytest.approx(expected.item(), rel=1e-5)
    assert sums[0, 1].item() == pytest.approx(judge(LOGITS, truth, Config())[1][0, 1].item())


def test_balanced_accuracy_is_scikit_learns_and_accuracy_where_classes_are_even():
    scores, even = RNG.normal(size=(40, 3)), np.arange(39) % 3
    balanced = metrics.metric("balanced_accuracy")(scores, RARE)
    assert balanced == pytest.approx(balanced_accuracy_score(RARE, scores.argmax(1)))
    assert metrics.metric("balanced_accuracy")(scores[:39], even) == pytest.approx(metrics.accuracy(scores[:39], even))


PROBE = replace(
    SMALL,
    family="efficientnet_lite0",
    weights="imagenet",
    regime="feature_extraction",
    augment=0.0,
    dropout=0.0,
    label_smoothing=0.0,
)


def rare():
    """Few of the training images are of class 2, whose images look like any other's but for their brightness."""
    whole = task(train=48, held=24)
    rows = np.flatnonzero((whole.train.targets != 2) | (np.arange(48) < 6))
    train = whole.train._replace(**{name: getattr(whole.train, name)[rows] for name in ("targets", "groups", "index")})
    return whole._replace(train=train, metric="balanced_accuracy", also=("accuracy",))


@pytest.mark.slow
def test_bundled_heads_with_weights_report_what_each_reports_alone_and_weights_matter():
    data, config = rare(), replace(PROBE, class_weights="balanced")
    members = [fused_heads.Member(config, 1), fused_heads.Member(replace(config, lr=1e-2), 2)]
    *_, bundled = fused_heads.run(members, data, 2)
    for number, member in enumerate(members):
        *_, alone = trial.run(member.config, data, member.seed, epochs=2)
        assert bundled[number].objective == alone.objective
        assert torch.equal(bundled[number].model()["head.weight"], alone.model()["head.weight"])
    *_, plain = trial.run(replace(config, class_weights="off"), data, 2, epochs=2)
    assert not torch.equal(plain.model()["head.weight"], bundled[1].model()["head.weight"])


def test_a_trial_that_selects_on_balanced_accuracy_reports_it():
    *_, last = trial.run(replace(PROBE, class_weights="balanced", lr=3e-2), rare(), 0, epochs=4)
    scores = {row["metric"]: row["score"] for row in last.rows if row["split"] == "val"}
    assert last.objective == scores["balanced_accuracy"]
    assert scores["accuracy"] == pytest.approx(scores["balanced_accuracy"])  # validation is even
