"""Several drivers of one study, and odd places for it: one runs, and every folder that can be one will do."""

import multiprocessing
import os
import shutil
import signal
import socket
import time

import pytest

from study import errors
from tests.bad_inputs.case import tree
from tests.support import inline

pytestmark = pytest.mark.slow
FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A study that was stopped early."""
    here = tmp_path_factory.mktemp("stopped")
    assert inline.study(here, reports=2) == errors.INTERRUPTED
    return here


def driver(here, running, codes):
    """Go on with a study; who has it says so, and trains until it is killed."""

    class Waits(inline.Search):
        def __call__(self, *args, **kwargs) -> None:
            running.put(os.getpid())
            time.sleep(600)

    inline.Search = Waits
    codes.put(inline.study(here, "--resume"))


def test_of_several_drivers_one_runs_and_a_dead_ones_study_is_taken_over(stopped, tmp_path, capfd):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    running, codes = FORK.SimpleQueue(), FORK.SimpleQueue()
    drivers = [FORK.Process(target=driver, args=(tmp_path, running, codes)) for _ in range(4)]
    for each in drivers:
        each.start()
    first = running.get()
    others = [each for each in drivers if each.pid != first]
    for each in others:
        each.join(60)
    assert [codes.get() for _ in others] == [errors.LOCKED] * 3
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(f"{tmp_path / 'out'} is in use by" in line for line in said)
    assert all(f"@{socket.gethostname()}, process {first}" in line for line in said)
    os.kill(first, signal.SIGKILL)
    for each in drivers:
        each.join(60)
    assert (running.empty(), codes.empty()) == (True, True)
    assert inline.study(tmp_path, "--resume") == errors.DONE


PLACES = {
    "with spaces, umlauts and 200 characters": "Ergebnisse der Straßenschilder/" + "ü" * 100,
    "below a link": "link/out",
    "that is a link": "link",
    "that is there and empty": "empty",
}


@pytest.mark.parametrize(
    "place", [pytest.param(name, marks=[pytest.mark.slow] if "is" in name.split() else []) for name in PLACES]
)
def test_a_study_runs_and_goes_on_in_a_folder(stopped, tmp_path, place):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("out"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("far")
    options = inline.OPTIONS.replace("--out out", f"--out '{PLACES[place]}'")
    assert inline.study(tmp_path, reports=3, options=options) == errors.INTERRUPTED
    assert inline.study(tmp_path, "--resume", options=options) == errors.DONE
    assert (tmp_path / PLACES[place] / "table.parquet").is_file()


def test_data_may_lie_in_an_odd_place_and_what_is_hidden_is_passed_over(stopped, tmp_path):
    place = tmp_path / ("Bilder für den Versuch " + "ä" * 60)
    shutil.copytree(stopped / "data", place)
    shutil.copy(stopped / "mine.py", tmp_path)
    for hidden in (".git/x.png", "__MACOSX/cat/x.png", "cat/.x.png", ".thumbs/cat/x.png"):
        path = place / "train" / hidden
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("no image")
    before = tree(place)
    assert inline.study(tmp_path, options=inline.OPTIONS.replace("--data data", f"--data '{place}'")) == errors.DONE
    assert tree(place) == before


def test_resume_without_a_study_starts_one(stopped, tmp_path):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("out"))
    assert inline.study(tmp_path, "--resume") == errors.DONE
