"""Weights from a pretext: trained once, resumed after a kill, without labels, refused by name where damaged."""

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
from study.pretraining import initial_weights, sources
from study.pretraining import train as pretraining
from study.pretraining.train import TrainOptions
from study.space.config import Config
from study.training import metrics, setup, trial
from tests.support.toy_task import task

EPOCHS = 3
VALUES = Config(task="gtsrb", family="small_cnn", image_size=16)
GIVEN = {"epochs": EPOCHS, "images": 48, "batch_size": 16}


@pytest.fixture(scope="module")
def prepared(store):
    return prepare.prepare("gtsrb", None, 16, None)


@pytest.fixture(autouse=True)
def few_images_to_score_on(monkeypatch):
    monkeypatch.setattr(pretraining, "MOST", 32)


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A store of its own: every test trains for itself."""
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))


def source(name="rotation", **more):
    return sources.source(name, {name: GIVEN | more}, VALUES)


def start(prepared, name="rotation", seed=0, **more):
    return initial_weights.InitialWeights(source(name, **more), prepared, seed)


def tensors(entry):
    return load((entry.path / weights.MODEL).read_bytes())  # not mapped: some tests change the file


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("name", [pytest.param("patches", marks=pytest.mark.slow), "rotation", "labels"])
def test_weights_come_with_a_card_of_their_scores(prepared, fresh, name):
    said = []
    entry = pretraining.make(start(prepared, name), TrainOptions(said=said.append, command="python -m somewhere"))
    card = json.loads((entry.path / weights.CARD).read_text())
    assert [row["epoch"] for row in card["rows"]] == [1, 2, 3]
    assert [row["step"] for row in card["rows"]] == [3, 6, 9]
    assert said == card["rows"]
    assert card["command"] == "python -m somewhere"
    assert card["chance"] == {"patches": 1 / 8, "rotation": 1 / 4, "labels": 1 / 43}[name]
    assert card["images"] == 48
    assert all(set(row["scores"]["val"]) == {"accuracy", "loss"} for row in card["rows"])


def test_weights_are_trained_once(prepared, fresh):
    said = []
    first = pretraining.make(start(prepared), TrainOptions(said=said.append))
    again = pretraining.make(start(prepared), TrainOptions(said=said.append))
    assert first.path == again.path
    assert len(said) == EPOCHS


@pytest.mark.parametrize("changed", [{"epochs": 2}, {"lr": 0.01}, {"name": "patches"}, {"images": 32}])
def test_other_settings_are_other_weights(prepared, changed):
    name = changed.pop("name", "rotation")
    others = [start(prepared, name, **changed), start(prepared, seed=1), start(prepared)._replace(replicate=0)]
    assert len({start(prepared).path, *(each.path for each in others)}) == 4


class Killed(BaseException):
    pass


@pytest.mark.parametrize("epoch", range(1, EPOCHS))
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(prepared, tmp_path, monkeypatch, epoch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "whole"))
    whole = tensors(pretraining.make(start(prepared, "patches", dropout=0.2)))
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "cut"))
    done = []

    def stop():
        if len(done) == epoch:
            raise Killed

    with pytest.raises(Killed):
        pretraining.make(start(prepared, "patches", dropout=0.2), TrainOptions(False, 0.0, "", done.append, stop))
    assert pretraining.resumes(start(prepared, "patches", dropout=0.2)) == f"goes on after epoch {epoch}"
    entry = pretraining.make(start(prepared, "patches", dropout=0.2), TrainOptions(said=done.append))
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
        pretraining.make(start(prepared), TrainOptions(False, 0.0, "", done.append, stop))
    folder = pretraining.unfinished(start(prepared))
    for number, said in ((2, "goes on after epoch 1"), (1, f"no checkpoint in {folder} is whole: begins anew")):
        (folder / f"{number:06d}" / "state.safetensors").write_bytes(b"short")
        assert pretraining.resumes(start(prepared)) == said


@pytest.mark.parametrize(("name", "same"), [("patches", True), ("rotation", True), ("labels", False)])
def test_only_a_source_task_sees_labels(prepared, tmp_path, monkeypatch, name, same):
    found = []
    opened = prepare.open_data
    for turn in (0, 1):
        monkeypatch.setenv("STUDY_STORE", str(tmp_path / str(turn)))

        def shifted(*args, turn=turn, **more):
            whole = opened(*args, **more)
            return whole._replace(train=whole.train._replace(targets=(whole.train.targets + turn) % 43))

        monkeypatch.setattr(prepare, "open_data", shifted)
        found.append(tensors(pretraining.make(start(prepared, name, epochs=1))))
    assert equal(*found) == same


def test_no_image_that_a_study_validates_on_is_trained_on(prepared):
    opened = prepare.open_data(prepared, SplitOptions(), 3, 3, sealed=True)
    train, val = pretraining._some(opened, source(images=None), 3)
    assert set(train.index) <= set(opened.train.index)
    assert not set(train.index) & set(opened.val.index)
    assert set(val.index) <= set(opened.val.index)
    assert np.array_equal(train.targets, opened.train.targets)


@pytest.mark.parametrize("harm", ["truncated", "changed", "gone"])
def test_a_damaged_file_is_named_and_made_anew(prepared, fresh, harm):
    entry = pretraining.make(start(prepared))
    before, file = tensors(entry), entry.path / weights.MODEL
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-7] if harm == "truncated" else content[:-7] + bytes(7))
    assert str(file) in weights.damage(entry.path)
    if harm != "changed":  # a worker looks at the size only: the driver has read it all before
        with pytest.raises(Damaged, match=weights.MODEL):
            weights.fill(setup.families.build("small_cnn", "none", 2), entry.path)
    said = []
    assert equal(tensors(pretraining.make(start(prepared), TrainOptions(said=said.append))), before)
    assert len(said) == EPOCHS
    assert weights.damage(entry.path) is None


def test_a_trial_starts_from_them(prepared, fresh):
    entry = pretraining.make(start(prepared))
    asked = Config(family="small_cnn", weights="rotation", regime="partial_freeze", freeze_depth=2, batch_size=8)
    reports = [(report, report.model()) for report in trial.run(asked, task(), 0, epochs=1, source=entry.path)]
    (first, begun), (_, end) = reports
    own = {f"stages.{name}": each for name, each in tensors(entry).items()}
    assert all(torch.equal(begun[name], each) for name, each in own.items())
    still = [name for name in own if name.startswith(("stages.0.", "stages.1."))]
    assert all(torch.equal(end[name], own[name]) for name in still)
    assert first.rows[0]["alarms"] is None


def test_from_scratch_means_from_scratch_whatever_weights_there_are(prepared, fresh):
    entry = pretraining.make(start(prepared))
    asked = Config(family="small_cnn", weights="rotation", regime="scratch", batch_size=8)
    with_them, without = (
        next(trial.run(asked, task(), 0, epochs=1, source=path)).model() for path in (entry.path, None)
    )
    assert equal(with_them, without)


def test_weights_of_another_network_are_refused(prepared, fresh):
    entry = pretraining.make(start(prepared))
    with pytest.raises(UserError, match="are those of another network"):
        weights.fill(setup.families.build("resnet18", "none", 2), entry.path)


def test_bundled_heads_start_from_them_too(prepared, fresh):
    from study.training import fused_heads

    entry = pretraining.make(start(prepared))
    probe = Config(
        family="small_cnn", weights="rotation", regime="feature_extraction", augment=0.0, batch_size=8, lr=1e-2
    )
    members = [fused_heads.Member(probe, 1), fused_heads.Member(replace(probe, lr=1e-3), 2)]
    *_, said = fused_heads.run(members, task(), 2, source=entry.path)
    for number, member in enumerate(members):
        *_, alone = trial.run(member.config, task(), member.seed, epochs=2, source=entry.path)
        assert said[number].objective == alone.objective
        assert equal(said[number].model(), alone.model())


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
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum("epoch 2 of 2" in out for out, _ in told) == 1
    assert all("wrote " in out and "chance 0.2500" in out for out, _ in told)


@pytest.mark.parametrize(
    ("words", "said"),
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
def test_a_mistake_in_the_command_is_one_line_and_exit_code_2(capsys, words, said):
    assert pretrain.main([*words, "--image-size", "16"] if "--image-size" not in words else words) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_network_that_answers_held_out_images_with_no_numbers_is_no_weights(prepared, fresh, monkeypatch):
    monkeypatch.setitem(metrics.METRICS, "loss", lambda scores, targets: float("nan"))
    with pytest.raises(FloatingPointError, match="the loss on held-out images is nan"):
        pretraining.make(start(prepared))
