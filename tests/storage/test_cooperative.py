"""An entry that several processes make together: each part once, a killed process's too, and never half an entry."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from study.storage import cooperative, store

KEY = {"made": "in parts"}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    return tmp_path


PARTS = 6


def begin(folder: Path) -> tuple[dict[str, Any], int]:
    with (folder / "a.bin").open("wb") as file:
        file.truncate(10 * PARTS)
    return {"note": "in parts"}, PARTS


def fill(folder: Path, number: int) -> None:
    with (folder / "a.bin").open("r+b") as file:
        file.seek(10 * number)
        file.write(bytes([65 + number]) * 10)


def fill_slowly(marks: Path, stuck: int | None) -> None:
    """Make the entry; the process never finishes the part `stuck`."""

    def slow(folder: Path, number: int) -> None:
        (marks / f"{number} {os.getpid()}").touch()
        time.sleep(60 if number == stuck else 0.05)
        fill(folder, number)

    cooperative.make("data", KEY, begin, slow)


def started(marks: Path, stuck: int | None) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=fill_slowly, args=(marks, stuck))  # type: ignore[attr-defined]
    process.start()
    return process  # type: ignore[no-any-return]


def whole() -> store.Entry:
    """The entry, which must be there already."""

    def never(*_: Any) -> Any:
        raise AssertionError("made a second time")

    entry = cooperative.make("data", KEY, never, never)
    assert (entry.path / "a.bin").read_bytes() == b"".join(bytes([65 + number]) * 10 for number in range(PARTS))
    assert store.verify(entry) == []
    assert [path.name for path in entry.path.parent.iterdir() if path.is_dir()] == [entry.path.name]
    return entry


def test_several_processes_make_an_entry_together(root: Path) -> None:
    marks = root / "marks"
    marks.mkdir()
    processes = [started(marks, None) for _ in range(3)]
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 3
    numbers, makers = zip(*(mark.name.split() for mark in marks.iterdir()), strict=True)
    assert sorted(numbers) == [str(number) for number in range(PARTS)]
    assert len(set(makers)) > 1
    assert whole().meta == {"note": "in parts"}


def test_the_parts_of_a_killed_process_are_filled_by_the_others(root: Path) -> None:
    marks = root / "marks"
    marks.mkdir()
    lost = started(marks, 2)
    while not list(marks.glob("2 *")):
        time.sleep(0.01)
    other = started(marks, None)
    while len(list(marks.iterdir())) < PARTS:
        time.sleep(0.01)
    assert other.is_alive()
    os.kill(lost.pid or 0, signal.SIGKILL)
    lost.join(30)
    other.join(30)
    assert other.exitcode == 0
    assert len(list(marks.glob("2 *"))) == 2
    whole()


def test_a_parts_lock_that_is_taken_after_publication_fills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, filled = cooperative.FileLock, []

    @contextlib.contextmanager
    def late(file: Path, **how: Any) -> Iterator[None]:
        """A part's lock, taken just after another process made and published all parts."""
        if file.name.endswith("0.lock") and not filled:
            with monkeypatch.context() as other:
                other.setattr(cooperative, "FileLock", real)
                cooperative.make("data", KEY, begin, counted)
            file.parent.mkdir()  # as FileLock does
            yield
            return
        with real(file, **how):
            yield

    def counted(folder: Path, number: int) -> None:
        filled.append(number)
        fill(folder, number)

    monkeypatch.setattr(cooperative, "FileLock", late)
    cooperative.make("data", KEY, begin, counted)
    assert filled == list(range(PARTS))
    whole()


@pytest.mark.parametrize("where", ["begin", "fill"])
def test_a_failure_leaves_nothing_and_is_raised(where: str) -> None:
    def fail(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cooperative.make("data", KEY, fail if where == "begin" else begin, fail)
    assert not [path for path in (store.root() / "data").iterdir() if path.is_dir()]
    cooperative.make("data", KEY, begin, fill)
    whole()


def test_a_damaged_entry_is_made_together_anew() -> None:
    entry = cooperative.make("data", KEY, begin, fill)
    os.truncate(entry.path / "a.bin", 3)
    cooperative.make("data", KEY, begin, fill)
    whole()


def test_a_process_killed_after_it_published_is_no_trouble() -> None:
    entry = cooperative.make("data", KEY, begin, fill)
    shared = entry.path.with_suffix(".parts")
    shared.mkdir()
    (shared / "plan.json").write_text(f"[{{}}, {PARTS}]")
    for number in range(PARTS):
        (shared / f"{number}.done").touch()
    os.truncate(entry.path / "a.bin", 3)
    cooperative.make("data", KEY, begin, fill)
    whole()
