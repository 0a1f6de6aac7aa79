"""The survey of all networks: a sample is cut, results are taken up again, and the known exceptions are few."""

import json

import pytest

from benchmarks import survey


@pytest.mark.slow
def test_a_sample_is_cut_and_taken_up_again(tmp_path, capsys, monkeypatch):
    file = tmp_path / "survey.jsonl"
    assert survey.main(["--results", str(file), "--every", "160"]) == 0
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(found) == len(survey._all_names()[::160]) >= 9
    assert all(each["stages"] > 1 for each in found)
    first = capsys.readouterr().out
    monkeypatch.setattr(survey, "_look", None)  # nothing is looked at twice
    assert survey.main(["--results", str(file), "--every", "160"]) == 0
    assert capsys.readouterr().out == first


def test_an_uncut_network_that_is_not_known_is_pointed_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(survey, "_all_names", lambda: ["timm/a", "timm/tnt_s_patch16_224"])
    whole = {"stages": 1, "why": "it is odd", "seconds": 0.1}
    monkeypatch.setattr(survey, "_look", lambda name: {"name": name} | whole)
    assert survey.main(["--results", str(tmp_path / "survey.jsonl")]) == 1
    assert "- timm/a: it is odd (NEW)" in capsys.readouterr().out


@pytest.mark.nightly
def test_all_networks_but_the_known_ones_are_cut(tmp_path):
    assert survey.main(["--results", str(tmp_path / "survey.jsonl")]) == 0
