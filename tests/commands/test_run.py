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

from study.cli.catalogue import load
from study.data import prepare
from study.errors import Damaged
from study.search.state import Plan, State
from study.search.study import Study, job
from study.storage import ledger
from tests.backend.test_worker import job as job_of
from tests.backend.test_worker import run as run_job
from tests.support import inline
from tests.support.small_study import photographs
from tests.support.toys import WHEN, never

TINY = str(Path(__file__).parents[1] / "spaces" / "tiny.py")
FAKE = prepare.Prepared("gtsrb", "", "stand-in", "", [], "accuracy", {})
UNDRAWN = "tests.support.undrawn_run"
KEYS = ["trial", "epoch", "task", "split", "metric", "truth", "answer"]


def start(out: Path, *options: str, module: str = UNDRAWN) -> subprocess.Popen:
    command = [sys.executable, "-m", module, "--space", TINY, "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def run(out: Path, *options: str, module: str = UNDRAWN) -> tuple[int, str]:
    process = start(out, *options, module=module)
    said, complaint = process.communicate(timeout=600)
    return process.returncode, said + complaint


def table(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "table.parquet").sort_values(KEYS, ignore_index=True)


def stop_at(out: Path, events: int, number: int, *options: str, module: str = UNDRAWN) -> tuple[int, str]:
    """Start the study, send it a signal once its ledger has so many more lines, and wait."""
    before = lines(out)
    process = start(out, *options, module=module)
    while process.poll() is None and lines(out) < before + events:
        time.sleep(0.02)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: Ray's processes get it too
    else:
        process.send_signal(number)
    said, complaint = process.communicate(timeout=600)
    time.sleep(2)  # orphaned workers notice that their driver is gone
    return process.returncode, said + complaint


def lines(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (out / "ledger").glob("*.jsonl"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted study."""
    out = tmp_path_factory.mktemp("whole") / "a study with ümlauts"
    code, said = run(out, "--deterministic", module="study.run")
    assert code == 0, said
    return out, said


@pytest.mark.slow
def test_a_study_ends_with_cells_a_report_and_a_model(whole):
    out, said = whole
    assert "stand-in: 43 rendered signs" in said.splitlines()[0]
    assert "10 of 10 trials done · 0 running" in said
    assert re.search(r"10 % .* s00\d .*\[\d+\.\d+, \d+\.\d+\]", said), said
    for name in ("report.html", "table.parquet", "study.json", "models/c000-r000/model.safetensors"):
        assert (out / name).exists(), name
    assert not (out / "tune").exists()
    assert not (out / "checkpoints").exists()


@pytest.mark.slow
def test_the_table_has_each_score_once_and_opens_the_test_only_at_the_end_of_replicates(whole):
    frame = table(whole[0])
    assert not frame.duplicated(KEYS).any()
    tested = frame[frame["split"] == "test"]
    assert set(tested["role"]) == {"replicate"}
    assert set(tested["epoch"]) == {2}
    assert (tested["metric"] != "count").sum() == 2 * 2 * 2  # cells × replicates × (accuracy, loss)
    assert frame["data"].str.contains("stand-in").all()
    complete = frame[(frame["state"] == "complete") & (frame["split"] == "val") & (frame["metric"] == "accuracy")]
    assert (complete.groupby("trial")["epoch"].apply(list).map(tuple) == (0, 1, 2)).all()


@pytest.mark.slow
def test_the_first_trial_of_each_cell_is_the_baseline(whole):
    first = table(whole[0]).query("trial.str.endswith('s000')")
    assert set(first["lr"]) == {5e-3}


@pytest.mark.nightly
@pytest.mark.parametrize("kills", [(9,), (3, 9, 14)])
def test_a_killed_deterministic_study_resumes_to_the_same_table(whole, tmp_path, monkeypatch, kills):
    """Counted against the journal of the workers, not against what the study says of itself."""
    journal, out = tmp_path / "journal.txt", tmp_path / "study"
    monkeypatch.setenv("JOURNAL", str(journal))
    options = ("--deterministic", "--resume", "--checkpoint-every", "0s")
    kept: dict[str, list[str]] = {}
    for events in kills:
        code, _ = stop_at(out, events, signal.SIGKILL, *options, module="tests.support.journaled_run")
        assert code == -signal.SIGKILL
        assert kept.items() <= ran(journal).items(), "a finished trial ran again"
        kept = {trial: what for trial, what in ran(journal).items() if trial in ended(out)}
    code, said = run(out, *options, module="tests.support.journaled_run")
    assert code == 0, said
    assert kept.items() <= ran(journal).items(), "a finished trial ran again"
    assert sum(what.count("start") for what in ran(journal).values()) <= 10 + len(kills)
    timeless = table(whole[0]).drop(columns=WHEN)
    pd.testing.assert_frame_equal(table(out).drop(columns=WHEN), timeless)


def ran(journal: Path) -> dict[str, list[str]]:
    """What each trial did, in order: starts and epochs."""
    done: dict[str, list[str]] = {}
    for line in journal.read_text().splitlines():
        trial, what = line.split()
        done.setdefault(trial, []).append(what)
    return done


def ended(out: Path) -> set[str]:
    return {event["trial"] for event in ledger.read(out / "ledger") if event.get("decision") in ("complete", "prune")}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)])
def test_a_signal_ends_it_soon_with_code_75_and_the_command_to_go_on(tmp_path, number):
    code, said = stop_at(tmp_path, 4, number)
    assert code == 75, said
    assert f"stopped before its end; go on with: python -m {UNDRAWN} --space" in said
    assert "--resume" in said
    assert (tmp_path / "report.html").exists()
    reported = {event["trial"] for event in ledger.read(tmp_path / "ledger") if event["kind"] == "report"}
    assert reported <= set(table(tmp_path)["trial"])
    done, *counts = re.findall(
        r"(\d+) of 10 trials done · (\d+) running · (\d+) starting · (\d+) pruned · (\d+) failed", said
    )[-1]
    states = table(tmp_path).groupby("trial")["state"].first()
    assert int(done) == len(ended(tmp_path)) == (states != "running").sum()
    assert sum(map(int, counts[:2])) == (states == "running").sum()
    assert int(counts[2]) == (states == "pruned").sum()
    assert counts[3] == "0"
    code, said = run(tmp_path, "--resume")
    assert code == 0, said
    assert table(tmp_path)["trial"].nunique() == 10


@pytest.mark.slow
def test_a_signal_while_the_report_is_written_leaves_it_whole(tmp_path):
    """Ray takes the system's handlers with it as it ends, and Python does not notice."""
    words = [
        "--space",
        TINY,
        "--out",
        str(tmp_path),
        "--only",
        "label_fraction=0.1",
        "--trials",
        "1",
        "--replicates",
        "0",
    ]
    strike = f"lambda *given, finish=phases._finish: (os.kill(os.getpid(), {signal.SIGTERM:d}), finish(*given))[1]"
    script = f"import os, sys; from study import phases, run; phases._finish = {strike}; sys.exit(run.main({words}))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "report.html").exists()


@pytest.mark.slow
def test_a_time_budget_stops_it_resumable(tmp_path):
    code, said = run(tmp_path, "--time-budget", "8s")
    assert code == 75, said


@pytest.mark.slow
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


@pytest.mark.slow
def test_resuming_a_finished_study_changes_nothing(whole):
    out, _ = whole
    before = table(out)
    assert run(out, "--resume", "--deterministic")[0] == 0
    pd.testing.assert_frame_equal(table(out), before)


def test_search_never_opens_the_test_split(tmp_path, monkeypatch):
    """With the test's images gone from the store a search trial runs; a replicate misses them."""
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    prepared = prepare.prepare("animals", photographs(tmp_path / "images"), 16, None)
    tests = [path for path in Path(prepared.path).iterdir() if path.name.startswith("test")]
    assert tests
    for path in tests:
        os.truncate(path, 0)
    asked = job_of(prepared, tmp_path, epochs=1)
    assert [result["last"] for result in run_job(asked | {"role": "search"})] == [False, True]
    with pytest.raises(Damaged, match="test"):
        list(run_job(asked | {"role": "replicate"}))


def test_replicates_draw_labels_of_their_own_and_search_trials_share_one_draw(tmp_path):
    cells = load(TINY).cells()
    none = [None] * 2
    study = Study("tiny", "demo", load(TINY), cells, [FAKE] * 2, tmp_path, 7, True, 30.0, False, 0.0, False, {}, none)
    toy = State(cells, Plan(2, 1, 2, 7), lambda: never, lambda event: None)
    jobs = []
    while (trial := toy.next_trial()) is not None:
        jobs.append(job(study, trial))
        toy.report(trial.id, 1, 0.5, True)
    draws = {role: {each["draw_seed"] for each in jobs if each["role"] == role} for role in ("search", "replicate")}
    assert draws["search"] == {7}
    assert len(draws["replicate"]) == 2
    assert {each["split_seed"] for each in jobs} == {7}


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.0, 2.0, pytest.param(4.0, marks=pytest.mark.nightly)])
def test_a_signal_before_the_search_is_one_line_and_code_75(tmp_path, moment):
    process = start(tmp_path / "new")
    while not (tmp_path / "new" / ".owner").exists():
        time.sleep(0.02)
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    complaint = process.communicate(timeout=600)[1]
    assert process.returncode == 75, complaint
    assert "Traceback" not in complaint


@pytest.mark.nightly
def test_a_storage_that_fails_in_mid_run_is_code_5_and_resumable(tmp_path):
    models = [tmp_path / "models" / f"c{cell:03d}-r000" for cell in range(2)]
    models[0].parent.mkdir()
    for model in models:
        model.touch()  # where a replicate's model is to go
    code, said = run(tmp_path, "--trials", "1")
    assert (code, said.count("storage failed")) == (5, 1), said
    assert "models" in said
    assert "Traceback" not in said
    for model in models:
        model.unlink()
    code, said = inline.command("--space", TINY, "--out", str(tmp_path), "--trials", "1", "--resume")
    assert code == 0, said


@pytest.mark.slow
def test_a_locked_study_is_refused_naming_the_owner(tmp_path):
    first = start(tmp_path)
    while lines(tmp_path) == 0:
        time.sleep(0.05)
    code, said = run(tmp_path, "--resume")
    first.kill()
    first.communicate()
    assert code == 6
    assert f"process {first.pid}" in said
