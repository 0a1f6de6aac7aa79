"""The Slurm script, run with stand-ins of srun, ray, scontrol and python that write down what they are asked."""

import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "slurm" / "study.sbatch"
NOTE = 'printf "%s\\n" "$(basename "$0")" "$@" -- >>"$NOTES"\n'
COMMANDS = {
    "srun": 'while [[ $1 == -* ]]; do shift; done\nexec "$@"\n',
    "ray": '[[ -z ${NO_RAY:-} ]] || exit 0\nuntil [[ $1 == -- ]]; do shift; done\nshift\n"$@"\n',
    "scontrol": "",
    "python": """
cat "$RAY_AUTH_TOKEN_PATH" >"$NOTES.token"
stat -c %a "$RAY_AUTH_TOKEN_PATH" >"$NOTES.mode"
trap "exit 75" TERM
[[ -z ${LASTS:-} ]] || { : >"$NOTES.up"; while :; do sleep 0.05; done; }
exit "${CODE:-0}"
""",
}


@pytest.fixture
def job(tmp_path):
    """Start the script as Slurm does; gives a function that takes study.run's words and settings of the stand-ins."""
    for name, body in COMMANDS.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{NOTE}{body}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    slurm = {"SLURM_JOB_ID": "17", "SLURM_JOB_NUM_NODES": "2", "SLURM_CPUS_PER_TASK": "8", "SLURM_GPUS_ON_NODE": "4"}
    own = {"STUDY_JOBS": str(tmp_path / "jobs"), "STUDY_HEAD": "10.0.0.1", "NOTES": str(tmp_path / "notes")}
    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}

    def start(*words, **settings):
        environment = os.environ | slurm | own | path | settings
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(["bash", str(SCRIPT), *words], env=environment, cwd=tmp_path, **pipes)

    return start


def asked(tmp_path: Path) -> dict[str, list[str]]:
    """Give the words of each command's first call."""
    calls: dict[str, list[str]] = {}
    for call in (tmp_path / "notes").read_text().removesuffix("--\n").split("\n--\n"):
        name, *words = call.strip().split("\n")
        calls.setdefault(name, words)
    return calls


def test_the_script_is_sound_bash_and_its_headers_are_options_of_sbatch():
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", str(SCRIPT)], check=True)
    lines = SCRIPT.read_text().splitlines()
    headers = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    first_command = next(n for n, line in enumerate(lines) if line and not line.startswith("#"))
    assert all(not line.startswith("#SBATCH") for line in lines[first_command:]), "sbatch stops reading at a command"
    assert {"--exclusive", "--requeue", "--ntasks-per-node=1", "--signal=B:USR1@180"} <= set(headers)


def test_the_study_starts_on_one_ray_over_all_nodes_with_the_words_it_was_given(job, tmp_path):
    process = job("--space", "gtsrb", "--out", "my results")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    calls = asked(tmp_path)
    head = ["--address", "10.0.0.1:6379"]
    assert calls["python"] == ["-m", "study.run", *head, "--resume", "--space", "gtsrb", "--out", "my results"]
    assert calls["ray"][:5] == ["symmetric-run", *head, "--min-nodes", "2"]
    assert {"--num-cpus=8", "--num-gpus=4"} <= set(calls["ray"])
    assert {"--nodes=2", "--ntasks=2", "--cpus-per-task=8"} <= set(calls["srun"])
    assert "scontrol" not in calls


def test_the_token_is_long_of_this_job_alone_and_gone_afterwards(job, tmp_path):
    tokens = []
    for _ in range(2):
        job("--space", "gtsrb").communicate(timeout=60)
        tokens.append((tmp_path / "notes.token").read_text())
        assert (tmp_path / "notes.mode").read_text() == "600\n"
    assert {len(token) for token in tokens} == {64}
    assert tokens[0] != tokens[1]
    assert list((tmp_path / "jobs").iterdir()) == []


@pytest.mark.parametrize("code", [1, 2, 4, 5, 6, 75])
def test_the_studys_exit_code_is_the_jobs_and_only_a_time_limit_queues_it_again(job, tmp_path, code):
    process = job("--space", "gtsrb", CODE=str(code))
    process.communicate(timeout=60)
    assert process.returncode == code
    assert "scontrol" not in asked(tmp_path)


def test_a_ray_that_cannot_start_is_a_failure_though_it_says_0(job, tmp_path):
    process = job("--space", "gtsrb", NO_RAY="yes")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Ray did not start" in said


@pytest.mark.parametrize(("number", "again"), [(signal.SIGUSR1, True), (signal.SIGTERM, False)])
def test_a_signal_stops_the_study_and_the_time_limits_one_queues_the_job_again(job, tmp_path, number, again):
    process = job("--space", "gtsrb", LASTS="yes")
    until = time.monotonic() + 60
    while not (tmp_path / "notes.up").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 75
    assert asked(tmp_path).get("scontrol") == (["requeue", "17"] if again else None)
