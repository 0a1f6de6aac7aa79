"""Figures are gone on with where they are of the same code, and only then."""

import json

import pytest

from benchmarks import _figures, _workloads
from study.errors import UserError

WORKLOAD = _workloads.WORKLOADS[0]
ASKED = ([WORKLOAD], "efficientnet_lite0", 32, ())


@pytest.fixture
def figures(monkeypatch):
    monkeypatch.setattr(_figures, "machine", lambda: {"cores": "2"})
    found = _figures.begin(None, *ASKED)
    about = {"workload": WORKLOAD.name, "repeat": 1}
    found["runs"] = [about | {"way": way, "code": _figures.code(way)} for way in ("ours", "ray", "optuna")]
    return found


def test_runs_of_the_same_code_stay(figures, tmp_path, capsys):
    _figures.save(figures, tmp_path / "f.json")
    assert _figures.begin(tmp_path / "f.json", *ASKED) == figures
    assert not capsys.readouterr().err


def test_runs_of_other_code_are_left_out_and_named(figures, tmp_path, capsys):
    figures["runs"][0]["code"] = "other"
    del figures["runs"][2]["code"]
    _figures.save(figures, tmp_path / "f.json")
    found = _figures.begin(tmp_path / "f.json", *ASKED)
    assert [run["way"] for run in found["runs"]] == ["ray"]
    said = capsys.readouterr().err
    assert "f.json has runs of other code, 1 of ours and 1 of optuna: they are left out" in said
    assert said.count("\n") == 1


def test_peers_have_codes_of_their_own():
    assert len({_figures.code(way) for way in ("ours", "ray", "optuna")}) == 3


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("machine", {"cores": "3"}, "is of another machine"),
        ("setting", {}, "is of another setting"),
        ("workloads", {WORKLOAD.name: {}}, "has another workload feature_extraction"),
    ],
)
def test_what_is_not_the_same_is_refused(figures, key, value, message, tmp_path, capsys):
    (tmp_path / "f.json").write_text(json.dumps(figures | {key: value, "runs": []}))
    with pytest.raises(UserError, match=f"{message}.*name another --json FILE"):
        _figures.begin(tmp_path / "f.json", *ASKED)
