"""Identities of the regimes, to the bit, on a network that is trained."""

from dataclasses import replace

import pytest
import torch

from study.models import families
from study.space.config import Config
from study.training import trial
from tests.support.toy_task import SMALL, outcome, task

LITE = Config(family="efficientnet_lite0", weights="imagenet", batch_size=8, label_smoothing=0.0)
LP_FT = replace(SMALL, regime="lp_ft", weight_decay=0.1)
GRADUAL = replace(SMALL, regime="gradual_unfreeze")
DRIFT = replace(SMALL, regime="partial_freeze", freeze_depth=2, freeze_batchnorm="off")
SURGICAL = replace(SMALL, regime="stage_rates", stage_rates="1/0/0.5/0")


def stages_moved(before, after):
    return {
        int(name.split(".")[1]) for name in before if name.startswith("stages.") and not before[name].equal(after[name])
    }


@pytest.mark.parametrize("same", [
    {"regime": "discriminative", "lr_decay": 1.0},
    {"regime": "stage_rates", "stage_rates": "1/1/1/1"},
    {"regime": "partial_freeze", "freeze_depth": 0},
    {"regime": "partial_freeze", "freeze_depth": 0, "freeze_batchnorm": "off"},
])  # fmt: skip
def test_equals_fine_tuning(same):
    assert outcome(replace(SMALL, **same)) == outcome(SMALL)


@pytest.mark.parametrize("same", [
    {"regime": "partial_freeze", "freeze_depth": 4},
    {"regime": "stage_rates", "stage_rates": "0/0/0/0"},
])  # fmt: skip
def test_equals_feature_extraction(same):
    assert outcome(replace(SMALL, **same)) == outcome(replace(SMALL, regime="feature_extraction"))


def test_a_decay_is_the_rates_it_stands_for():
    rates = replace(SMALL, regime="stage_rates", stage_rates="0.0625/0.125/0.25/0.5")
    assert outcome(replace(SMALL, regime="discriminative", lr_decay=0.5)) == outcome(rates)


def test_frozen_stages_need_not_be_the_first():
    before, *_, after = (report.model() for report in trial.run(SURGICAL, task(), 0, epochs=2))
    assert stages_moved(before, after) == {0, 2}


def test_lp_ft_moves_the_backbone_only_in_its_second_phase_with_weight_decay_too():
    models = [report.model() for report in trial.run(LP_FT, task(), 0, epochs=4)]
    assert [stages_moved(models[0], model) for model in models[1:]] == [set(), set()] + [{0, 1, 2, 3}] * 2


def test_gradual_unfreezing_thaws_one_stage_after_the_other():
    models = [report.model() for report in trial.run(GRADUAL, task(), 0, epochs=5)]
    assert [stages_moved(models[0], model) for model in models] == [set(), set(), {3}, {2, 3}, {1, 2, 3}, {0, 1, 2, 3}]


@pytest.mark.parametrize(
    ("config", "epochs"),
    [
        pytest.param(LP_FT, 4, marks=pytest.mark.slow),
        pytest.param(GRADUAL, 5, marks=pytest.mark.slow),
        (DRIFT, 3),
        (SURGICAL, 3),
    ],
)
def test_a_resumed_trial_equals_an_uninterrupted_one(config, epochs):
    rows, model = outcome(config, epochs)
    for report in trial.run(config, task(), 7, epochs=epochs):
        if report.epoch in (1, epochs - 1):
            rest, resumed = outcome(config, epochs, resume=(report.epoch, 0.0, report.state()))
            assert [strip(row) for row in rest] == [strip(row) for row in rows if row["epoch"] > report.epoch]
            assert resumed == model


def strip(row):
    """Leave out alarms; those about a phase's first epoch are not repeated by a process that resumes within it."""
    return {key: value for key, value in row.items() if key != "alarms"}


def test_each_row_has_the_hash_of_what_is_frozen_before_and_after():
    hashes = [
        {(row["frozen_before"], row["frozen_after"]) for row in report.rows}
        for report in trial.run(LP_FT, task(), 0, epochs=4)
    ]
    assert all(len(pairs) == 1 for pairs in hashes)
    before, after = next(iter(hashes[0]))
    assert before == after is not None
    assert hashes == [{(before, before)}] * 3 + [{(None, None)}] * 2


def test_drifting_statistics_are_no_frozen_state_and_raise_an_alarm():
    before, after, *_ = ((report.model(), report.rows) for report in trial.run(DRIFT, task(), 0, epochs=1))
    moved = {name for name in before[0] if not before[0][name].equal(after[0][name]) and name < "stages.2"}
    assert moved
    assert all(
        name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        for name in moved - {"head"}
        if name.startswith("stages")
    )
    assert {row["frozen_after"] for row in after[1]} == {row["frozen_before"] for row in after[1]}
    assert "batchnorm_drift: 12 of 12 buffers" in after[1][0]["alarms"]


def test_prototypes_are_the_nearest_class_means():
    data = task(test=True)
    (report,) = trial.run(replace(LITE, regime="prototype"), data, 0, epochs=5)
    assert (report.epoch, report.last) == (0, True)
    assert {row["train_images"] for row in report.rows} == {20}
    net = families.build("efficientnet_lite0", "imagenet", 3).eval()
    with torch.no_grad():
        features = [net.features(normalized(split)) for split in (data.train, data.val)]
    targets = torch.from_numpy(data.train.targets)
    means = torch.stack([features[0][targets == label].mean(0) for label in range(3)])
    nearest = torch.cdist(features[1], means).argmin(1).numpy()
    assert {row["score"] for row in report.rows if row["metric"] == "accuracy"} == {
        (nearest == data.val.targets).mean()
    }


def normalized(split):
    return torch.from_numpy(split.images[split.index].transpose(0, 3, 1, 2) / 127.5 - 1).float()


def test_a_prototype_head_is_saved_and_loads():
    (report,) = trial.run(replace(LITE, regime="prototype"), task(), 0, epochs=5)
    families.build("efficientnet_lite0", "imagenet", 3).load_state_dict(report.model())


@pytest.mark.parametrize("weights", ["imagenet", "pretrained"])
def test_zero_shot_sums_the_source_classes_that_a_class_stands_for(weights):
    labels = {"imagenet": {"class 0": (3, 5), "class 1": (7,), "class 2": (0, 1, 2)}}
    data = task(test=True)._replace(source_labels=labels)
    (report,) = trial.run(replace(LITE, regime="zero_shot", weights=weights), data, 0, epochs=5)
    net = families.build("efficientnet_lite0", "imagenet", 3, source_head=True).eval()
    with torch.no_grad():
        chances = net(normalized(data.val)).softmax(1)
    summed = torch.stack([chances[:, list(group)].sum(1) for group in labels["imagenet"].values()], 1)
    right = (summed.argmax(1).numpy() == data.val.targets).mean()
    loss = -(summed / summed.sum(1, keepdim=True)).log()[range(6), data.val.targets].mean().item()
    scores = [row["score"] for row in report.rows if row["metric"] != "count"]
    assert scores == pytest.approx([right, loss] * 2, rel=1e-4)


def test_zero_shot_may_pad_the_labels():
    (report,) = trial.run(replace(LITE, regime="zero_shot", head_classes=1000), task(), 0, epochs=5)
    assert report.model()["head.weight"].shape == (1000, 1280)
    assert "labels_unmapped" in report.rows[0]["alarms"]


def test_labels_can_be_padded_in_training_too():
    *_, last = trial.run(replace(SMALL, head_classes=10), task(), 0, epochs=1)
    assert last.model()["head.weight"].shape[0] == 10
