"""Whole studies of the regimes lora, bias and norm: resumed, saved, predicted with."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from study import models, predict
from study.models import families
from tests.bad_inputs import data, spaces
from tests.support import inline
from tests.support.toys import WHEN

ROOT = Path(__file__).parents[2]
COMPARED = "{'regime': ('lora', 'bias', 'norm')}"
FIXED = {"family": "small_cnn", "weights": "none", "image_size": 16, "batch_size": 4, "augment": 0.0}
KEYS = ["trial", "epoch", "task", "split", "metric", "truth", "answer"]


def folder(here, **changes):
    """A folder with a space, and images that it is about."""
    here.mkdir(exist_ok=True)
    spaces.write(inline.space(compared=COMPARED, fixed=repr(FIXED | changes)), here)
    data.folder(here, each=8)
    return here


def table(here) -> pd.DataFrame:
    frame = pd.read_parquet(here / "out" / "table.parquet").sort_values(KEYS, ignore_index=True)
    return frame.drop(columns=WHEN)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    here = folder(tmp_path_factory.mktemp("finished"))
    assert inline.study(here) == 0
    return here


def test_a_study_that_was_stopped_ends_with_the_same_table(finished, tmp_path):
    here = folder(tmp_path)
    assert inline.study(here, reports=2) == 75
    (checkpoint, *_) = (path for path in (here / "out" / "checkpoints").rglob("state.safetensors"))
    tensors = load_file(checkpoint)
    stages = [name for name in tensors if name.startswith("stages.")]
    assert stages
    assert not [name for name in stages if name.endswith((".original", ".running_mean"))], "of lora's base network"
    assert inline.study(here, "--resume") == 0
    pd.testing.assert_frame_equal(table(here), table(finished))


def test_rows_have_what_their_regime_reads_and_the_hash_of_the_rest(finished):
    frame = table(finished)
    assert set(frame["state"]) == {"complete"}
    assert (frame["frozen_before"] == frame["frozen_after"]).all()
    lora = frame["regime"] == "lora"
    assert set(frame[lora]["lora_rank"]) == {8}
    assert frame[~lora][["lora_rank", "lora_alpha", "lora_layers"]].isna().all(axis=None)
    still = frame["regime"] != "norm"
    assert frame[still]["freeze_batchnorm"].isna().all()
    assert set(frame[~still]["freeze_batchnorm"]) == {"on"}


def test_saved_models_are_plain_and_answer_without_low_rank_additions(finished, capsys):
    plain = families.build("small_cnn", "none", 2).state_dict()
    for model in sorted((finished / "out" / "models").iterdir()):
        net, card = models.load(model)
        assert net.state_dict().keys() == plain.keys()
        assert card["config"]["regime"] in ("lora", "bias", "norm")
        assert net(torch.rand(2, 3, 16, 16)).shape == (2, 2)
    (image, *_) = sorted((finished / "data").rglob("*.png"))
    assert predict.main([str(finished / "out"), "--cell", "regime=lora", str(image)]) == 0
    assert capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.nightly
def test_a_transformers_killed_study_on_ray_ends_with_the_same_table(tmp_path):
    pytest.importorskip("timm")
    whole, killed = (folder(tmp_path / name, family="timm/test_vit", image_size=32) for name in ("whole", "killed"))
    assert run(whole).wait(600) == 0
    process = run(killed)
    while process.poll() is None and not reports(killed):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    time.sleep(2)  # orphaned workers notice that their driver is gone
    assert run(killed, "--resume").wait(600) == 0
    pd.testing.assert_frame_equal(table(killed), table(whole))
    net, card = models.load(sorted((killed / "out" / "models").iterdir())[0])
    assert (card["config"]["family"], net(torch.rand(2, 3, 32, 32)).shape) == ("timm/test_vit", (2, 2))


def run(here, *options):
    command = [sys.executable, "-m", "tests.support.undrawn_run", *inline.OPTIONS.split(), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=here, env=environment, start_new_session=True)


def reports(here) -> int:
    files = (here / "out" / "ledger").glob("*.jsonl")
    return sum(path.read_text().count('"report"') for path in files)
