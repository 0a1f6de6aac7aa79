"""Each file of a study spoiled, one at a time: a resume recovers the same table, or refuses with the file's name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from study import errors
from study.storage import study_folder
from tests.bad_inputs import data, spaces
from tests.bad_inputs.case import tree
from tests.support import inline
from tests.support.toys import WHEN

KEYS = ["trial", "epoch", "task", "split", "metric", "truth", "answer"]
REFUSED = errors.REFUSED


def flip(spot: float) -> Callable[[Path], None]:
    """Change a bit at a share of the file's length."""

    def damage(path: Path) -> None:
        body = bytearray(path.read_bytes())
        if body:
            body[min(int(spot * len(body)), len(body) - 1)] ^= 4
        path.write_bytes(bytes(body))

    return damage


def cut(share: float) -> Callable[[Path], None]:
    """Keep the first part of the file."""
    return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


DAMAGES = {"deleted": Path.unlink, "a bit of its middle flipped": flip(0.5)}
MORE = {
    "cut in half": cut(0.5),
    "emptied": cut(0.0),
    "cut by its last byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "its first bit flipped": flip(0.0),
    "a bit of its first third flipped": flip(0.31),
    "a bit near its end flipped": flip(0.97),
    "its last bit flipped": flip(1.0),
}
FINISHED = ["study.json", "ledger/000.jsonl", "ledger/001.jsonl", "table.parquet", "report.html"]
FINISHED += ["models/c000-r000/model.safetensors", "models/c000-r000/card.json"]
STOPPED = ["study.json", "ledger/001.jsonl", "ledger/002.jsonl", "table.parquet"]
STOPPED += [f"checkpoints/c001-s001/000001/{name}" for name in ("manifest.json", "state.safetensors")]


def table(here: Path) -> pd.DataFrame:
    found = pd.read_parquet(here / "out" / "table.parquet").sort_values(KEYS, ignore_index=True)
    return found.drop(columns=WHEN)


def kept(here: Path) -> dict:
    """What is in a study, but for who has the lock."""
    return {name: body for name, body in tree(here / "out").items() if not name.startswith(".")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole study."""
    here = tmp_path_factory.mktemp("finished")
    assert inline.study(here) == errors.DONE
    return here


@pytest.fixture(scope="module")
def stopped(finished, tmp_path_factory):
    """The same one, stopped twice, the second time in mid-trial: its last trial has two checkpoints."""
    here = tmp_path_factory.mktemp("stopped") / "here"
    shutil.copytree(finished, here, ignore=shutil.ignore_patterns("out"))
    assert inline.study(here, reports=4) == errors.INTERRUPTED
    assert inline.study(here, "--resume", reports=7) == errors.INTERRUPTED
    return here


def spoilt(source: Path, here: Path, file: str, damage: str, capsys) -> int:
    """Spoil a file of a copy and resume it; its exit code."""
    shutil.copytree(source, here, dirs_exist_ok=True)
    path = here / "out" / file
    assert path.is_file(), kept(here).keys()
    (DAMAGES | MORE)[damage](path)
    before = kept(here)
    capsys.readouterr()
    code, said = inline.study(here, "--resume"), capsys.readouterr().err
    if code == REFUSED:
        assert said.count("\n") == 1
        assert path.name in said or (path.parent.name == "ledger" and "ledger has lost" in said), said
        assert kept(here) == before
    else:
        assert (code, said) == (errors.DONE, "")
    return code


def parameters(files: list[str], quick: dict = DAMAGES) -> list:
    names = (*DAMAGES, *MORE)
    slow = {name: pytest.mark.slow for name in names if name not in quick}
    return [pytest.param(file, name, marks=slow.get(name, ())) for file in files for name in names]


@pytest.mark.parametrize(("file", "damage"), parameters(FINISHED))
def test_a_spoilt_file_of_a_finished_study_is_made_anew_or_named(finished, tmp_path, capsys, file, damage):
    if spoilt(finished, tmp_path, file, damage, capsys) == errors.DONE:
        pd.testing.assert_frame_equal(table(tmp_path), table(finished))


@pytest.mark.parametrize(("file", "damage"), parameters(STOPPED, quick={"deleted": ...}))
def test_a_spoilt_file_of_a_stopped_study_is_made_anew_or_named(finished, stopped, tmp_path, capsys, file, damage):
    if spoilt(stopped, tmp_path, file, damage, capsys) == errors.DONE:
        pd.testing.assert_frame_equal(table(tmp_path), table(finished))


@pytest.mark.slow
def test_what_is_refused_and_what_is_made_anew(finished, tmp_path, capsys):
    """So that the tests above cannot pass by refusing all, or by noticing nothing."""
    places = (tmp_path / str(number) for number in range(9))
    codes = {file: spoilt(finished, next(places), file, "cut in half", capsys) for file in FINISHED}
    made_anew = {"table.parquet", "report.html", "ledger/000.jsonl"}  # the last one is empty
    assert codes == {file: errors.DONE if file in made_anew else REFUSED for file in FINISHED}


def test_a_network_whose_folder_was_deleted_is_not_missed(finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "out" / "models" / "c000-r000")
    assert inline.study(tmp_path, "--resume") == errors.DONE


def test_a_ledger_that_lost_a_trial_with_a_checkpoint_is_named(stopped, tmp_path, capsys):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out" / "table.parquet").unlink()
    for name in ("001.jsonl", "002.jsonl"):
        (tmp_path / "out" / "ledger" / name).write_bytes(b"")
    assert inline.study(tmp_path, "--resume") == REFUSED
    assert "ledger has lost trial c001-s001, of which" in capsys.readouterr().err


def test_a_copied_study_goes_on_and_leaves_the_original_as_it_is(finished, stopped, tmp_path):
    before = tree(stopped)
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    assert inline.study(tmp_path, "--resume") == errors.DONE
    assert tree(stopped) == before
    pd.testing.assert_frame_equal(table(tmp_path), table(finished))


CHANGES = {  # what is another now → what the line says of it
    "seed": ("--seed 3", {}, "seed was 0, is 3"),
    "trials": ("--trials 3", {}, "space.trials was 2, is 3"),
    "bound": ("", {"tuned": "{'lr': log_uniform(1e-3, 2e-2)}"}, "was 0.01, is 0.02"),
    "baseline": ("", {"baseline": "{'lr': 6e-3}"}, "space.baseline.lr was 0.005, is 0.006"),
}


@pytest.mark.parametrize("what", [*CHANGES, "data", "code"])
def test_another_seed_space_data_or_code_is_never_mixed_in(stopped, tmp_path, monkeypatch, capsys, what):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    options, fields, told = CHANGES.get(what, ("", {}, f"{what} was"))
    if fields:
        spaces.write(inline.space(**fields), tmp_path)
    if what == "data":
        data.picture(tmp_path / "data" / "train" / "cat" / "0.png", 201)
    if what == "code":
        monkeypatch.setattr(study_folder, "code_fingerprint", lambda: "another")
    before = kept(tmp_path)
    assert inline.study(tmp_path, "--resume", *options.split()) == REFUSED
    said = capsys.readouterr().err
    assert (said.count("\n"), told in said) == (1, True), said
    assert kept(tmp_path) == before


def test_a_study_whose_data_folder_was_renamed_is_resumed(finished, stopped, tmp_path):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    (tmp_path / "data").rename(tmp_path / "photographs")
    options = inline.OPTIONS.replace("--data data", "--data photographs")
    assert inline.study(tmp_path, "--resume", options=options) == errors.DONE
    pd.testing.assert_frame_equal(table(tmp_path), table(finished))
