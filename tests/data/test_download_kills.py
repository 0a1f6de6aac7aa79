"""Downloads that are killed, and several at once: what is there is whole, and the next one goes on."""

import multiprocessing
import os
import signal
import time

import pytest

from study.data import download
from tests.data.test_download import Server, archive, files  # noqa: F401 – a fixture

FORK = multiprocessing.get_context("fork")
WANTED = ["Set/Images/a.txt"]


@pytest.fixture(autouse=True)
def large(archive, monkeypatch):  # noqa: F811
    """The archive, sent in pieces so that there is time to kill who fetches it."""
    monkeypatch.setattr(download, "CHUNK", 4096)


def killed(folder, patch, name, half):
    """Kill a fetching process that has done half of one of `download`'s functions."""
    ready = FORK.Event()

    def stuck(*args):
        half(*args)
        ready.set()
        time.sleep(60)

    with patch.context() as inner:
        inner.setattr(download, name, stuck)
        process = FORK.Process(target=download.fetch, args=("toy", folder, print))
        process.start()
    assert ready.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


def half_fetched(url, part):
    part.write_bytes(Server.body[:30_000])


def half_unpacked(part, url, making):
    (making / "Set" / "Images").mkdir(parents=True)
    (making / "Set" / "Images" / "a.txt").write_text("x" * 20)


@pytest.mark.parametrize(("name", "half"), [("_continue", half_fetched), ("_extract", half_unpacked)])
def test_who_is_killed_leaves_nothing_half_and_the_next_one_goes_on(tmp_path, monkeypatch, name, half):
    killed(tmp_path, monkeypatch, name, half)
    assert not (tmp_path / "Set").exists()
    earlier = len(Server.starts)
    download.fetch("toy", tmp_path, print)
    assert (tmp_path / WANTED[0]).read_text() == "x" * 50_000
    assert [each for each in files(tmp_path) if each != ".download.lock"] == WANTED
    assert Server.starts[earlier:] == [30_000 if name == "_continue" else len(Server.body)]


def test_of_several_at_once_one_fetches_and_all_have_it(tmp_path):
    lines = FORK.SimpleQueue()
    processes = [FORK.Process(target=download.fetch, args=("toy", tmp_path, lines.put)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert Server.starts == [0]
    assert lines.get().startswith("fetching ")
    assert lines.empty()
    assert [each for each in files(tmp_path) if each != ".download.lock"] == WANTED
