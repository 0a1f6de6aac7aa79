"""Weights from a pretext: trained once, without labels, resumed after a kill; damaged files are named."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load

from study import pretrain
from study.data import prepare
from study.data.splits import SplitOptions
from study.errors import Damaged, UserError
from study.models import weights
from study.pretraining import epochs, initial_weights, sources
from study.pretraining import train as pretraining
from study.pretraining.train import TrainOptions
from study.space.config import Config
from study.training import metrics, setup, trial
from tests.support.toy_task import task

EPOCHS = 3
VALUES = Config(task="gtsrb", family="small_cnn", image_size=16)
RECIPE = {"epochs": EPOCHS, "images": 48, "batch_size": 16}


@pytest.fixture(scope="module")
def prepared(store):
    return prepare.prepare("gtsrb", None, 16, None)


@pytest.fixture(autouse=True)
def few_images_to_score_on(monkeypatch):
    monkeypatch.setattr(epochs, "MOST", 32)


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A store of its own, so that each test trains its weights anew."""
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))


def source(name="rotation", **settings):
    return sources.source(name, {name: RECIPE | settings}, VALUES)


def start(prepared, name="rotation", seed=0, **settings):
    return initial_weights.InitialWeights(source(name, **settings), prepared, seed)


def tensors(entry):
    return load((entry.path / weights.MODEL).read_bytes())  # not mapped: some tests change the file


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("name", [pytest.param("patches", marks=pytest.mark.slow), "rotation", "labels"])
def test_weights_come_with_a_card_of_their_scores(prepared, fresh, name):
    rows = []
    entry = pretraining.make(start(prepared, name), TrainOptions(on_epoch=rows.append, command="python -m somewhere"))
    card = json.loads((entry.path / weights.CARD).read_text())
    assert [row["epoch"] for row in card["rows"]] == [1, 2, 3]
    assert [row["step"] for row in card["rows"]] == [3, 6, 9]
    assert rows == card["rows"]
    assert card["command"] == "python -m somewhere"
    assert card["chance"] == {"patches": 1 / 8, "rotation": 1 / 4, "labels": 1 / 43}[name]
    assert card["images"] == 48
    assert all(set(row["scores"]["val"]) == {"accuracy", "loss"} for row in card["rows"])


def test_weights_are_trained_once(prepared, fresh):
    rows = []
    first = pretraining.make(start(prepared), TrainOptions(on_epoch=rows.append))
    again = pretraining.make(start(prepared), TrainOptions(on_epoch=rows.append))
    assert first.path == again.path
    assert len(rows) == EPOCHS


@pytest.mark.parametrize("changed", [{"epochs": 2}, {"lr": 0.01}, {"name": "patches"}, {"images": 32}])
def test_other_settings_are_other_weights(prepared, changed):
    name = changed.pop("name", "rotation")
    others = [start(prepared, name, **changed), start(prepared, seed=1), start(prepared)._replace(replicate=0)]
    assert len({start(prepared).path, *(other.path for other in others)}) == 4


class Killed(BaseException):
    pass


def every_epoch(rows, check):
    """Options that save a checkpoint after every epoch, and list the epochs' records."""
    return TrainOptions(checkpoint_seconds=0.0, on_epoch=rows.append, check=check)


@pytest.mark.parametrize("epoch", range(1, EPOCHS))
def test_a_training_that_was_stopped_resumes_to_the_same_weights(prepared, tmp_path, monkeypatch, epoch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "whole"))
    whole = tensors(pretraining.make(start(prepared, "patches", dropout=0.2)))
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "cut"))
    done = []

    def stop():
        if len(done) == epoch:
            raise Killed

    with pytest.raises(Killed):
        pretraining.make(start(prepared, "patches", dropout=0.2), every_epoch(done, stop))
    assert pretraining.resumes(start(prepared, "patches", dropout=0.2)) == f"resumes after epoch {epoch}"
    entry = pretraining.make(start(prepared, "patches", dropout=0.2), TrainOptions(on_epoch=done.append))
    assert [row["epoch"] for row in done] == [1, 2, 3]  # none was trained twice
    assert [row["epoch"] for row in entry.meta["rows"]] == [1, 2, 3]
    assert equal(tensors(entry), whole)
    assert [path.name for path in entry.path.parent.iterdir() if path.is_dir()] == [entry.path.name]


def test_a_damaged_checkpoint_is_passed_over_or_named(prepared, fresh):
    def stop():
        if len(done) == 2:
            raise Killed

    done = []
    with pytest.raises(Killed):
        pretraining.make(start(prepared), every_epoch(done, stop))
    folder = pretraining.unfinished(start(prepared))
    for number, message in ((2, "resumes after epoch 1"), (1, f"no checkpoint in {folder} is whole: begins anew")):
        (folder / f"{number:06d}" / "state.safetensors").write_bytes(b"short")
        assert pretraining.resumes(start(prepared)) == message


@pytest.mark.parametrize(("name", "same"), [("patches", True), ("rotation", True), ("labels", False)])
def test_only_a_source_task_sees_labels(prepared, tmp_path, monkeypatch, name, same):
    trained = []
    open_data = prepare.open_data
    for turn in (0, 1):
        monkeypatch.setenv("STUDY_STORE", str(tmp_path / str(turn)))

        def shifted(*args, turn=turn, **kwargs):
            data = open_data(*args, **kwargs)
            return data._replace(train=data.train._replace(targets=(data.train.targets + turn) % 43))

        monkeypatch.setattr(prepare, "open_data", shifted)
        trained.append(tensors(pretraining.make(start(prepared, name, epochs=1))))
    assert equal(*trained) == same


def test_no_image_that_a_study_validates_on_is_trained_on(prepared):
    data = prepare.open_data(prepared, SplitOptions(), 3, 3, sealed=True)
    train, val = epochs._subsets(data, source(images=None), 3)
    assert set(train.index) <= set(data.train.index)
    assert not set(train.index) & set(data.val.index)
    assert set(val.index) <= set(data.val.index)
    assert np.array_equal(train.targets, data.train.targets)


@pytest.mark.parametrize("harm", ["truncated", "changed", "gone"])
def test_a_damaged_file_is_named_and_replaced(prepared, fresh, harm):
    entry = pretraining.make(start(prepared))
    before, file = tensors(entry), entry.path / weights.MODEL
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-7] if harm == "truncated" else content[:-7] + bytes(7))
    assert str(file) in weights.damage(entry.path)
    if harm != "changed":  # a worker checks the size only; the driver has read the whole file before
        with pytest.raises(Damaged, match=weights.MODEL):
            weights.fill(setup.families.build("small_cnn", "none", 2), entry.path)
    rows = []
    assert equal(tensors(pretraining.make(start(prepared), TrainOptions(on_epoch=rows.append))), before)
    assert len(rows) == EPOCHS
    assert weights.damage(entry.path) is None


def test_a_trial_starts_from_them(prepared, fresh):
    entry = pretraining.make(start(prepared))
    config = Config(family="small_cnn", weights="rotation", regime="partial_freeze", freeze_depth=2, batch_size=8)
    reports = [(report, report.model()) for report in trial.run(config, task(), 0, epochs=1, source=entry.path)]
    (first, begun), (_, end) = reports
    own = {f"stages.{name}": tensor for name, tensor in tensors(entry).items()}
    assert all(torch.equal(begun[name], tensor) for name, tensor in own.items())
    frozen = [name for name in own if name.startswith(("stages.0.", "stages.1."))]
    assert all(torch.equal(end[name], own[name]) for name in frozen)
    assert first.rows[0]["alarms"] is None


def test_from_scratch_means_from_scratch_whatever_weights_there_are(prepared, fresh):
    entry = pretraining.make(start(prepared))
    config = Config(family="small_cnn", weights="rotation", regime="scratch", batch_size=8)
    with_them, without = (
        next(trial.run(config, task(), 0, epochs=1, source=path)).model() for path in (entry.path, None)
    )
    assert equal(with_them, without)


def test_weights_of_another_network_are_refused(prepared, fresh):
    entry = pretraining.make(start(prepared))
    with pytest.raises(UserError, match="are those of another network"):
        weights.fill(setup.families.build("resnet18", "none", 2), entry.path)


@pytest.mark.slow
def test_bundled_heads_start_from_them_too(prepared, fresh):
    from study.training import fused_heads

    entry = pretraining.make(start(prepared))
    probe = Config(
        family="small_cnn", weights="rotation", regime="feature_extraction", augment=0.0, batch_size=8, lr=1e-2
    )
    members = [fused_heads.Member(probe, 1), fused_heads.Member(replace(probe, lr=1e-3), 2)]
    *_, reports = fused_heads.run(members, task(), 2, source=entry.path)
    for number, member in enumerate(members):
        *_, alone = trial.run(member.config, task(), member.seed, epochs=2, source=entry.path)
        assert reports[number].objective == alone.objective
        assert equal(reports[number].model(), alone.model())


COMMAND = (
    sys.executable,
    "-m",
    "study.pretrain",
    "--family",
    "small_cnn",
    "--image-size",
    "16",
    "--set",
    "batch_size=16",
)


def command(*words):
    return subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_of_two_processes_that_want_the_same_one_trains(prepared, tmp_path):
    both = [command("--task", "rotation:gtsrb", "--epochs", "2", "--images", "48", "--seed", "9") for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("epoch 2 of 2" in out for out, _ in outputs) == 1
    assert all("wrote " in out and "chance 0.2500" in out for out, _ in outputs)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", "patches"], "write PRETEXT:TASK"),
        (["--task", "patchs:gtsrb"], "unknown pretext 'patchs'"),
        (["--task", "patches:gtsbr"], "unknown task 'gtsbr'; one of"),
        (["--task", "patches:gtsrb", "--set", "gapp=1"], "unknown key 'gapp'"),
        (["--task", "patches:gtsrb", "--set", "lr=fast"], "lr 'fast'"),
        (["--task", "patches:gtsrb", "--epochs", "0"], "epochs 0 must be at least 1"),
        (["--task", "patches:gtsrb", "--family", "small_cn"], "unknown family 'small_cn'"),
        (["--task", "patches:gtsrb", "--data", "nowhere"], "nowhere"),
        (["--task", "patches:gtsrb", "--set", "lr=-1"], "lr -1 must be above 0"),
        (["--task", "patches:gtsrb", "--set", "warmup=7"], "warmup 7 must be between 0 and 1"),
        (["--task", "patches:gtsrb", "--set", "stem=small"], "stem 'small' is not read by family 'small_cnn'"),
        (["--task", "patches:gtsrb", "--set", "epochs=2"], "--set epochs: is an option of its own, --epochs"),
    ],
)
def test_a_mistake_in_the_command_is_one_line_and_exit_code_2(capsys, words, message):
    assert pretrain.main([*words, "--image-size", "16"] if "--image-size" not in words else words) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1


def test_weights_whose_held_out_loss_is_not_finite_are_refused(prepared, fresh, monkeypatch):
    monkeypatch.setitem(metrics.METRICS, "loss", lambda scores, targets: float("nan"))
    with pytest.raises(FloatingPointError, match="the loss on held-out images is nan"):
        pretraining.make(start(prepared))
