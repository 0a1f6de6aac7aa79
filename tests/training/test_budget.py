"""The samples of an epoch: each image once, or as many as with all labels; in a new order, or always the same one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from study.data import prepare, splits
from study.data.device_split import feed
from study.data.splits import SplitOptions
from study.training import trial
from study.training.loop import TrainingContext
from tests.support.toy_task import AUGMENT, SMALL, outcome, task

STEPS = replace(SMALL, budget="steps")


def context(config, train=20, labelled=None):
    data = task(train=train)
    split = feed(data.train, data.key, "cpu", (0.5,) * 3, (0.25,) * 3)
    return TrainingContext(None, split, config, AUGMENT, seed=5, labelled=labelled)


@pytest.mark.parametrize(("budget", "steps"), [("epochs", 2), ("steps", 7)])
def test_an_epoch_of_steps_is_as_long_as_with_all_labels(budget, steps):
    few = task(train=10)._replace(labelled=50)
    reports = list(trial.run(replace(SMALL, budget=budget), few, 0, epochs=2))
    assert [report.rows[0]["step"] for report in reports] == [0, steps, 2 * steps]
    assert {row["train_images"] for row in reports[-1].rows} == {10}


def test_each_pass_shows_every_image_once():
    order = context(STEPS, 10, labelled=35).order(1)
    assert len(order) == 35
    for start in (0, 10, 20):
        assert sorted(order[start : start + 10].tolist()) == list(range(start, start + 10))
    assert set(order[30:].tolist()) <= set(range(30, 40))


def test_with_all_labels_both_budgets_are_the_same():
    assert outcome(SMALL) == outcome(STEPS)


def test_every_pass_is_augmented_anew_unless_the_views_are_fixed():
    order = torch.tensor([3, 13])
    for views, same in ((None, False), (1, True)):
        few = context(replace(STEPS, views=views), 10, labelled=20)
        (first, second), labels = few.epoch_inputs(1).batch(order)
        assert torch.equal(first, second) == same
        assert labels[0] == labels[1] == few.feed.targets[3]


@pytest.mark.slow
def test_cached_outputs_serve_further_passes_too():
    config = replace(STEPS, regime="partial_freeze", freeze_depth=2, views=2)
    few = task(train=10)._replace(labelled=35)
    plain, cached = (
        [report.objective for report in trial.run(config, few, 7, epochs=3, cache=cache)]
        for cache in (trial.NO_CACHE, trial.CacheSettings(10**8, False, "here"))
    )
    assert plain == cached


@pytest.mark.parametrize(("shuffle", "same"), [("on", False), ("off", True)])
def test_without_shuffling_every_epoch_has_one_order(shuffle, same):
    shuffled = context(replace(SMALL, shuffle=shuffle))
    assert torch.equal(shuffled.order(1), shuffled.order(2)) == same
    assert sorted(shuffled.order(2).tolist()) == list(range(20))


def test_an_unstratified_fraction_is_as_large_but_neither_balanced_nor_nested():
    targets, groups = np.repeat(np.arange(10), 20), np.arange(200)
    tenth, half = (splits.draw_unstratified(targets, groups, share, 3) for share in (0.1, 0.5))
    assert (len(tenth), len(half)) == (20, 100)
    assert len(set(np.bincount(targets[tenth], minlength=10))) > 1
    assert not set(tenth) <= set(half)
    assert np.array_equal(splits.draw_unstratified(targets, groups, 0.1, 3), tenth)
    assert len(splits.draw_unstratified(targets, groups, 1.0, 3)) == 200


def test_an_unstratified_fraction_keeps_groups_whole():
    groups = np.repeat(np.arange(20), 5)
    rows = splits.draw_unstratified(np.zeros(100, int), groups, 0.3, 0)
    assert len(rows) == 30
    assert len(np.unique(groups[rows])) == 6


def test_a_trial_draws_its_fraction_as_configured(store):
    ready = prepare.prepare("gtsrb", None, 16, None)
    drawn = {
        kind: prepare.open_data(ready, SplitOptions(0.2, subset=kind), 0, 1, sealed=True)
        for kind in ("stratified", "random")
    }
    assert len(set(np.bincount(drawn["stratified"].train.targets))) == 1
    assert len(set(np.bincount(drawn["random"].train.targets, minlength=43))) > 1
    assert np.array_equal(drawn["stratified"].val.index, drawn["random"].val.index)
    assert drawn["random"].labelled == len(prepare.open_data(ready, SplitOptions(), 0, 1, sealed=True).train.index)


def val(config, epoch=1):
    reports = list(trial.run(config, task(held=40), 0, epochs=2))
    return [row["score"] for row in reports[epoch].rows if row["split"] == "val" and row["metric"] == "loss"]


@pytest.mark.slow
def test_augmented_validation_scores_other_images():
    published = replace(SMALL, validation_augment="on")
    assert val(published) != val(SMALL)
    assert val(replace(published, augment=0.0)) != val(replace(SMALL, augment=0.0))  # though training's are not


def test_the_test_is_never_augmented():
    rows = [
        [
            row["score"]
            for row in list(trial.run(config, task(test=True), 0, epochs=1))[-1].rows
            if row["split"] == "test"
        ]
        for config in (SMALL, replace(SMALL, validation_augment="on"))
    ]
    assert rows[0] == rows[1]


def test_further_metrics_of_a_task_are_reported(store):
    data = task(held=30, test=True)._replace(also=("f1", "recall"))
    *_, last = trial.run(SMALL, data, 0, epochs=1)
    assert {row["metric"] for row in last.rows if row["split"] == "val"} == {"accuracy", "f1", "recall", "loss"}
    tested = {row["metric"] for row in last.rows if row["split"] == "test"}
    assert tested == {"accuracy", "f1", "recall", "loss", "count"}
