"""A study that trains its weights first: what it records of them, and how it copes with kills, damage and reuse."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from study.backend import pretrain_first
from study.data import prepare
from study.errors import Damaged
from tests.support import inline
from tests.support.toys import WHEN

SPACE = Path(__file__).parents[1] / "spaces" / "pretrained.py"


def words_of(out, *options, space=SPACE):
    return ["--space", str(space), "--out", str(out), "--deterministic", *options]


def run(out, store, *options, space=SPACE):
    return inline.command(*words_of(out, *options, space=space), store=store)


def start(out, store, module="study.run"):
    """Start the study on Ray."""
    words = [sys.executable, "-m", module, *words_of(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = os.environ | {"STUDY_STORE": str(store)}
    return subprocess.Popen(words, text=True, env=environment, start_new_session=True, **pipes)


def table(out):
    return pd.read_parquet(out / "table.parquet")


@pytest.fixture(scope="module")
def images(store):
    """The rendered signs in the tests' store; each study here has a copy in a store of its own."""
    return Path(prepare.prepare("gtsrb", None, 16, None).path)


def with_images(store, images):
    """Make a store that has only the images."""
    shutil.copytree(images, store / images.relative_to(images.parents[1]))
    return store


@pytest.fixture(scope="module")
def whole(tmp_path_factory, images):
    """A whole study on Ray."""
    place = tmp_path_factory.mktemp("whole")
    process = start(place / "out", with_images(place / "store", images), "tests.support.undrawn_run")
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, output + errors
    return place, output


def weights(store):
    (model,) = (store / "weights").glob("*/model.safetensors")
    return model


@pytest.mark.slow
def test_weights_are_trained_before_the_search_and_reported(whole):
    place, output = whole
    assert "weights rotation: training (rotation:gtsrb, small_cnn, 3 epochs) on stand-in" in output
    assert "weights rotation: trained, rotation:gtsrb accuracy 0." in output
    card = json.loads((weights(place / "store").parent / "card.json").read_text())
    assert card["command"].startswith("python -m tests.support.undrawn_run --space ")


@pytest.mark.slow
def test_their_scores_are_rows_of_their_own(whole):
    rows = table(whole[0] / "out")
    own = rows[rows["role"] == "pretrain"]
    assert set(own["weights"]) == {"rotation"}
    assert set(own["task"]) == {"rotation:gtsrb"}
    assert set(own["epoch"]) == {1, 2, 3}
    assert set(zip(own["split"], own["metric"], strict=True)) == {
        *(("train", name) for name in ("accuracy", "loss")),
        *(("val", name) for name in ("accuracy", "loss", "chance")),
    }
    assert set(rows.loc[rows["role"] != "pretrain", "weights"]) == {"none", "rotation"}
    assert not (own["split"] == "test").any()


@pytest.mark.slow
def test_a_report_shows_them(whole):
    page = (whole[0] / "out" / "report.html").read_text()
    assert "With and without pretraining" in page
    assert (whole[0] / "out" / "figures" / "pretext.png").exists()


@pytest.mark.slow
def test_another_study_finds_them(whole, tmp_path):
    code, output = run(tmp_path / "out", whole[0] / "store", "--only", "weights=rotation", "--replicates", "0")
    assert code == 0, output
    assert "weights rotation: found, rotation:gtsrb accuracy 0." in output
    assert "training (" not in output


@pytest.mark.slow
def test_a_truncated_file_is_named_and_made_anew(whole, tmp_path):
    model = weights(whole[0] / "store")
    content = model.read_bytes()
    model.write_bytes(content[: len(content) // 2])
    code, output = run(tmp_path / "out", whole[0] / "store", "--only", "weights=rotation", "--replicates", "0")
    assert code == 0, output
    assert f"{model} has {len(content) // 2} bytes instead of {len(content)}; they are made anew" in output
    assert weights(whole[0] / "store").read_bytes() == content


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)])
def test_a_study_stopped_in_pretraining_goes_on(whole, images, tmp_path, number):
    out, store = tmp_path / "out", with_images(tmp_path / "store", images)
    process = start(out, store)
    while process.poll() is None and not list((store / "weights").glob("*.unfinished")):
        time.sleep(0.02)
    time.sleep(1.0)  # in the middle of the pretraining, or a little after it
    process.send_signal(number)
    output = "".join(process.communicate(timeout=600))
    assert process.returncode == (-9 if number == signal.SIGKILL else 75), output
    time.sleep(2)  # orphaned workers notice that their driver is gone
    code, output = run(out, store, "--resume")
    assert code == 0, output
    same = ["cell", "trial", "epoch", "task", "split", "metric", "truth", "answer"]
    first, again = (table(each).sort_values(same, ignore_index=True) for each in (whole[0] / "out", out))
    pd.testing.assert_frame_equal(first.drop(columns=WHEN), again.drop(columns=WHEN))


@pytest.mark.slow
def test_a_pretraining_that_fails_costs_the_cells_that_need_it(images, tmp_path):
    space = tmp_path / "diverging.py"
    text = SPACE.read_text().replace('"epochs": 3,', '"epochs": 1, "lr": 1e30, "optimizer": "sgd",')
    assert "1e30" in text
    space.write_text(text)
    code, output = run(tmp_path / "out", with_images(tmp_path / "store", images), space=space)
    assert code == 1, output
    assert "weights 'rotation' cannot be trained (FloatingPointError: training loss is" in output
    rows = table(tmp_path / "out")
    assert set(rows.loc[rows["weights"] == "rotation", "state"]) == {"not_run"}
    assert (rows.loc[rows["weights"] == "none", "state"] == "complete").all()


@pytest.mark.slow
def test_another_study_is_refused_before_anything_is_trained(whole, images, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole[0] / "out", out)
    space = tmp_path / "pretrained.py"
    space.write_text(SPACE.read_text().replace('"epochs": 3,', '"epochs": 5,'))
    code, output = run(out, with_images(tmp_path / "store", images), "--resume", space=space)
    assert code == 4, output
    assert "epochs was 3, is 5" in output
    assert "training" not in output
    assert not (tmp_path / "store" / "weights").exists()


def test_weights_that_came_out_otherwise_are_refused():
    event = {"kind": "pretrain", "trial": "w001", "weights": "rotation", "model": "one"}
    pretrain_first.refuse_other([event], [event])
    pretrain_first.refuse_other([], [event])
    with pytest.raises(Damaged, match="weights 'rotation' in the store are not those that this study began with"):
        pretrain_first.refuse_other([event], [event | {"model": "another"}])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--source-data", "."], "--source-data .: no weights of these cells are trained on another data set"),
        (["--source-data", "nowhere"], "--source-data nowhere: no such folder"),
    ],
)
def test_a_folder_for_no_weights_is_refused(tmp_path, options, message):
    code, output = run(tmp_path / "out", tmp_path / "store", *options)
    assert (code, output) == (2, f"study.run: {message}\n")


def test_real_images_do_not_start_from_a_stand_in_unasked(tmp_path):
    space = tmp_path / "other.py"
    space.write_text(SPACE.read_text().replace('{"epochs": 3,', '{"task": "cifar10", "epochs": 3,'))
    code, output = run(tmp_path / "out", tmp_path / "store", "--data", ".", space=space)
    assert code == 2
    assert "weights 'rotation' are trained on task cifar10: name its real data set with --source-data DIR" in output
