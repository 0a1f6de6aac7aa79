"""Alarms that a trial raises when something is wrong with it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from study.data.device_split import feed
from study.models import families, input_contract
from study.training import evaluation, loop, optim, trial
from tests.support.toy_task import SMALL, task

LITE = replace(SMALL, family="efficientnet_lite0", weights="imagenet", regime="feature_extraction")


def alarms(config, epochs=1, **sizes):
    texts = [report.rows[0]["alarms"] or "" for report in trial.run(config, task(**sizes), 0, epochs=epochs)]
    return [[alarm.partition(":")[0] for alarm in text.split(" | ") if alarm] for text in texts]


def test_a_sound_trial_has_none():
    assert alarms(replace(SMALL, dropout=0.0, augment=0.0), 6, train=48, held=12)[-1] == []


def test_a_network_that_always_predicts_the_same_class_raises_an_alarm():
    logits = np.zeros((4, 3))
    logits[:, 2] = 1
    assert evaluation.constant_class(logits, np.array([0, 1, 2, 2])) == [
        "constant_class: all 4 validation images are class 2"
    ]
    assert evaluation.constant_class(logits, np.array([1, 1, 1, 1])) == []
    assert evaluation.constant_class(np.eye(3), np.array([0, 1, 2])) == []


@pytest.mark.slow
def test_a_slow_batchnorm_raises_an_alarm_of_a_gap_between_the_modes():
    slow = replace(SMALL, batchnorm_momentum=1e-6, dropout=0.0, augment=0.0)
    *_, last = trial.run(slow, task(train=48, held=12), 0, epochs=6)
    scores = {row["metric"]: row["score"] for row in last.rows if row["split"] == "train"}
    assert scores["accuracy_train_mode"] > scores["accuracy_eval_mode"] + 0.1
    assert "batchnorm_gap" in last.rows[0]["alarms"]


def test_scoring_both_modes_changes_nothing():
    data = task()
    torch.manual_seed(0)
    net = families.build("small_cnn", "none", 3)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    fed = feed(data.train, data.key, "cpu", (0.5,) * 3, (0.25,) * 3)
    assert evaluation.mode_gap(net, fed, 8, torch.Generator()).keys() == {"accuracy_train_mode", "accuracy_eval_mode"}
    assert all(tensor.equal(before[name]) for name, tensor in net.state_dict().items())
    net.freeze(range(4))
    assert evaluation.mode_gap(net, fed, 8, torch.Generator()) == {}


def test_a_parameter_that_is_in_no_group_of_the_optimizer_is_named(monkeypatch):
    def without_a_head(net, multipliers, decay):
        return groups(net, multipliers, decay)[:-2]

    groups = optim._groups
    monkeypatch.setattr(optim, "_groups", without_a_head)
    assert alarms(SMALL)[1][:4] == ["not_optimized", "not_optimized", "not_moved", "not_moved"]


def test_a_parameter_that_does_not_move_is_named(monkeypatch):
    monkeypatch.setattr(loop, "_epoch", lambda *_, **__: ({"accuracy": 0.0, "loss": 1.0}, 1.0))
    after_epoch = alarms(SMALL)[1]
    assert after_epoch.count("not_moved") == len(list(families.build("small_cnn", "none", 3).parameters()))


def test_input_off_the_contract_raises_an_alarm_with_pretrained_weights_only():
    assert alarms(LITE)[0] == ["input_size"]
    assert alarms(replace(LITE, normalization="unit"))[0] == ["input_size", "input_normalization"]
    assert alarms(SMALL)[0] == []


@pytest.mark.parametrize(("value", "expected"), [(0.0, True), (1 / 255, True), (1.0, False), (255.0, True)])
def test_pixels_that_do_not_fill_the_range_raise_an_alarm(value, expected):
    lite = families.load("efficientnet_lite0")
    pixels = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * value
    deviations = input_contract.deviations(lite, LITE, 224, pixels)
    of_range = [alarm for alarm in deviations if alarm.startswith("input_range")]
    assert bool(of_range) == expected
    assert input_contract.deviations(lite, replace(LITE, upsample=224), 32, pixels) == of_range


def test_the_range_of_normalized_images_is_written_out():
    (alarm,) = input_contract.deviations(
        families.load("efficientnet_lite0"), replace(LITE, normalization="unit"), 224, torch.tensor([0.0, 1.0])
    )
    assert alarm == "input_normalization: images in [0, 1], the weights expect [-1, 1]"
