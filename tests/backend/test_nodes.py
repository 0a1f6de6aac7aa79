"""What a node lacks is named before the first trial; images that its store lacks are made once."""

import re
from pathlib import Path

import pytest

from study.backend import nodes
from study.data import prepare
from study.errors import UserError
from study.search.study import named
from study.space.space import Cell
from study.storage import store, study_folder


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """A driver's checks, of a node that passes them."""
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    results = tmp_path / "results"
    passing = nodes.NodeChecks(
        code=study_folder.code_fingerprint(),
        versions=study_folder.versions(),
        store=None,
        place=str(results),
        mark="mark",
        shares=False,
        files=(),
        cells=[Cell("one", {"task": "gtsrb", "family": "small_cnn", "weights": "none", "regime": "scratch"}, {}, {})],
        absent=frozenset(),
    )
    (results / nodes.SEEN).mkdir(parents=True)
    (results / nodes.SEEN / "driver").write_text("mark")
    return passing


def test_a_node_that_lacks_nothing_reports_it_and_leaves_its_mark(checks):
    assert nodes.look(checks, "node") == []
    assert (Path(checks.place) / nodes.SEEN / "node").read_text() == "mark"


@pytest.mark.parametrize(("change", "message"), [
    ({"code": "other"}, "has other code"),
    ({"versions": study_folder.versions() | {"torch": "1.0"}}, "has torch .*, not 1.0: install from the same"),
    ({"versions": study_folder.versions() | {"python": "3.8.0"}}, "has python .*, not 3.8.0"),
    ({"mark": "another"}, "does not see the results in /.*: let --out name a folder"),
    ({"place": "/proc/none"}, "does not see the results in /proc/none"),
    ({"shares": True}, "has a store of its own .*: set STUDY_STORE to a shared folder where `ray start` is run"),
])  # fmt: skip
def test_what_a_node_lacks_is_named(checks, change, message):
    (problem,) = nodes.look(checks._replace(**change), "node")
    assert re.match(message, problem), problem


def test_a_folder_that_a_node_may_only_read_is_named(checks, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(nodes.remote.Remote, "write", refuse)
    assert nodes.look(checks, "node") == [f"cannot write in {checks.place} (Permission denied)"]


def test_a_shared_store_is_seen(checks):
    nodes._seen(store.root(), checks.mark).touch()
    assert nodes.look(checks._replace(shares=True), "node") == []


def test_weights_that_cannot_be_had_on_a_node_are_named_unless_the_driver_has_none_either(checks, monkeypatch):
    monkeypatch.setattr(nodes.fetch, "fetch_weights", lambda cells: {0: "no weights here"})
    assert nodes.look(checks, "node") == ["cell 'one': no weights here"]
    assert nodes.look(checks._replace(absent=frozenset({0})), "node") == []


@pytest.mark.slow
def test_a_node_with_a_store_of_its_own_makes_the_images_there_once(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "driver"))
    prepared = prepare.prepare("gtsrb", None, 16, None)
    sent = named(prepared)
    assert prepare.here(prepare.Prepared(**sent)) == Path(prepared.path)
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "node"))
    mine = prepare.here(prepare.Prepared(**sent))
    assert mine.is_relative_to(tmp_path / "node")
    made = (mine / "manifest.json").stat().st_mtime_ns
    assert prepare.here(prepare.Prepared(**sent)) == mine
    assert (mine / "manifest.json").stat().st_mtime_ns == made
    monkeypatch.setattr(prepare, "_made_here", {})
    with pytest.raises(UserError, match="other images than the study began with"):
        prepare.here(prepare.Prepared(**sent | {"fingerprint": "other", "path": "data/other"}))
    with pytest.raises(UserError, match="--data /nowhere: is not here"):
        prepare.here(prepare.Prepared(**sent | {"folder": "/nowhere", "path": "data/other"}))
