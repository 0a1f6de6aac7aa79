"""A study whose family, task or pretext is the user's own: run, resumed, changed, predicted with, loaded."""

import json
import os
import shutil

import pytest
import torch

from study import backbones, plugins, predict, submit
from study.backend import nodes, worker, working_tree
from study.errors import Damaged, UserError
from study.models import saved
from study.search.study import settings_of
from tests.bad_inputs import data, spaces
from tests.support import inline, own_code

FIXED = "{'regime': 'scratch', 'image_size': 16, 'batch_size': 4, 'augment': 0.0}"
MODEL = "out/models/c001-r000"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished study that compares a family in a file with one of the package."""
    here = tmp_path_factory.mktemp("own")
    (here / "mynet.py").write_text(own_code.FAMILY)
    spaces.write(inline.space(compared="{'family': ('small_cnn', './mynet.py')}", fixed=FIXED), here)
    data.folder(here, each=8)
    assert inline.study(here) == 0
    return here


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


def test_a_study_has_the_familys_name_hash_and_scores(made):
    study = json.loads((made / "out" / "study.json").read_text())
    identity = plugins.code("family", str(made / "mynet.py")).identity
    assert study["own_code"] == {"family ./mynet.py": identity}
    assert [cell["name"] for cell in study["cells"]] == ["family=small_cnn", "family=./mynet.py"]
    card = json.loads((made / MODEL / "card.json").read_text())
    assert card["own_code"] == {"identity": identity, "path": str(made / "mynet.py")}
    assert "own_code" not in json.loads((made / "out/models/c000-r000/card.json").read_text())
    assert not list(made.glob("__pycache__"))


def test_a_study_without_own_code_has_the_identity_that_it_had():
    from tests.spaces.tiny import SPACE

    known = settings_of("tiny", "demo", SPACE, 0, deterministic=False, cache_half=False)
    assert list(known) == ["space", "seed", "deterministic", "cache_half", "exact", "code"]


def test_a_changed_file_is_refused_at_resume(here, capsys):
    assert inline.study(here, "--resume") == 0
    (here / "mynet.py").write_text(own_code.FAMILY + "# changed\n")
    capsys.readouterr()
    assert inline.study(here, "--resume") == 4
    line = capsys.readouterr().err
    assert 'own_code.family ./mynet.py was "sha256:' in line
    assert line.count("\n") == 1
    assert plugins.files.fixed() == {}


def test_a_file_that_changes_while_a_study_runs_changes_nothing(here):
    shutil.rmtree(here / "out")
    before = torch.get_num_threads()
    seen = []

    def gone(jobs):
        (here / "mynet.py").unlink(missing_ok=True)
        seen.extend(job["own_code"] for job in jobs)
        return results(jobs)

    results = worker.results
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "results", gone)
        assert inline.study(here) == 0
    assert {code.label for codes in seen for code in codes} == {"family ./mynet.py"}
    assert torch.get_num_threads() == before


def test_a_saved_model_is_loaded_from_the_same_file_alone(here, made, monkeypatch):
    net, card = saved.load(MODEL)
    assert card["config"]["family"] == "./mynet.py"
    assert predict.predict(MODEL, "data/test")["error"].isna().all()
    monkeypatch.chdir("/")
    assert saved.load(here / MODEL)[0].state_dict().keys() == net.state_dict().keys()


@pytest.fixture
def moved(here, made):
    """The study as it is elsewhere: the file is not where the card says."""
    card, path = json.loads((here / MODEL / "card.json").read_text()), here / MODEL / "card.json"
    path.write_text(path.read_text().replace(str(made), "/elsewhere"))
    from study.storage import checksums

    card = {key: value for key, value in json.loads(path.read_text()).items() if key not in checksums.KEYS}
    path.write_text(json.dumps(checksums.sealed(card, path.parent)))
    return here


def test_a_missing_or_changed_file_is_named(moved):
    assert saved.load(MODEL)
    (moved / "mynet.py").write_text(own_code.FAMILY + "# changed\n")
    with pytest.raises(Damaged, match=r"is of family ./mynet.py, and ./mynet.py has changed: .* sha256:\w{64}$"):
        saved.load(MODEL)
    (moved / "mynet.py").unlink()
    with pytest.raises(UserError, match=r"its file is missing: /elsewhere/mynet.py \(sha256:\w{64}\)$"):
        saved.load(MODEL)


def test_a_file_that_was_never_used_here_is_not_run(here, made, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "other"))
    with pytest.raises(UserError, match=r"never used on this machine, so its code is not run: look at (.*mynet.py), "):
        saved.load(MODEL)
    assert backbones.main([str(made / "mynet.py")]) == 0
    assert "a family of 2 stages of your own (" in capsys.readouterr().out
    assert saved.load(MODEL)


@pytest.mark.parametrize("own", [None, 3, {"identity": 3}, {"path": "/mynet.py"}])
def test_a_card_that_does_not_name_the_code_is_refused(here, own):
    from study.storage import checksums

    path = here / MODEL / "card.json"
    card = {key: value for key, value in json.loads(path.read_text()).items() if key not in checksums.KEYS}
    path.write_text(json.dumps(checksums.sealed({**card, "own_code": own}, path.parent)))
    with pytest.raises(Damaged, match=r"does not say by which code family ./mynet.py was made"):
        saved.load(MODEL)


def test_a_task_and_a_pretext_are_files_too(tmp_path, capsys):
    (tmp_path / "mytask.py").write_text(own_code.MEMBERS["task"])
    (tmp_path / "mypretext.py").write_text(own_code.MEMBERS["pretext"])
    fixed = "{'family': 'small_cnn', 'regime': 'fine_tune', 'weights': 'mine', 'image_size': 16, 'batch_size': 4}"
    sources = "{'mine': {'pretext': './mypretext.py', 'epochs': 1}}"
    text = inline.space(task="'./mytask.py'", fixed=fixed, sources=sources)
    spaces.write(text, tmp_path)
    data.folder(tmp_path, each=8)
    assert inline.study(tmp_path) == 0, capsys.readouterr().err
    study = json.loads((tmp_path / "out" / "study.json").read_text())
    assert study["own_code"].keys() == {"task ./mytask.py", "pretext ./mypretext.py"}
    assert study["cells"][0]["start"][0]["own_code"].keys() == {"pretext code"}
    (tmp_path / "mypretext.py").write_text(own_code.MEMBERS["pretext"] + "# changed\n")
    assert inline.study(tmp_path, "--resume") == 4


def test_a_node_refuses_another_version_of_a_distribution(tmp_path, monkeypatch):
    point = "[transfer_study.families]\nmynet = mynets.family\n"
    own_code.distribution(tmp_path, point, monkeypatch, family=own_code.FAMILY)
    code = plugins.code("family", "mynet")
    from study.storage import study_folder as folders

    expected = nodes.NodeChecks(
        code=folders.code_fingerprint(),
        versions=folders.versions(),
        store=None,
        place=str(tmp_path),
        mark="mark",
        shares=False,
        files=(),
        cells=[],
        own_code=(code._replace(identity="mynets 2.0, sha256:0"),),
        absent=frozenset(),
    )
    (problem,) = nodes.look(expected, "node")
    assert problem.startswith("family mynet is mynets 1.0, sha256:")
    assert problem.endswith("not mynets 2.0, sha256:0: install the same distributions on all nodes")


def test_a_file_is_sent_below_its_name(made, tmp_path, monkeypatch):
    monkeypatch.chdir(made)
    code = plugins.code("family", "./mynet.py")
    assert working_tree.add(tmp_path, [code]) == len(own_code.FAMILY)
    assert (tmp_path / "mynet.py").read_text() == own_code.FAMILY
    (tmp_path / "mynet.py").write_text("other")
    with pytest.raises(UserError, match=r"family ./mynet.py: the working tree that is sent has another file"):
        working_tree.add(tmp_path, [code])
    for name in (str(made / "mynet.py"), "../own/mynet.py"):
        with pytest.raises(UserError, match="name it from the current folder"):
            working_tree.add(tmp_path, [code._replace(name=name)])


def test_submit_reads_the_code_that_a_study_needs(made, monkeypatch):
    monkeypatch.chdir(made)
    tiny = os.path.join(own_code.ROOT, "tests/spaces/photographs.py")
    words, code = submit._checked(["--space", tiny, "--set", "family=./mynet.py", "--out", "/x", "--data", "/y"])
    assert [each.label for each in code] == ["family ./mynet.py"]
    assert "tests/spaces/photographs.py" in words
