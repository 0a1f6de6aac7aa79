"""The whole benchmark in small: all three ways train the same kind of trials and leave their figures."""

import json

import pytest

from benchmarks import study


@pytest.mark.nightly
def test_three_ways(tmp_path, capsys):
    file, picture = tmp_path / "figures.json", tmp_path / "timeline.png"
    words = ["--quick", "--only", "feature_extraction", "--repeats", "1", "--json", str(file)]
    assert study.main([*words, "--timeline", str(picture)]) in (0, 1)  # so small a study keeps no bound
    runs = json.loads(file.read_text())["runs"]
    assert {run["way"]: run["trial_epochs"] for run in runs} == {"ray": 4, "optuna": 4, "ours": 8}
    assert all({row["depth"] for row in run["records"]} == {5} for run in runs)
    assert picture.stat().st_size > 0
    assert study.main(words) in (0, 1)  # nothing is run again
    assert json.loads(file.read_text())["runs"] == runs
    assert "| feature_extraction | (a) Ray Tune |" in capsys.readouterr().out
