"""A disk that is full, becomes full or is read-only: a clean stop, the last state intact, resumable with more space.

Some tests mount a file system of a few KB, as root; elsewhere they are skipped.
"""

import subprocess
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from study.errors import Full
from study.search import table as tables
from study.storage import checkpoints, free_space, ledger
from study.storage.checkpoints import Checkpoint
from study.storage.ledger import Ledger
from tests.commands.test_run import TINY, lines, run, table
from tests.support import events, inline


@pytest.fixture
def mount(tmp_path):
    """A function that mounts, or remounts, a file system with some options."""
    place = tmp_path / "small"
    place.mkdir()

    def mounted(options, again=False):
        how = ("-o", f"{'remount,' * again}{options}")
        done = subprocess.run(["mount", "-t", "tmpfs", *how, "none", str(place)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        return place

    yield mounted
    subprocess.run(["umount", "-l", str(place)], capture_output=True)


def disk(monkeypatch, free):
    monkeypatch.setattr(free_space.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[0]))


def test_too_little_free_space_is_reported_with_the_folder_and_the_need(monkeypatch, tmp_path):
    free = [3e8]
    disk(monkeypatch, free)
    room = free_space.Room((tmp_path / "not" / "there",), 2e8)
    room.check(5e7)
    with pytest.raises(Full, match=r"0\.3 GB are free on the disk of .*not/there; 0\.2 GB .* needs about 0\.2 GB"):
        room.check(2e8)


def test_the_disk_is_checked_at_intervals(monkeypatch, tmp_path):
    free, now = [3e8], [0.0]
    disk(monkeypatch, free)
    monkeypatch.setattr(free_space.time, "monotonic", lambda: now[0])
    room = free_space.Room((tmp_path,), 2e8)
    room.check()
    free[0] = 1e8
    room.check()
    now[0] = 2.5
    with pytest.raises(Full, match=r"100\.0 MB|0\.1 GB"):
        room.check()


class Filling:
    """A file that accepts only half of one line, as a disk does that becomes full."""

    def __init__(self, file, at):
        self._file, self._at = file, at

    def write(self, line):
        self._at -= 1
        return self._file.write(line[: len(line) // 2] if self._at == 0 else line)

    def __getattr__(self, name):
        return getattr(self._file, name)


def test_no_line_follows_half_of_another(tmp_path):
    book = Ledger(tmp_path, 0)
    book._file = Filling(book._file, at=2)
    book.append(events.suggested("a"))
    with pytest.raises(OSError, match="No space left"):
        book.append(events.suggested("b"))
    book.append(events.suggested("c"))
    assert [event["trial"] for event in ledger.read(tmp_path)] == ["a", "c"]


def test_a_ledger_on_a_full_disk_stays_whole(mount):
    place = mount("size=12k")
    book, written = Ledger(place / "ledger", 0), []

    def fill():
        while len(written) < 1000:
            book.append(events.suggested(f"t{len(written)}"))
            written.append(1)

    with pytest.raises(OSError, match="No space left"):
        fill()
    assert len(list(ledger.read(place / "ledger"))) == len(written) > 10
    mount("size=40k", again=True)
    book.append(events.suggested("later"))
    assert [event["trial"] for event in ledger.read(place / "ledger")][-1] == "later"


def test_a_checkpoint_that_does_not_fit_is_the_storages_fault_and_leaves_the_one_before(mount):
    place = mount("size=64k")
    report = {"rows": [], "seconds": 1.0}
    checkpoints.save(place / "trial", Checkpoint({"w": torch.ones(8)}, report | {"epoch": 1}))
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(place / "trial", Checkpoint({"w": torch.ones(50_000)}, report | {"epoch": 2}))
    assert checkpoints.latest(place / "trial").report["epoch"] == 1
    assert [path.name for path in (place / "trial").iterdir()] == ["000001"]


def test_a_table_that_does_not_fit_leaves_the_one_before(mount):
    place = mount("size=64k")
    tables.write(pd.DataFrame({"score": [0.5]}), place / "table.parquet")
    with pytest.raises(OSError, match="No space left"):
        tables.write(pd.DataFrame({"score": range(100_000)}), place / "table.parquet")
    assert [path.name for path in place.iterdir()] == ["table.parquet"]
    assert pd.read_parquet(place / "table.parquet")["score"].tolist() == [0.5]


@pytest.mark.parametrize(("options", "message"), [("size=9m", "GB changes that"), ("ro", "Read-only file system")])
def test_a_disk_that_is_full_at_the_start_or_read_only_is_code_5_and_one_line(mount, options, message):
    place = mount(options)
    code, complaint = run(place / "study")
    assert (code, complaint.count("\n")) == (5, 1), complaint
    assert message in complaint
    assert not (place / "study").exists()


FULL = ("--deterministic", "--keep-free", "0", "--checkpoint-every", "0s", "--trials", "1", "--replicates", "1")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same study on a disk with space."""
    out = tmp_path_factory.mktemp("whole") / "study"
    assert inline.command("--space", TINY, "--out", str(out), *FULL)[0] == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize(("size", "ray"), [
    ("160k", False),
    pytest.param("2m", True, marks=pytest.mark.nightly),
    pytest.param("5m", False, marks=pytest.mark.nightly),
])  # fmt: skip
def test_a_disk_that_gets_full_stops_the_study_which_goes_on_when_there_is_room(mount, size, ray, whole):
    """At the first reports, at checkpoints (of a worker of Ray), and at a model."""
    out = mount(f"size={size}") / "study"
    words = ("--space", TINY, "--out", str(out), *FULL)
    code, output = run(out, *FULL) if ray else inline.command(*words)
    assert (code, output.count("storage failed")) == (5, 1), output
    assert "Traceback" not in output
    assert "No space left" in output
    assert lines(out) > 0
    mount("size=200m", again=True)
    assert inline.command(*words, "--resume")[0] == 0
    timeless = [table(each).drop(columns=list(tables.MEASURED)) for each in (out, whole)]
    pd.testing.assert_frame_equal(*timeless)
