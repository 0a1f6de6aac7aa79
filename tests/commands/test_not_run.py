"""The command with a cell whose weights cannot be had: the others run, it is listed, and a resume makes up for it."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torchvision.models import resnet18

from tests.commands.test_run import run

PARTLY = str(Path(__file__).parents[1] / "spaces" / "partly.py")
FILE = "resnet18-f37072fd.pth"


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Where torch looks for the weights; a file that is none keeps it from asking the network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    place = tmp_path / "hub" / "checkpoints" / FILE
    place.parent.mkdir(parents=True)
    place.write_bytes(b"no weights")
    return place


def states(out):
    table = pd.read_parquet(out / "table.parquet")
    return {(row.regime, row.role, row.state) for row in table.itertuples()}


@pytest.mark.slow
def test_a_cell_without_weights_is_listed_and_runs_once_they_are_there(tmp_path, weights):
    out = tmp_path / "out"
    code, said = run(out, "--space", PARTLY, module="tests.support.inline")
    assert code == 1, said
    assert "1 of 2 cells cannot run: resnet18: cannot get its ImageNet weights" in said
    assert "done, but 1 of 2 cells were not run" in said
    assert states(out) == {
        ("scratch", "search", "complete"),
        ("scratch", "replicate", "complete"),
        ("feature_extraction", "search", "not_run"),
    }
    assert "cannot get its ImageNet weights" in (out / "report.html").read_text()
    torch.save(resnet18(weights=None).state_dict(), weights)
    code, said = run(out, "--space", PARTLY, "--resume", module="tests.support.inline")
    assert code == 0, said
    assert {state for *_, state in states(out)} == {"complete"}
    table = pd.read_parquet(out / "table.parquet")
    frozen = table[table["regime"] == "feature_extraction"]
    assert (frozen["frozen_before"] == frozen["frozen_after"]).all()
    assert frozen["frozen_after"].notna().all()


@pytest.mark.slow
def test_a_study_without_any_cell_that_can_run_is_refused(tmp_path, weights):
    code, said = run(tmp_path / "out", "--space", PARTLY, "--only", "regime=feature_extraction")
    assert (code, "cannot get its ImageNet weights" in said, "Traceback" in said) == (2, True, False)
    assert not (tmp_path / "out").exists()
