"""The files for optuna-dashboard and TensorBoard agree with the ledger, however often they are updated."""

import math
import struct

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from study.search import pruner
from study.search import table as tables
from study.search.state import Plan, State
from study.space import Space, choice, integers, log_uniform
from study.storage import ledger
from study.storage import study_folder as folders
from study.watch.__main__ import main
from study.watch.event_files import EventFiles

SPACE = Space(
    task="gtsrb",
    compared={"regime": ("scratch", "partial_freeze")},
    tuned={"lr": log_uniform(1e-4, 1e-1), "freeze_depth": integers(1, 4), "batch_size": choice(16, 32)},
    only={"freeze_depth": {"regime": "partial_freeze"}},
    baseline={"lr": 1e-3, "freeze_depth": 2, "batch_size": 32},
    fixed={"label_fraction": 0.5, "family": "small_cnn", "image_size": 16},
    trials=5,
    epochs=3,
    replicates=2,
)
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}


def play(folder, steps):
    """Make or resume a study's folder for `steps` reports without training; each cell's trial s003 fails."""
    cells = SPACE.cells()
    about = [{"name": cell.name, "values": cell.values, "published": None, "source": "drawn"} for cell in cells]
    folder.mkdir(exist_ok=True)
    if not (folder / "study.json").exists():
        folders.begin(folder, {"space": {"name": "gtsrb"} | SPACE.as_dict(), "cells": about}, resume=False)
    events = list(ledger.read(folder / "ledger"))
    book = ledger.Ledger(folder / "ledger", len(events))
    plan = Plan(SPACE.trials, SPACE.epochs, SPACE.replicates, 0)
    state = State(cells, plan, pruner.asha(SPACE.epochs, 1, 3), book.append)
    state.replay(events)
    while steps > 0 and (trial := state.next_trial()):
        for epoch in range(len(trial.objectives), SPACE.epochs + 1):
            score = 1 - math.exp(-epoch * cells[trial.cell].values["label_fraction"]) - trial.tuned["lr"]
            if epoch == 2 and trial.id.endswith("s003"):
                state.fail(trial.id, "RuntimeError: a fault")
                break
            last = epoch == SPACE.epochs
            rows = [row(epoch, "val", score), row(epoch, "train", score / 2)]
            rows += [row(epoch, "test", score)] * (last and trial.role == "replicate")
            decision = state.report(trial.id, epoch, score, last, rows=rows, worker="a:1", time=1e9 + epoch)
            steps -= 1
            if decision != "continue" or steps == 0:
                break
    book.close()
    return folder


def row(epoch, split, score):
    common = {"epoch": epoch, "step": 10 * epoch, "task": "gtsrb", "trained_on": "gtsrb"}
    return common | {"split": split, "metric": "accuracy", "score": score}


def table(folder):
    return tables.from_events(folders.read_study(folder), ledger.read(folder / "ledger"))


def cells(folder):
    storage = JournalStorage(JournalFileBackend(str(folder / "optuna.log")))
    return {name: optuna.load_study(study_name=name, storage=storage) for name in optuna.get_all_study_names(storage)}


def scalars(folder):
    """Read event files back in the plainest way: (run, tag, step) → values."""
    scores = {}
    for path in sorted(folder.rglob("events.*")):
        data, place = path.read_bytes(), 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + length])
            place += 16 + length
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    scores.setdefault((path.parent.name, value.tag, event.step), []).append(value.simple_value)
                if value.tag == "_hparams_/session_start_info":
                    started = HParamsPluginData.FromString(value.metadata.plugin_data.content).session_start_info
                    numbers = {key: one.number_value for key, one in started.hparams.items()}
                    scores.setdefault((path.parent.name, "lr", None), []).append(numbers["lr"])
    return scores


def check(folder):
    """Compare both views with the table, which is made from the ledger by other code."""
    frame = table(folder)
    searched = frame[frame["role"] == "search"]
    studies = cells(folder)
    assert set(studies) == set(searched["cell"])
    for cell, study in studies.items():
        own = searched[searched["cell"] == cell].drop_duplicates("trial").set_index("trial")
        states = {trial.user_attrs["trial"]: STATES[trial.state.name] for trial in study.trials}
        assert states == own["state"].to_dict()
        assert len(states) == len(study.trials)
        val = searched[(searched["cell"] == cell) & (searched["split"] == "val")]
        for trial in study.trials:
            name = trial.user_attrs["trial"]
            curve = val[val["trial"] == name].set_index("epoch")["score"]
            assert trial.intermediate_values == curve.to_dict()
            assert trial.value == (curve.iloc[-1] if states[name] in ("complete", "pruned") else None)
            assert trial.params["lr"] == own.loc[name, "lr"]
        done = val[(val["state"] == "complete") & (val["epoch"] == SPACE.epochs)]
        if len(done):
            assert study.best_value == done["score"].max()
    rows = frame[frame["score"].notna()]
    tags = [(one.trial, f"{one.split}/{one.metric}", one.epoch) for one in rows.itertuples()]
    want = dict(zip(tags, rows["score"], strict=True))
    scores = scalars(folder / "tensorboard")
    rates = {key[0]: scores.pop(key) for key in [key for key in scores if key[1] == "lr"]}
    assert scores == {key: [pytest.approx(score)] for key, score in want.items()}
    assert rates == {name: [pytest.approx(rate)] for name, rate in rows.groupby("trial")["lr"].first().items()}


def test_a_finished_study_is_exported_as_the_table_has_it(tmp_path, capsys):
    play(tmp_path, 10_000)
    assert main([str(tmp_path)]) == 0
    assert set(table(tmp_path)["state"]) == {"complete", "pruned", "failed"}
    check(tmp_path)
    assert "optuna.log" in capsys.readouterr().out


@pytest.mark.parametrize("steps", [1, 9, 15])
def test_each_run_of_the_command_updates_the_export_of_a_running_study(tmp_path, steps):
    play(tmp_path, steps)
    for _ in range(3):
        assert main([str(tmp_path)]) == 0
        check(tmp_path)
        play(tmp_path, steps)
    main([str(tmp_path)])
    check(tmp_path)


def test_every_follows_the_ledger_and_leaves_a_torn_line_for_later(tmp_path, monkeypatch):
    play(tmp_path, 12)
    path = tmp_path / "ledger" / "001.jsonl"
    whole, rounds = path.read_bytes(), iter(range(400, 1_000_000, 700))
    path.write_bytes(whole[:400])

    def wait(seconds):
        now = next(rounds)
        path.write_bytes(whole[:now])
        if now > len(whole) + 700:
            raise KeyboardInterrupt

    monkeypatch.setattr("study.watch.__main__.time.sleep", wait)
    assert main([str(tmp_path), "--every", "1s"]) == 0
    assert path.read_bytes() == whole
    check(tmp_path)


def test_a_line_whose_end_comes_later_is_read_once(tmp_path):
    play(tmp_path, 5)
    path = tmp_path / "ledger" / "001.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    reader, seen = ledger.Reader(path.parent), []
    for size in (first - 1, first, first + 20, len(whole) - 1, len(whole)):
        path.write_bytes(whole[:size])
        seen += [event["seq"] for event in reader.news()]
    assert seen == list(range(len(whole.splitlines())))


def test_the_distributions_are_those_of_the_space(tmp_path):
    play(tmp_path, 10_000)
    main([str(tmp_path)])
    study = cells(tmp_path)["regime=partial_freeze"]
    tuned = {key: SPACE.as_dict()["tuned"][key] for key in ("lr", "freeze_depth")}
    spaces = {key: study.trials[0].distributions[key] for key in tuned}
    assert {key: (one.low, one.high, one.log) for key, one in spaces.items()} == {
        key: (one["low"], one["high"], one["log"]) for key, one in tuned.items()
    }
    assert study.trials[0].distributions["batch_size"].choices == (16, 32)
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert (study.user_attrs["regime"], study.user_attrs["label_fraction"]) == ("partial_freeze", 0.5)


def test_it_never_writes_into_the_studys_own_files(tmp_path):
    folder = play(tmp_path / "study", 40)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main([str(folder), "--out", str(tmp_path / "elsewhere")]) == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("study.json", "{}", 4, "study.json: is damaged"),
        ("optuna.log", "no journal\n", 4, "optuna.log: is no storage of this command"),
        ("optuna.log", '{"op_code": 99}\n', 4, "delete it, and it is made anew"),
        ("tensorboard/.position", "x", 4, "delete"),
        ("tensorboard/.position", "[1]", 4, "[1] must be a whole number from 0 to"),
        ("tensorboard/.position", "-1", 4, "-1 must be a whole number from 0 to"),
        ("tensorboard/.position", "1e999", 4, "too large for a number"),
        ("ledger/000.jsonl", "{}\n", 4, "line 1 is damaged"),
    ],
)
def test_damage_is_named(tmp_path, capsys, name, content, code, words):
    play(tmp_path, 3)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    assert main([str(tmp_path)]) == code
    assert words in capsys.readouterr().err


def test_a_folder_without_a_study_is_refused_and_left_as_it_was(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert f"{tmp_path}: holds no study yet" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_cell_whose_name_is_longer_than_a_folders_may_be_has_a_folder_of_its_own(tmp_path):
    names = ["é" * 500 + end for end in ("a", "b")]
    study = {"cells": [{"name": name} for name in names], "space": {"compared": {}}}
    files = EventFiles(tmp_path / "tensorboard", study)
    for cell in (0, 1):
        files._writer("c000-s000", names[cell])
        files._end("c000-s000")
    made = [path.name for path in (tmp_path / "tensorboard").iterdir()]
    assert len(made) == 2
    assert all(name.startswith("ééé") and len(name.encode()) <= 255 for name in made)


def test_a_second_watch_of_one_place_is_refused(tmp_path, capsys):
    import filelock

    play(tmp_path, 3)
    with filelock.FileLock(tmp_path / ".watch.lock"):
        assert main([str(tmp_path)]) == 6
    assert "another study.watch" in capsys.readouterr().err
