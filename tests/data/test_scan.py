"""A scan of image files: each is looked at once, whatever ends the scan or changes beside it."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.data import scan
from tests.support.own_images import folders, picture


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(scan, "_RUN", 4)
    folders(tmp_path, {"a": 60})
    return [str(tmp_path / f"a/{number}.png") for number in range(60)]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are opened, in their order."""
    names: list[str] = []
    look = scan._scan
    monkeypatch.setattr(scan, "_scan", lambda path: (names.append(path), look(path))[1])
    return names


def silent(done: int, total: int) -> None:
    pass


def test_facts_and_signatures_are_of_the_files_in_their_order(paths):
    picture(Path(paths[7]), 99, wide=30, high=10)
    facts, signatures = scan.scan(paths, silent)
    assert [(image.width, image.height) for image in facts[6:8]] == [(20, 16), (30, 10)]
    assert len({image.same for image in facts}) == 60
    assert signatures.thumbnails.shape == (60, 48, 48)
    assert [*map(tuple, signatures.boxes)] == [(0, 0, 1, 1)] * 60


def test_a_second_scan_opens_nothing_and_gives_the_same(paths, looked_at):
    facts, signatures = scan.scan(paths, silent)
    assert sorted(looked_at) == sorted(paths)
    looked_at.clear()
    again = scan.scan(paths, silent)
    assert (again.facts, looked_at) == (facts, [])
    assert all(map(np.array_equal, again.signatures, signatures))


def test_a_changed_file_has_its_own_run_scanned_again(paths, looked_at):
    scan.scan(paths, silent)
    looked_at.clear()
    picture(Path(paths[30]), 500, wide=40)
    assert scan.scan(paths, silent).facts[30].width == 40
    assert paths[30] in looked_at
    assert len(looked_at) < 40
    looked_at.clear()
    scan.scan([path for path in paths if path != paths[30]], silent)
    assert len(looked_at) < 40


def test_a_scan_that_was_ended_is_resumed(paths, looked_at):
    def enough(done: int, total: int) -> None:
        if done > 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan.scan(paths, enough)
    looked_at.clear()
    scan.scan(paths, silent)
    assert len(looked_at) < 40


def test_an_unreadable_file_is_opened_each_time_and_no_other(paths, looked_at):
    content = Path(paths[5]).read_bytes()
    Path(paths[5]).write_bytes(content[:-40] + bytes(40))
    times = os.stat(paths[5])
    assert scan.scan(paths, silent).facts[5].problem
    looked_at.clear()
    Path(paths[5]).write_bytes(content)
    os.utime(paths[5], ns=(times.st_atime_ns, times.st_mtime_ns))
    facts, signatures = scan.scan(paths, silent)
    assert (facts[5].problem, looked_at) == ("", [paths[5]])
    assert signatures.thumbnails[5].any()


def test_progress_reaches_the_total(paths):
    seen: list[tuple[int, int]] = []
    scan.scan(paths, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (60, 60)


def test_runs_are_bounded_and_complete(monkeypatch):
    names = [f"{number}.png" for number in range(10_000)]
    runs = [*scan._runs(names)]
    assert [name for run in runs for name in run] == names
    assert max(map(len, runs)) <= scan._LONGEST
    assert 5 < len(runs) < 60
    before = {tuple(run) for run in runs}
    assert len({tuple(run) for run in scan._runs(["new.png", *names])} - before) <= 2


def test_images_of_any_kind_have_signatures(tmp_path):
    Image.new("L", (5, 900), 7).save(tmp_path / "tall.png")
    Image.new("RGBA", (1, 1)).save(tmp_path / "dot.png")
    facts, signatures = scan.scan([str(tmp_path / "tall.png"), str(tmp_path / "dot.png")], silent)
    assert [image.problem for image in facts] == ["", ""]
    assert len(signatures.boxes) == 2
