from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from study.errors import UserError
from study.models import families
from study.space.config import Config
from study.training import evaluation, trial
from tests.support.toy_task import SMALL, outcome, task

DEPTHS = [
    pytest.param(name, depth, marks=[] if name == "small_cnn" or depth == 1 else pytest.mark.slow)
    for name in families.names()
    for stages in [len(families.load(name).stages)]
    for depth in range(stages + 1)
]
QUICK = {("adamw", 0, 1), ("sgd", 2, 0), ("adamw", 2, 2)}
RESUMED = [
    pytest.param(*case, marks=[] if case in QUICK else pytest.mark.slow)
    for case in product(["adamw", "sgd"], [0, 2], [0, 1, 2])
]


def partial(depth, **values):
    return replace(SMALL, regime="partial_freeze", freeze_depth=depth, **values)


def test_partial_freeze_of_nothing_is_fine_tuning():
    assert outcome(partial(0)) == outcome(SMALL)


def test_partial_freeze_of_everything_is_feature_extraction():
    assert outcome(partial(4)) == outcome(replace(SMALL, regime="feature_extraction"))


def test_fine_tuning_random_weights_is_training_from_scratch():
    assert outcome(SMALL) == outcome(replace(SMALL, regime="scratch", weights="imagenet"))


def test_seeds_differ_and_regimes_share_their_initial_weights():
    def first(config, seed):
        return next(trial.run(config, task(), seed, epochs=1)).model()["stages.0.0.weight"]

    assert torch.equal(first(SMALL, 1), first(partial(2), 1))
    assert not torch.equal(first(SMALL, 1), first(SMALL, 2))


@pytest.mark.parametrize(("family", "depth"), DEPTHS)
def test_exactly_what_is_not_frozen_moves(family, depth):
    config = partial(depth, family=family, batch_size=4, weight_decay=0.0, warmup=0.0, label_smoothing=0.0)
    before, after = (report.model() for report in trial.run(config, task(train=8, held=3), 0, epochs=1))
    for name, tensor in before.items():
        frozen = name.startswith("stages.") and int(name.split(".")[1]) < depth
        assert torch.equal(tensor, after[name]) == frozen, name


def test_pretrained_stages_stay_as_they_were_loaded():
    config = partial(3, family="efficientnet_lite0", weights="imagenet", batch_size=4)
    *_, last = trial.run(config, task(train=8, held=3), 0, epochs=1)
    loaded, after = families.build("efficientnet_lite0", "imagenet", 3).state_dict(), last.model()
    still = {
        int(name.split(".")[1]) for name in loaded if name.startswith("stages.") and loaded[name].equal(after[name])
    }
    assert {0, 1, 2} <= still
    assert all(
        loaded[name].equal(after[name]) for name in loaded if name.startswith(("stages.0.", "stages.1.", "stages.2."))
    )
    assert not any(loaded[name].equal(after[name]) for name in loaded if name.startswith(("stages.4.", "head")))


@pytest.mark.parametrize(("optimizer", "depth", "done"), RESUMED)
def test_a_resumed_trial_equals_an_uninterrupted_one(optimizer, depth, done):
    config = partial(depth, optimizer=optimizer)
    rows, model = outcome(config, epochs=3)
    for report in trial.run(config, task(), 7, epochs=3):
        if report.epoch == done:
            state = report.state()
            break
    rest, resumed = outcome(config, 3, resume=(done, 1.5, state))
    assert rest == [row for row in rows if row["epoch"] > done]
    assert resumed == model


def test_the_state_is_what_can_change_and_safetensors_takes_it(tmp_path):
    from safetensors.torch import load_file, save_file

    *_, last = trial.run(partial(3), task(), 0, epochs=1)
    state = last.state()
    assert {name.split(".")[1] for name in state if name.startswith("stages.")} == {"3"}
    save_file(state, tmp_path / "state.safetensors")
    assert all(torch.equal(state[name], tensor) for name, tensor in load_file(tmp_path / "state.safetensors").items())


def test_rows_of_a_trial():
    reports = list(trial.run(SMALL, task(test=True), 0, epochs=2))
    assert [(report.epoch, report.last) for report in reports] == [(0, False), (1, False), (2, True)]
    assert {row["split"] for row in reports[2].rows if row["metric"] == "count"} == {"test"}
    scored = [[row for row in report.rows if row["metric"] != "count"] for report in reports]
    pairs = [sorted((row["split"], row["metric"]) for row in rows) for rows in scored]
    val, train, test = ([(split, "accuracy"), (split, "loss")] for split in ("val", "train", "test"))
    modes = [("train", "accuracy_eval_mode"), ("train", "accuracy_train_mode")]
    assert pairs == [val, train + val, sorted(test + train + val + modes)]
    assert [{row["step"] for row in report.rows} for report in reports] == [{0}, {3}, {6}]
    assert all(
        set(row)
        == {"epoch", "step", "phase", "trained_on", "train_images", "seconds", "task", "split", "metric", "score"}
        | {"frozen_before", "frozen_after", "alarms"}
        for row in scored[2]
    )
    for report in reports:
        assert [row["score"] for row in report.rows if (row["split"], row["metric"]) == ("val", "accuracy")] == [
            report.objective
        ]
    seconds = [row["seconds"] for report in reports for row in report.rows]
    assert seconds == sorted(seconds)


def test_counts_of_the_test_are_its_confusion_matrix():
    *_, last = trial.run(SMALL, task(test=True), 0, epochs=2)
    counts = {(row["truth"], row["answer"]): row["score"] for row in last.rows if row["metric"] == "count"}
    data = task(test=True)
    by_class = {name: sum(number for (truth, _), number in counts.items() if truth == name) for name in data.classes}
    assert by_class == dict(zip(data.classes, np.bincount(data.test.targets).tolist(), strict=True))
    (accuracy,) = (row["score"] for row in last.rows if (row["split"], row["metric"]) == ("test", "accuracy"))
    right = sum(number for (truth, answer), number in counts.items() if truth == answer)
    assert right / len(data.test.targets) == pytest.approx(accuracy)


def test_an_answer_beyond_the_classes_is_counted_by_its_number():
    logits, targets = np.eye(4)[[0, 3, 3, 1]], np.array([0, 1, 1, 1])
    counts = list(evaluation.counts(logits, targets, ("a", "b")))
    assert counts == [("a", "a", 1), ("b", "b", 1), ("b", "output 3", 2)]


def test_rows_report_the_number_of_labelled_training_images():
    assert {row["train_images"] for report in trial.run(SMALL, task(train=20), 0, epochs=1) for row in report.rows} == {
        20
    }


def test_a_sealed_test_gives_no_rows():
    assert {row["split"] for report in trial.run(SMALL, task(), 0, epochs=1) for row in report.rows} == {"train", "val"}


def test_seconds_continue_after_a_resume():
    state = next(trial.run(SMALL, task(), 0, epochs=1)).state()
    (report,) = trial.run(SMALL, task(), 0, epochs=1, resume=(0, 100.0, state))
    assert all(100 < row["seconds"] < 160 for row in report.rows)


def test_it_learns():
    config = replace(SMALL, augment=0.0, dropout=0.0)
    *_, last = trial.run(config, task(train=48, held=12), 0, epochs=6)
    assert last.objective > 0.9


def test_zero_shot_scores_the_source_head_as_it_is():
    data = task(test=True)
    config = Config(family="efficientnet_lite0", weights="imagenet", regime="zero_shot", head_classes=1000)
    (report,) = trial.run(config, data, 0, epochs=5)
    assert (report.epoch, report.last, report.state().keys()) == (0, True, {"head.weight", "head.bias"})
    assert {row["train_images"] for row in report.rows} == {None}
    net = families.build("efficientnet_lite0", "imagenet", 3, source_head=True).eval()
    images = torch.from_numpy(data.val.images[data.val.index].transpose(0, 3, 1, 2) / 127.5 - 1).float()
    logits = net(images).detach()
    right = np.mean(logits.argmax(1).numpy() == data.val.targets)
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(data.val.targets)).item()
    scores = [row["score"] for row in report.rows if row["metric"] != "count"]
    assert scores == pytest.approx([right, loss] * 2, rel=1e-4)


@pytest.mark.parametrize(("config", "parts"), [
    (partial(5), ["freeze_depth 5", "4 stages"]),
    (replace(SMALL, weights="imagenet"), ["'imagenet'", "small_cnn", "none"]),
    (replace(SMALL, regime="zero_shot"), ["small_cnn", "source head"]),
    (replace(SMALL, regime="finetune"), ["'finetune'", "fine_tune"]),
    (replace(SMALL, family="vgg"), ["'vgg'", "small_cnn"]),
    (replace(SMALL, optimizer="lamb"), ["'lamb'", "adamw"]),
])  # fmt: skip
def test_contradictions_are_refused(config, parts):
    with pytest.raises(UserError) as error:
        list(trial.run(config, task(), 0, epochs=1))
    assert all(part in str(error.value) for part in parts)


def test_an_image_too_small_for_the_family_is_refused():
    with pytest.raises(UserError, match="images of 8 px are too small for family small_cnn; at least 16"):
        next(trial.run(SMALL, task(size=8), 0, epochs=1))


def test_a_validation_loss_that_is_not_finite_names_split_and_epoch(monkeypatch):
    monkeypatch.setattr("study.training.evaluation.score", lambda *_: {"accuracy": 0.0, "loss": float("nan")})
    with pytest.raises(FloatingPointError, match="val loss is nan after epoch 0"):
        next(trial.run(SMALL, task(), 0, epochs=1))
