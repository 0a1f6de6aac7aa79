"""Studies on a real cluster: sent over HTTP, left running, stopped, resumed, and a node killed in the middle."""

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest
import torch
from torch import nn

from study.models import families
from study.storage import ledger
from tests.support import own_code
from tests.support.three_nodes import Nodes

pytest.importorskip("aiohttp", reason="Ray's Jobs API needs ray[default]")
pytestmark = pytest.mark.slow
EPOCHS = 12
TINY = ("--space", "tests/spaces/tiny.py", "--trials", "2", "--replicates", "1")
STUDY = (*TINY, "--epochs", str(EPOCHS), "--checkpoint-every", "0s")
KEYS = ["trial", "epoch", "task", "split", "metric", "truth", "answer"]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    started = Nodes(tmp_path_factory.mktemp("nodes"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


def submit(nodes, *words, cwd=None, **variables) -> subprocess.Popen:
    command = [sys.executable, "-m", "study.submit", "--address", nodes.address, *words]
    environment, pipes = nodes.environment | variables, {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, env=environment, cwd=cwd, text=True, **pipes)


def finish(process) -> tuple[int, str]:
    """Wait for a process; returns its exit code and its output."""
    output, _ = process.communicate(timeout=1200)
    return process.returncode, output


def test_nothing_answers_without_the_token(nodes):
    for path in ("api/jobs/", "api/version", "api/cluster_status", "logical/actors"):
        assert [nodes.status(token, path) for token in (None, "wrong", nodes.token)] == [401, 403, 200], path
    file = nodes.folder / ".ray" / "auth_token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listening = [socket for socket in psutil.net_connections("tcp") if socket.status == psutil.CONN_LISTEN]
    assert {socket.laddr.ip for socket in listening if socket.laddr.port == nodes.dashboard} == {"127.0.0.1"}


@pytest.mark.parametrize(("variables", "message"), [
    ({"RAY_AUTH_TOKEN": "wrong"}, "Invalid authentication token"),
    ({"HOME": "/nonexistent"}, "asks for a token, and there is none here"),
])  # fmt: skip
def test_who_has_not_the_token_is_told_in_a_line(nodes, variables, message):
    code, line = finish(submit(nodes, "--", *STUDY, "--out", str(nodes.folder / "none"), **variables))
    assert (code, line.count("\n")) == (2, 1), line
    assert message in line


def test_results_that_a_node_does_not_see_are_refused_before_the_first_trial(nodes):
    """Each node looks up a path inside a store in its own store, so that only the head sees this folder."""
    out = nodes.stores[0] / "results"
    code, output = finish(submit(nodes, "--", *STUDY, "--out", str(out)))
    assert code == 2, output
    assert "does not see the results in" in output
    assert "let --out name a folder that all nodes mount" in output
    assert not out.exists()


def test_a_family_in_a_file_travels_to_all_nodes(nodes, tmp_path):
    """The file lies outside of the working tree, and each of the three nodes trains."""
    (tmp_path / "mynet.py").write_text(own_code.FAMILY)
    out = tmp_path / "study"
    space = ("--space", str(own_code.ROOT / TINY[1]), "--trials", "4", "--replicates", "1", "--epochs", "2")
    own = ("--set", "family=./mynet.py", "--checkpoint-every", "0s", "--out", str(out))
    sent = submit(nodes, "--", *space, *own, cwd=tmp_path)
    code, output = finish(sent)
    assert code == 0, output
    assert json.loads((out / "study.json").read_text())["own_code"].keys() == {"family ./mynet.py"}
    assert len({event["worker"] for event in reports(out)}) == 3
    assert "own_code" in json.loads((out / "models/c000-r000/card.json").read_text())


@pytest.mark.nightly
def test_weights_from_a_file_are_read_into_the_store_of_each_node(nodes, tmp_path):
    """Nodes have stores of their own, so that the second and third read the file themselves."""
    stages = nn.ModuleList(families.load("small_cnn").backbone("none")[0])
    torch.save({"model": stages.state_dict()}, tmp_path / "mine.pth")
    out = tmp_path / "study"
    start = ("--set", "regime=fine_tune", "--set", f"weights={tmp_path / 'mine.pth'}", "--out", str(out))
    code, output = finish(submit(nodes, "--", *TINY[:2], "--trials", "4", "--replicates", "1", "--epochs", "2", *start))
    assert code == 0, output
    assert "mine.pth: " in output
    assert all([*(store / "weights").glob("*/model.safetensors")] for store in nodes.stores)
    assert len({event["worker"] for event in reports(out)}) == 3


@pytest.mark.nightly
def test_a_study_is_left_stopped_resumed_and_loses_a_node_and_is_whole(nodes, tmp_path):
    out = tmp_path / "study"
    sent = submit(nodes, "--", *STUDY, "--out", str(out))
    wait_for(lambda: reports(out), sent)
    sent.send_signal(signal.SIGINT)
    code, output = finish(sent)
    assert code == 130, output
    assert "the study runs on" in output
    job = output.split(":")[0]

    code, output = finish(submit(nodes, "--stop", job))
    assert code == 75, output
    command = output.partition("go on with: ")[2].splitlines()[0]
    assert command.startswith(f"python -m study.submit --address {nodes.address} -- --space")
    before = len(reports(out))

    again = submit(nodes, *shlex.split(command)[5:])
    raylet = nodes.raylet(2)
    wait_for(lambda: any(runs_on(event, raylet) for event in reports(out)[before:]), again)
    raylet.send_signal(signal.SIGKILL)
    code, output = finish(again)
    assert code == 0, output
    assert "trials went on after their worker had died" in output
    check_whole(out, nodes)


def reports(out) -> list[dict]:
    if not (out / "ledger").exists():
        return []
    return [event for event in ledger.read(out / "ledger") if event["kind"] == "report"]


def runs_on(event, raylet) -> bool:
    """Whether an unfinished trial runs on a node."""
    pid = int(event["worker"].split(":")[1])
    return event["decision"] == "continue" and pid in {child.pid for child in raylet.children()}


def wait_for(happened, process) -> None:
    until = time.monotonic() + 300
    while not happened():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.1)


def check_whole(out, nodes) -> None:
    frame = pd.read_parquet(out / "table.parquet")
    assert not frame.duplicated(KEYS).any()
    assert frame["trial"].nunique() == 2 * (2 + 1)
    assert set(frame["state"]) <= {"complete", "pruned"}
    for _, rows in frame[(frame["split"] == "val") & (frame["metric"] == "accuracy")].groupby("trial"):
        assert sorted(rows["epoch"]) == list(range(rows["epoch"].max() + 1))
        assert rows["state"].iloc[0] == "pruned" or rows["epoch"].max() == EPOCHS
    first = min(event["time"] for event in reports(out))
    for store in nodes.stores:  # made once on each node, before the first trial
        (made,) = store.glob("data/*/manifest.json")
        assert made.stat().st_mtime < first
    assert not (out / "checkpoints").exists()
    assert os.path.exists(out / "models/c000-r000/model.safetensors")
