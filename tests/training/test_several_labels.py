"""Images with several labels: their loss, metrics, splits and trials, against the plainest way to compute each."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from study.data import splits
from study.data.prepare import TaskData
from study.space.config import Config
from study.training import metrics, trial
from study.training.losses import judge
from tests.support.toy_task import SMALL, task

RNG = np.random.default_rng(0)
LOGITS = torch.tensor(RNG.normal(size=(1, 6, 4)), dtype=torch.float32)
TRUTH = torch.tensor(RNG.integers(-1, 2, (1, 6, 4)))


def plain(logits, truth):
    """Binary cross-entropies of one image's known labels."""
    losses = []
    for logit, label in zip(logits.tolist(), truth.tolist(), strict=True):
        share = 1 / (1 + math.exp(-logit))
        losses += [-math.log(share if label else 1 - share)] if label >= 0 else []
    return losses


def test_the_loss_is_the_mean_over_known_labels_and_images():
    by_image = [plain(*pair) for pair in zip(LOGITS[0], TRUTH[0], strict=True)]
    means = [sum(losses) / max(1, len(losses)) for losses in by_image]
    objective, sums = judge(LOGITS, TRUTH, Config())
    assert objective.item() == pytest.approx(sum(means) / 6, rel=1e-5)
    assert sums[0, 0].item() == pytest.approx(sum(means), rel=1e-5)
    assert metrics.loss(LOGITS[0].numpy(), TRUTH[0].numpy()) == pytest.approx(sum(means) / 6, rel=1e-5)


def test_a_summed_loss_scales_with_images_and_labels():
    whole = TRUTH.clamp(min=0)
    mean, added = (judge(LOGITS, whole, Config(reduction=kind))[0].item() for kind in ("mean", "sum"))
    assert added == pytest.approx(6 * 4 * mean, rel=1e-5)


def test_of_one_class_a_summed_loss_scales_with_images():
    classes = torch.tensor([[0, 1, 2, 3, 0, 1]])
    mean, added = (judge(LOGITS, classes, Config(reduction=kind))[0].item() for kind in ("mean", "sum"))
    assert added == pytest.approx(6 * mean, rel=1e-5)


def test_unknown_labels_have_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    judge(logits, TRUTH, Config())[0].sum().backward()
    assert ((logits.grad == 0) == (TRUTH == -1)).all()


def average_precision(scores, truth):
    """Precision at each positive, from the surest down; equal scores are one step."""
    total, positives = 0.0, int(truth.sum())
    seen = hits = 0
    for level in sorted(set(scores.tolist()), reverse=True):
        here = truth[scores == level]
        seen, hits = seen + len(here), hits + int(here.sum())
        total += int(here.sum()) / positives * hits / seen
    return total


SCORES = np.round(RNG.normal(size=(30, 5)), 1)  # rounded: some are equal
LABELS = RNG.integers(-1, 2, (30, 5))
LABELS[:, 4] = np.minimum(LABELS[:, 4], 0)  # a label that no image has


def test_map_is_each_labels_average_precision_over_its_known_images():
    averages = [average_precision(SCORES[LABELS[:, n] >= 0, n], LABELS[LABELS[:, n] >= 0, n]) for n in range(4)]
    assert metrics.metric("mAP")(SCORES, LABELS) == pytest.approx(sum(averages) / 4)


def test_a_label_that_no_image_has_is_left_out_and_none_at_all_is_no_number():
    assert metrics.metric("mAP")(SCORES, LABELS) == pytest.approx(metrics.metric("mAP")(SCORES[:, :4], LABELS[:, :4]))
    assert math.isnan(metrics.metric("mAP")(SCORES, np.zeros_like(LABELS)))


def test_ap_per_image_ranks_the_labels_of_each_image():
    averages = []
    for scores, truth in zip(SCORES, LABELS, strict=True):
        known = truth >= 0
        averages += [average_precision(scores[known], truth[known])] if (truth == 1).any() else []
    assert metrics.metric("AP_per_image")(SCORES, LABELS) == pytest.approx(sum(averages) / len(averages))


def test_both_are_one_where_every_ranking_is_right_and_differ_elsewhere():
    truth = np.maximum(LABELS, 0)
    for name in ("mAP", "AP_per_image", "mAP_11point"):
        assert metrics.metric(name)(truth * 2.0 - 1, truth) == 1
    assert metrics.metric("mAP")(SCORES, truth) != pytest.approx(metrics.metric("AP_per_image")(SCORES, truth))


def test_eleven_points_are_the_highest_precision_from_a_recall_on():
    scores, truth = np.array([[0.9], [0.8], [0.7], [0.6], [0.5]]), np.array([[1], [0], [1], [1], [0]])
    points = [(1 / 3, 1.0), (2 / 3, 2 / 3), (1.0, 3 / 4)]  # recall and precision at each positive
    expected = [max(p for recall, p in points if recall >= level - 1e-9) for level in np.linspace(0, 1, 11)]
    assert metrics.metric("mAP_11point")(scores, truth) == pytest.approx(np.mean(expected))


def labelled(count=400):
    rng = np.random.default_rng(3)
    return (rng.random((count, 6)) < [0.5, 0.3, 0.2, 0.1, 0.05, 0.4]).astype(np.int64)


def test_fractions_of_several_labels_are_nested_and_stratified():
    targets, groups = labelled(), np.arange(400)
    drawn = [set(splits.draw(targets, groups, share, 7).tolist()) for share in (0.1, 0.5, 1.0)]
    assert drawn[0] < drawn[1] < drawn[2] == set(range(400))
    assert [len(rows) for rows in drawn] == [40, 200, 400]
    for share, rows in zip((0.1, 0.5), drawn[:2], strict=True):
        present = targets[sorted(rows)].sum(0)
        assert np.abs(present - share * targets.sum(0)).max() <= 2.5
    assert set(splits.draw(targets, groups, 0.1, 7).tolist()) == drawn[0]
    assert set(splits.draw(targets, groups, 0.1, 8).tolist()) != drawn[0]


def test_validation_of_several_labels_keeps_groups_whole():
    groups = np.repeat(np.arange(100), 4)
    rest, held = splits.holdout(labelled(), groups, 0.2, 1)
    assert not set(groups[rest]) & set(groups[held])
    assert len(held) == 80
    assert len(rest) + len(held) == 400


@pytest.mark.parametrize("count", [2, 3, 5])
def test_even_a_few_samples_can_be_split(count):
    rest, held = splits.holdout(labelled(count), np.arange(count), 0.2, 1)
    assert (len(rest), len(held)) == (count - 1, 1)


def several(**options) -> TaskData:
    """Label 0: bright; label 1: reddish; label 2 is unknown for half of the images."""
    whole = task(train=48, held=24, classes=2, test=True, **options)
    parts = {}
    for name in ("train", "val", "test"):
        split = getattr(whole, name)
        labels = np.stack([split.targets, 1 - split.targets, np.where(split.index % 2, -1, split.targets)], axis=1)
        parts[name] = split._replace(targets=labels)
    return whole._replace(**parts, classes=("bright", "dark", "shiny"), metric="mAP", also=("AP_per_image",))


MANY = replace(SMALL, label_smoothing=0.0, dropout=0.0)


def test_a_trial_learns_several_labels():
    *_, last = trial.run(MANY, several(), 0, epochs=4)
    scores = {(row["split"], row["metric"]): row["score"] for row in last.rows}
    assert last.objective == scores["val", "mAP"] > 0.9
    assert {metric for split, metric in scores if split == "test"} == {"mAP", "AP_per_image", "loss"}


def test_bundled_heads_report_what_each_reports_alone():
    from study.training import fused_heads

    probe = replace(MANY, family="efficientnet_lite0", weights="imagenet", regime="feature_extraction", augment=0.0)
    members = [fused_heads.Member(probe, 1), fused_heads.Member(replace(probe, lr=1e-2), 2)]
    data = several()
    *_, bundled = fused_heads.run(members, data, 2)
    for number, member in enumerate(members):
        *_, alone = trial.run(member.config, data, member.seed, epochs=2)
        assert bundled[number].objective == alone.objective


@pytest.mark.slow
def test_several_batches_a_step_are_one_larger_batch():
    """This holds where nothing depends on a batch's own statistics: frozen features, a linear head."""
    probe = replace(MANY, family="efficientnet_lite0", weights="imagenet", regime="feature_extraction", augment=0.0)
    ends = []
    for config in (replace(probe, batch_size=16), replace(probe, batch_size=4, accumulate=4)):
        *_, last = trial.run(config, several(), 0, epochs=3)
        assert last.rows[0]["step"] == 9
        ends.append(last.model()["head.weight"])
    assert torch.allclose(*ends, atol=1e-5)


def test_grey_images_have_one_luminance_in_three_channels():
    from study.training.setup import assemble

    train = assemble(replace(MANY, colour="grey"), several(), 0, "cpu").feeds["train"]
    pixels, red = train.pixels(slice(0, 4)), train.images[train.rows[:4]].permute(0, 3, 1, 2) / 255
    assert torch.equal(pixels[:, 0], pixels[:, 1])
    assert torch.allclose(pixels[:, 0], 0.299 * red[:, 0] + 0.587 * red[:, 1] + 0.114 * red[:, 2], atol=1e-6)


def test_normalization_by_the_data_has_mean_0_and_std_1():
    from study.training.setup import assemble

    train = assemble(replace(MANY, normalization="data"), several(), 0, "cpu").feeds["train"]
    normalized = train.normalized(train.pixels(slice(None)))
    assert normalized.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert normalized.std(dim=(0, 2, 3)).tolist() == pytest.approx([1, 1, 1], abs=1e-3)
