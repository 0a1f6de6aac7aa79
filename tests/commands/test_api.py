"""The Python API does what the commands do: errors are raised, and signals are the caller's."""

import inspect
import os
import re
import subprocess
import sys
import threading
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

import analysis
import study
from study import Space, log_uniform
from study.cli import options
from study.cli.options import Options
from study.errors import Damaged, UserError
from tests.bad_inputs import data, spaces
from tests.support import inline
from tests.support.toys import WHEN

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a space and images; studies in it need no Ray."""
    spaces.write(inline.space(), tmp_path)
    data.folder(tmp_path, each=8)
    monkeypatch.chdir(tmp_path)
    inline.install(monkeypatch)
    return tmp_path


OPTIONS = {"data": "data", "deterministic": True, "checkpoint_every": 0}


@pytest.mark.slow
def test_command_and_function_write_the_same_table(here):
    result = study.run("mine.py", out="function", **OPTIONS)
    assert inline.study(here, options="--space mine.py --data data --out command --deterministic") == 0
    tables = [analysis.load(here / name).frame.drop(columns=WHEN) for name in ("function", "command")]
    pd.testing.assert_frame_equal(*tables)
    assert (result.exit_code, result.folder) == (0, here / "function")
    pd.testing.assert_frame_equal(result.table.frame.drop(columns=WHEN), tables[0])
    assert result.report.exists()
    assert result.best.parent == here / "function" / "models"


def test_a_space_may_be_an_object(here):
    space = Space(
        "pets",
        {"label_fraction": (0.5, 1.0)},
        tuned={"lr": log_uniform(1e-3, 1e-2)},
        baseline={"lr": 5e-3},
        fixed={"family": "small_cnn", "regime": "scratch", "image_size": 16, "batch_size": 4, "augment": 0.0},
        trials=1,
        epochs=1,
        replicates=1,
    )
    result = study.run(space, name="labels", only={"label_fraction": 1.0}, **OPTIONS)
    assert result.folder == here / "results" / "labels"
    assert set(result.table.frame["space"]) == {"labels"}
    assert set(result.table.frame["label_fraction"]) == {1.0}
    with pytest.raises(UserError, match="holds a study already"):
        study.run(space, name="labels", only={"label_fraction": 1.0}, **OPTIONS)
    again = study.run(space, name="labels", only={"label_fraction": 1.0}, resume=True, **OPTIONS)
    pd.testing.assert_frame_equal(again.table.frame, result.table.frame)
    with pytest.raises(Damaged, match="made by another study"):
        study.run(space, name="labels", resume=True, **OPTIONS)


@pytest.mark.slow
def test_images_are_labelled_as_by_the_command(here):
    result = study.run("mine.py", **OPTIONS)
    rows = study.predict(result.folder, "data")
    assert list(rows)[:4] == ["image", "label", "probability", "error"]
    assert len(rows) == len(list((here / "data").rglob("*.png")))
    shares = rows.filter(like="p(")
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
    assert rows["probability"].to_numpy() == pytest.approx(shares.max(axis=1).to_numpy())
    (here / "bad.jpg").write_bytes(b"no image")
    assert "bad.jpg" in study.predict(result.best, ["bad.jpg"])["error"][0]
    net, card = study.load_model(result.best)
    assert len(card["classes"]) == shares.shape[1]
    assert not net.training


@pytest.mark.parametrize(("keywords", "message"), [
    ({"tirals": 3}, "unknown argument 'tirals'; one of name, data"),
    ({"seed": -1}, "seed: '-1' is no seed"),
    ({"time_budget": "soon"}, "time_budget: 'soon' is no duration"),
    ({"time_budget": 0}, "time_budget: '0.000000s' ends before anything is done"),
    ({"resume": "yes"}, "resume 'yes': write True or False"),
    ({"only": 3}, "only 3: write a mapping"),
    ({"only": {"label_fraction": 3}}, "--only label_fraction=3: label_fraction has no value"),
    ({"set": {"image_size": "large"}}, "--set image_size=large"),
    ({"trials": "many"}, "trials: invalid int value: 'many'"),
    ({"name": "x"}, "name 'x' is for a space that is an object"),
    ({"data": "nowhere"}, "--data nowhere: no such folder"),
    ({"trials": 10**12}, "trials"),
])  # fmt: skip
def test_a_mistake_is_raised_and_nothing_is_made(here, keywords, message):
    before = sorted(here.rglob("*"))
    with pytest.raises(UserError) as raised:
        study.run("mine.py", **{"data": "data", **keywords})
    assert message in str(raised.value)
    assert sorted(here.rglob("*")) == before


def test_every_option_of_the_command_is_an_argument():
    names = {each.name for each in fields(Options)} - {"list", "inspect"}
    assert set(inspect.signature(study.run).parameters) == names
    assert options.from_keywords("gtsrb") == options.parse(["--space", "gtsrb"])


INTERRUPTED = """
import os, signal, sys
import pytest
import study
from study.cli import signals
from tests.support import inline
from tests.support.toys import WHEN

def handlers():
    return [signal.getsignal(number) for number in signals.SIGNALS]

signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest's workers ignore it, and so would this process
before, begun = handlers(), signals.Interrupt.begun
options = {"out": "out", "data": "data", "deterministic": True, "checkpoint_every": 0}
with pytest.MonkeyPatch.context() as patch:
    inline.install(patch, reports=2)
    patch.setattr(signals.Interrupt, "begun", lambda self: (os.kill(os.getpid(), signal.SIGINT), begun(self)))
    with pytest.raises(KeyboardInterrupt, match="resume=True resumes the study in"):
        study.run("mine.py", **options)
assert os.path.exists("out/table.parquet")
assert handlers() == before
with pytest.MonkeyPatch.context() as patch:
    inline.install(patch)
    assert study.run("mine.py", resume=True, **options).exit_code == 0
stop = signals.Interrupt(None)
with stop.listening():
    os.kill(os.getpid(), signal.SIGINT)
    assert stop.requested()
    with pytest.raises(KeyboardInterrupt):  # a second one is raised where it comes
        os.kill(os.getpid(), signal.SIGINT)
assert handlers() == before
"""


@pytest.mark.slow
def test_an_interrupt_stops_in_order_and_is_raised_at_the_end(here):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_it_runs_in_another_thread_and_leaves_signals_alone(here):
    results = []
    thread = threading.Thread(target=lambda: results.append(study.run("mine.py", **OPTIONS)))
    thread.start()
    thread.join()
    assert results[0].exit_code == 0


def test_importing_the_package_imports_no_library_of_weight():
    code = (
        "import sys, study; from study import Space, log_uniform; print({'torch', 'ray', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_names_stand_for_function_and_module():
    import study.predict
    import study.run
    from study import predict, run

    for each, name in ((run, "run"), (predict, "predict"), (analysis.report, "report")):
        assert callable(each)
        assert each.__doc__ == getattr(each, name).__doc__
        assert inspect.signature(each) == inspect.signature(getattr(each, name))
    assert callable(run.main)
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        study.rum  # noqa: B018


@pytest.mark.slow
def test_the_page_on_python_says_what_runs(here, tmp_path):
    """Its programs, with fewer trials, drawn signs and images of ours."""
    page = (ROOT / "docs" / "python.md").read_text()
    first, second = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    for text, instead in (("0.1},", "0.1}, trials=1, epochs=1, replicates=1,"), ('data="~/data/gtsrb", ', "")):
        assert text in first
        first = first.replace(text, instead)
    (tmp_path / "out").mkdir()  # the report without ink makes none
    exec(first + second.replace('"my-images/"', '"data/"'), {})
    assert (tmp_path / "out" / "report.html").exists()
