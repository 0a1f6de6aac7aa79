"""The store: several processes that make one entry, killed ones, and damage."""

import errno
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from study.errors import Damaged
from study.storage import store

KEY = {"made": "for a test"}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    return tmp_path


def make(folder: Path) -> dict[str, Any]:
    (folder / "a.bin").write_bytes(b"a" * 100)
    (folder / "b.bin").write_bytes(b"b" * 50)
    return {"note": "as made"}


def refuse(folder: Path) -> dict[str, Any]:
    raise AssertionError("made a second time")


def test_a_disk_that_is_full_while_an_entry_is_made_is_named(root):
    def full(folder: Path) -> dict[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=f"No space left on device: '{root}/store/data'"):
        store.make_once("data", KEY, full)


def count_and_make(marks: Path) -> None:
    def counted(folder: Path) -> dict[str, Any]:
        (marks / str(os.getpid())).touch()
        time.sleep(0.3)
        return make(folder)

    store.make_once("data", KEY, counted)


def half_make(marks: Path) -> None:
    def stuck(folder: Path) -> dict[str, Any]:
        (folder / "a.bin").write_bytes(b"a" * 30)
        (marks / "half").touch()
        time.sleep(60)
        return {}

    store.make_once("data", KEY, stuck)


def test_an_entry_is_made_once_and_stores_what_its_maker_returned() -> None:
    first = store.make_once("data", KEY, make)
    assert store.make_once("data", KEY, refuse) == first
    assert first.meta == {"note": "as made"}
    assert (first.path / "a.bin").read_bytes() == b"a" * 100
    assert store.verify(first) == []


def test_another_key_is_another_entry() -> None:
    assert store.make_once("data", KEY, make).path != store.make_once("data", {"made": "otherwise"}, make).path


def test_two_processes_make_one_entry_once(root: Path) -> None:
    marks = root / "marks"
    marks.mkdir()
    processes = [multiprocessing.get_context("fork").Process(target=count_and_make, args=(marks,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(list(marks.iterdir())) == 1
    store.make_once("data", KEY, refuse)


def test_a_maker_killed_midway_leaves_nothing_whole(root: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=half_make, args=(root,))
    process.start()
    while not (root / "half").exists():
        time.sleep(0.01)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(30)
    assert not list((root / "store").rglob(store.MANIFEST))
    entry = store.make_once("data", KEY, make)
    assert store.verify(entry) == []
    assert [path.name for path in entry.path.parent.iterdir() if path.is_dir()] == [entry.path.name]


def test_a_maker_that_fails_leaves_nothing_and_its_error_is_raised() -> None:
    def fail(folder: Path) -> dict[str, Any]:
        (folder / "a.bin").write_bytes(b"a")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        store.make_once("data", KEY, fail)
    assert not [path for path in (store.root() / "data").iterdir() if path.is_dir()]


MANIFESTS = ("{", "[]", "null", '"text"', "{}", '{"meta": {}}', '{"meta": {}, "files": {"a.bin": 3}}')


@pytest.mark.parametrize("damage", ["truncate", "delete", *MANIFESTS])
def test_damage_is_noticed_at_open_and_the_entry_is_made_anew(damage: str) -> None:
    entry = store.make_once("data", KEY, make)
    match damage:
        case "truncate":
            os.truncate(entry.path / "b.bin", 10)
        case "delete":
            (entry.path / "b.bin").unlink()
        case text:
            (entry.path / store.MANIFEST).write_text(text)
    with pytest.raises(Damaged, match="start the study again"):
        store.open_entry(entry.path)
    assert store.verify(store.make_once("data", KEY, make)) == []


def test_only_the_named_files_are_checked() -> None:
    entry = store.make_once("data", KEY, make)
    (entry.path / "b.bin").unlink()
    assert store.open_entry(entry.path, ["a.bin"]) == entry


def test_changed_content_of_the_same_size_is_found_by_verify() -> None:
    entry = store.make_once("data", KEY, make)
    (entry.path / "a.bin").write_bytes(b"x" * 100)
    assert store.verify(store.open_entry(entry.path)) == ["a.bin"]


def test_a_manifest_that_was_changed_is_damaged() -> None:
    manifest = store.make_once("data", KEY, make).path / store.MANIFEST
    manifest.write_text(manifest.read_text().replace("as made", "as read"))
    with pytest.raises(Damaged, match=r"manifest\.json is damaged"):
        store.open_entry(manifest.parent)


def test_changed_content_is_made_anew_where_it_is_verified() -> None:
    entry = store.make_once("data", KEY, make)
    (entry.path / "a.bin").write_bytes(b"x" * 100)
    assert store.make_once("data", KEY, refuse) == entry
    assert store.make_once("data", KEY, make, verified=True) == entry
    assert (entry.path / "a.bin").read_bytes() == b"a" * 100
    assert store.make_once("data", KEY, refuse, verified=True) == entry


def test_the_root_is_in_the_users_cache_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDY_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert store.root() == Path("/somewhere/transfer-study")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert store.root() == Path.home() / ".cache" / "transfer-study"
