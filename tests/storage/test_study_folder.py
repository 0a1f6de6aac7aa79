"""A study's folder: one driver at a time, one study per folder, and no damage goes unnoticed."""

import contextlib
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from study.errors import Damaged, Locked, UserError
from study.storage import study_folder

IDENTITY = {
    "space": {"name": "toy", "compared": {}, "tuned": {"lr": {"values": [0.1, 0.2]}}},
    "cells": [{"name": "a", "data": "f00", "values": {}, "source": "drawn", "published": None}],
    "seed": 0,
    "code": "c0",
}


def _hold(path, ready):
    with study_folder.lock(path):
        ready.set()
        time.sleep(60)


def test_a_second_driver_is_refused_and_told_who_runs_it_and_a_dead_owner_is_taken_over(tmp_path):
    ready = multiprocessing.Event()
    owner = multiprocessing.Process(target=_hold, args=(tmp_path, ready))
    owner.start()
    ready.wait(30)
    with pytest.raises(Locked, match=f"process {owner.pid}"), study_folder.lock(tmp_path):
        pass
    os.kill(owner.pid, signal.SIGKILL)
    owner.join()
    with study_folder.lock(tmp_path):
        assert (tmp_path / ".owner").read_text() == study_folder.who()
    assert not (tmp_path / ".owner").exists()  # or the next driver would be taken for this one until it wrote its own


def _try(path, together, taken, over):
    together.wait(30)
    try:
        with study_folder.lock(path):
            taken.put(os.getpid())
            over.wait(60)
    except Locked as refused:
        taken.put(str(refused))


def test_of_several_drivers_at_once_exactly_one_runs(tmp_path):
    together, taken, over = multiprocessing.Barrier(5), multiprocessing.Queue(), multiprocessing.Event()
    drivers = [multiprocessing.Process(target=_try, args=(tmp_path, together, taken, over)) for _ in range(5)]
    for driver in drivers:
        driver.start()
    answers = [taken.get(timeout=60) for _ in drivers]
    over.set()
    for driver in drivers:
        driver.join()
    (owner,) = (answer for answer in answers if isinstance(answer, int))
    assert owner in {driver.pid for driver in drivers}
    assert sum("is in use by" in str(answer) for answer in answers) == 4


def test_a_study_is_written_once_and_resumed_only_on_request(tmp_path):
    study_folder.begin(tmp_path, IDENTITY, resume=False)
    assert study_folder.read_study(tmp_path)["space"] == IDENTITY["space"]
    with pytest.raises(UserError, match="holds a study already: add --resume"):
        study_folder.begin(tmp_path, IDENTITY, resume=False)
    before = (tmp_path / "study.json").read_bytes()
    study_folder.begin(tmp_path, IDENTITY, resume=True)
    assert (tmp_path / "study.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed was 0, is 1"),
        ({"space": IDENTITY["space"] | {"tuned": {"lr": {"values": [0.1, 0.3]}}}}, r"lr.values\[1\] was 0.2, is 0.3"),
        ({"cells": [IDENTITY["cells"][0] | {"data": "f01"}]}, r'cells\[0\].data was "f00", is "f01"'),
        ({"cells": []}, "cells was"),
        ({"code": "c1"}, 'code was "c0", is "c1"'),
    ],
)
def test_a_changed_study_is_refused_with_the_difference(tmp_path, change, message):
    study_folder.begin(tmp_path, IDENTITY, resume=False)
    with pytest.raises(Damaged, match=message):
        study_folder.begin(tmp_path, IDENTITY | change, resume=True)


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace('"f00"', '"f02"'), lambda _: ""])
def test_a_damaged_study_json_is_named(tmp_path, damage):
    study_folder.begin(tmp_path, IDENTITY, resume=False)
    path = tmp_path / "study.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(Damaged, match=r"study.json: is damaged"):
        study_folder.begin(tmp_path, IDENTITY, resume=True)


def test_a_ledger_without_study_json_is_never_a_fresh_start(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "000.jsonl").write_text("{}\n")
    with pytest.raises(Damaged, match=r"study.json: is missing"):
        study_folder.begin(tmp_path, IDENTITY, resume=True)


def test_resume_without_a_study_starts_one(tmp_path):
    study_folder.begin(tmp_path, IDENTITY, resume=True)
    assert json.loads((tmp_path / "study.json").read_text())["seed"] == 0


def test_a_study_whose_ledger_is_gone_is_never_a_fresh_start(tmp_path):
    study_folder.begin(tmp_path, IDENTITY, resume=False)
    (tmp_path / "ledger" / "000.jsonl").unlink()
    with pytest.raises(Damaged, match=r"000.jsonl: is missing"):
        study_folder.begin(tmp_path, IDENTITY, resume=True)


def test_a_folder_in_which_nothing_was_begun_is_left_as_it_was(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    (tmp_path / "empty").mkdir()
    (old / "mine.txt").touch()
    for place in (new / "deeper", old, tmp_path / "empty"):
        made = study_folder.missing(place)
        with study_folder.lock(place):
            study_folder.leave_empty(place, made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "old"]
    assert [path.name for path in old.iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: is a file; name a folder"), study_folder.lock(tmp_path / "file"):
        pass


def test_a_user_without_a_name_is_known_by_number(monkeypatch):
    """Containers run under numbers that no password file knows."""

    def nameless():
        raise KeyError("getpwuid(): uid not found: 1000770000")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert study_folder.who() == f"{os.getuid()}@{socket.gethostname()}, process {os.getpid()}"


def test_another_description_of_equal_pixels_is_no_change(tmp_path):
    cells = [{"name": "a", "source": "pets: 9 images", "data": "f00"}]
    study, renamed = {"cells": cells}, {"cells": [cells[0] | {"source": "photographs: 9 images"}]}
    study_folder.refuse_change(study, renamed, tmp_path)
    with pytest.raises(Damaged, match=r'cells\[0\]\.source was "pets: 9 images", is "photographs: 9 images"'):
        study_folder.refuse_change(study, {"cells": [renamed["cells"][0] | {"data": "ba5"}]}, tmp_path)


def test_a_note_of_a_dead_owner_is_read_again_until_the_new_one_has_written_its_own(tmp_path, monkeypatch):
    """Whoever takes the lock writes its name a moment later."""
    held = contextlib.ExitStack()
    held.enter_context(study_folder.lock(tmp_path))
    name, own = study_folder.who().partition(", process ")[0], study_folder.who()
    ended = subprocess.Popen(["true"])
    ended.wait()
    note = tmp_path / ".owner"
    note.write_text(f"{name}, process {ended.pid}")
    monkeypatch.setattr(study_folder.time, "sleep", lambda _: note.write_text(own))
    with pytest.raises(Locked, match=f"in use by {re.escape(own)}$"), study_folder.lock(tmp_path):
        pass
    note.write_text(f"{name}, process {ended.pid}")
    monkeypatch.setattr(study_folder.time, "sleep", lambda _: None)
    with pytest.raises(Locked, match=f"process {ended.pid}$"), study_folder.lock(tmp_path):
        pass  # nobody writes it: what there is is named
    held.close()
