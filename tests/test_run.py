"""The command itself, on drawn signs at tiny size: from a question to a report, through kills, stops and refusals."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from study import ledger

TINY = str(Path(__file__).parent / "spaces" / "tiny.py")
KEYS = ["trial", "epoch", "split", "metric"]


def start(out: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "study.run", "--space", TINY, "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def run(out: Path, *options: str) -> tuple[int, str]:
    process = start(out, *options)
    said, complaint = process.communicate(timeout=300)
    return process.returncode, said + complaint


def table(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "table.parquet").sort_values(KEYS, ignore_index=True)


def stop_at(out: Path, events: int, number: int, *options: str) -> tuple[int, str]:
    """Start the study, send it a signal once its ledger has so many more lines, and wait."""
    before = lines(out)
    process = start(out, *options)
    while process.poll() is None and lines(out) < before + events:
        time.sleep(0.02)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: Ray's processes get it too
    else:
        process.send_signal(number)
    said, complaint = process.communicate(timeout=60)
    time.sleep(2)  # orphaned workers notice that their driver is gone
    return process.returncode, said + complaint


def lines(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (out / "ledger").glob("*.jsonl"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted study."""
    out = tmp_path_factory.mktemp("whole") / "a study with ümlauts"
    code, said = run(out, "--deterministic")
    assert code == 0, said
    return out, said


def test_a_study_ends_with_cells_a_report_and_a_model(whole):
    out, said = whole
    assert "stand-in: 43 rendered signs" in said.splitlines()[0]
    assert "10 of 10 trials done · 0 running" in said
    assert re.search(r"10 % +s00\d .*\[\d+\.\d+, \d+\.\d+\]", said), said
    for name in ("report.html", "table.parquet", "study.json", "models/c000-r000/model.safetensors"):
        assert (out / name).exists(), name
    assert not (out / "tune").exists()
    assert not (out / "checkpoints").exists()


def test_the_table_has_each_score_once_and_opens_the_test_only_at_the_end_of_replicates(whole):
    frame = table(whole[0])
    assert not frame.duplicated(KEYS).any()
    tested = frame[frame["split"] == "test"]
    assert set(tested["role"]) == {"replicate"}
    assert set(tested["epoch"]) == {2}
    assert len(tested) == 2 * 2 * 2  # cells × replicates × (accuracy, loss)
    assert frame["data"].str.contains("stand-in").all()
    complete = frame[(frame["state"] == "complete") & (frame["split"] == "val") & (frame["metric"] == "accuracy")]
    assert (complete.groupby("trial")["epoch"].apply(list).map(tuple) == (0, 1, 2)).all()


def test_the_first_trial_of_each_cell_is_the_baseline(whole):
    first = table(whole[0]).query("trial.str.endswith('s000')")
    assert set(first["lr"]) == {5e-3}


def test_a_killed_deterministic_study_resumes_to_the_same_table(whole, tmp_path):
    for events in (3, 9, 14):
        code, _ = stop_at(tmp_path, events, signal.SIGKILL, "--deterministic", "--resume")
        assert code == -signal.SIGKILL
    done_before = ended(tmp_path)
    code, said = run(tmp_path, "--deterministic", "--resume")
    assert code == 0, said
    assert not done_before & started_after(tmp_path), "a finished trial ran again"
    timeless = table(whole[0]).drop(columns="seconds")
    pd.testing.assert_frame_equal(table(tmp_path).drop(columns="seconds"), timeless)


def ended(out: Path) -> set[str]:
    return {event["trial"] for event in ledger.read(out / "ledger") if event.get("decision") in ("complete", "prune")}


def started_after(out: Path) -> set[str]:
    """Trials that the last run of the driver reported on."""
    last = sorted((out / "ledger").glob("*.jsonl"))[-1]
    return set(re.findall(r'"kind":"report","trial":"([^"]+)"', last.read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_soon_with_code_75_and_the_command_to_go_on(tmp_path, number):
    code, said = stop_at(tmp_path, 4, number)
    assert code == 75, said
    assert "stopped before its end; go on with: python -m study.run" in said
    assert "--resume" in said
    assert (tmp_path / "report.html").exists()
    reported = {event["trial"] for event in ledger.read(tmp_path / "ledger") if event["kind"] == "report"}
    assert reported <= set(table(tmp_path)["trial"])
    if number == signal.SIGTERM:
        return  # going on takes long, and is the same
    code, said = run(tmp_path, "--resume")
    assert code == 0, said
    assert table(tmp_path)["trial"].nunique() == 10


def test_a_time_budget_stops_it_resumable(tmp_path):
    code, said = run(tmp_path, "--time-budget", "8s")
    assert code == 75, said


def test_an_existing_study_is_not_overwritten_and_a_changed_one_is_refused(whole):
    out, _ = whole
    before = (out / "table.parquet").read_bytes()
    code, said = run(out)
    assert (code, said.count("\n")) == (2, 1)
    assert "holds a study already: add --resume" in said
    code, said = run(out, "--resume", "--deterministic", "--seed", "1", "--trials", "4")
    assert code == 4
    assert "space.trials was 3, is 4; seed was 0, is 1" in said
    assert (out / "table.parquet").read_bytes() == before


def test_resuming_a_finished_study_changes_nothing(whole):
    out, _ = whole
    before = table(out)
    assert run(out, "--resume", "--deterministic")[0] == 0
    pd.testing.assert_frame_equal(table(out), before)


def test_search_never_opens_the_test_split(tmp_path, monkeypatch):
    """With the test's files gone from the store, all search trials run; only replicates would miss them."""
    from study import data

    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    prepared = data.prepare("gtsrb", None, 16, None)
    tests = [path for path in Path(prepared.path).iterdir() if path.name.startswith("test")]
    assert tests
    for path in tests:
        os.truncate(path, 0)
    from study.space import load
    from study.state import Plan, State
    from study.worker import results
    from tests.toys import never

    cells = load(TINY).cells()
    state = State(cells, Plan(1, 1, 0, 0), lambda: never, lambda event: None)
    trial = state.next_trial()
    job = {"trial": trial.id, "role": "search", "config": cells[0].values | trial.tuned, "seed": 0, "epochs": 1}
    job |= {"prepared": vars(prepared), "split_seed": 0, "draw_seed": 0, "threads": 1, "gpu": False, "model": None}
    job |= {"checkpoints": str(tmp_path / "none"), "checkpoint_seconds": 30.0}
    assert [result["last"] for result in results(job)] == [False, True]
    with pytest.raises(Exception, match="test"):
        list(results(job | {"role": "replicate"}))


def test_a_locked_study_is_refused_naming_the_owner(tmp_path):
    first = start(tmp_path)
    while lines(tmp_path) == 0:
        time.sleep(0.05)
    code, said = run(tmp_path, "--resume")
    first.kill()
    first.communicate()
    assert code == 6
    assert f"process {first.pid}" in said
