"""Looking at a study runs no code of its files: a payload in each of them, in turn, is never unpickled."""

import io
import pickle
import shutil
import signal

import numpy as np
import pytest
import torch

from analysis import __main__ as command
from analysis.figures import draw
from study import predict
from tests.commands.test_run import run, stop_at
from tests.support import canary, small_study

DAMAGED = 4
FORMS = [pytest.param(form, marks=[pytest.mark.slow] * (form != "pickle")) for form in canary.FORMS]


@pytest.fixture
def song(tmp_path):
    """What the payload would make; a test that ends with it there has failed."""
    path = tmp_path / "song"
    yield path
    assert not path.exists(), "the payload was run"


@pytest.fixture
def study(finished, tmp_path):
    return shutil.copytree(finished[0], tmp_path / "study")


@pytest.fixture(scope="module")
def cut(finished, tmp_path_factory):
    """A study that was stopped in the middle of a trial: it has checkpoints and a model."""
    out = tmp_path_factory.mktemp("cut") / "study"
    assert small_study.study(out, finished[1], reports=14) == 75
    assert list(out.glob("checkpoints/*/*/state.safetensors"))
    assert list(out.glob("models/*/model.safetensors"))
    return out


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Reports without figures, which take most of the time and are made of the same table."""
    monkeypatch.setattr(draw, "pictures", lambda *_: [])


def test_the_canary_sings_when_it_is_unpickled(tmp_path):
    loads = {
        "pickle": lambda raw: pickle.loads(raw),
        "torch": lambda raw: torch.load(io.BytesIO(raw), weights_only=False),
        "old torch": lambda raw: torch.load(io.BytesIO(raw), weights_only=False),
        "numpy": lambda raw: np.load(io.BytesIO(raw), allow_pickle=True),
    }
    for number, (form, make) in enumerate(canary.FORMS.items()):
        loads[form](make(tmp_path / str(number)))
        assert (tmp_path / str(number)).exists(), form


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["table.parquet", "models/c000-r000/card.json", "models/c000-r000/model.safetensors"])
@pytest.mark.slow
def test_predict_names_the_file(finished, study, song, capsys, form, name):
    (study / name).write_bytes(canary.FORMS[form](song))
    given = [str(study), str(finished[1] / "test" / "red" / "00.jpg"), "--cell", "label_fraction=0.5"]
    assert predict.main(given) == DAMAGED
    refused(capsys, study / name)


@pytest.mark.parametrize("form", canary.FORMS)
def test_the_report_names_the_table(study, song, capsys, form):
    (study / "table.parquet").write_bytes(canary.FORMS[form](song))
    assert command.main([str(study)]) == DAMAGED
    refused(capsys, study / "table.parquet")


@pytest.mark.slow
def test_a_table_of_a_hostile_type_is_read_as_plain_values_or_refused(finished, study, song, tmp_path, capsys):
    (study / "table.parquet").write_bytes(canary.as_parquet(song, finished[0] / "table.parquet"))
    picture = str(finished[1] / "test" / "red" / "00.jpg")
    assert {command.main([str(study)]), predict.main([str(study), picture])} <= {0, DAMAGED}
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_report_and_predict_read_no_other_file(finished, study, song, tmp_path):
    poison(study, song, but={"table.parquet"})
    assert command.main([str(study), "--out", str(tmp_path / "report")]) == 0
    study = shutil.copytree(finished[0], tmp_path / "again")
    poison(study, song, but={"table.parquet", "card.json", "model.safetensors"})
    assert predict.main([str(study), str(finished[1] / "test" / "red" / "00.jpg")]) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["study.json", "ledger/001.jsonl"])
def test_a_resume_names_the_file(finished, cut, song, tmp_path, capsys, form, name):
    out = shutil.copytree(cut, tmp_path / "study")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != ".owner"}
    before[out / name] = canary.FORMS[form](song)
    (out / name).write_bytes(before[out / name])
    assert small_study.study(out, finished[1], "--resume") == DAMAGED
    refused(capsys, out / name if name == "study.json" else out / "ledger")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("form", "spared"),
    [
        ("pickle", ()),
        pytest.param("old torch", ("manifest.json",), marks=pytest.mark.slow),
        pytest.param("torch", ("state.safetensors",), marks=pytest.mark.slow),
    ],
)
def test_a_resume_does_without_any_other_file(finished, cut, song, tmp_path, capsys, form, spared):
    """Networks are named; checkpoints are passed over, be all or one file of it a payload; the rest is made anew."""
    out = shutil.copytree(cut, tmp_path / "study")
    poison(out, song, but={"study.json", "000.jsonl", "001.jsonl", *spared}, form=form)
    assert small_study.study(out, finished[1], "--resume") == DAMAGED
    refused(capsys, out / "models")
    shutil.rmtree(out / "models")
    assert small_study.study(out, finished[1], "--resume") == 0
    assert predict.main([str(out), str(finished[1] / "test" / "red" / "00.jpg"), "--cell", "label_fraction=1.0"]) == 0


@pytest.mark.nightly
def test_ray_reads_nothing_back_that_lies_in_a_study(song, tmp_path):
    """What Ray Tune writes are pickles; a study that goes on leaves them unread."""
    out = tmp_path / "study"
    assert stop_at(out, 4, signal.SIGTERM)[0] == 75
    files = [path for path in (out / "tune").rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(canary.as_pickle(song))
    code, said = run(out, "--resume")
    assert code == 0, said


def poison(folder, song, but, form="pickle"):
    """Put the payload into every file of a study, but for those of some names."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in but]
    assert len(files) > 10
    for path in files:
        path.write_bytes(canary.FORMS[form](song))


def refused(capsys, path):
    """The file is named in one line."""
    said = capsys.readouterr().err
    assert str(path) in said
    assert said.count("\n") == 1, said
