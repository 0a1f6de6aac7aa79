"""A command is measured with its children, and ended with them."""

import sys

from benchmarks import _process


def test_code_output_and_memory_of_children(tmp_path, monkeypatch):
    monkeypatch.setattr(_process, "EVERY", 0.01)
    child = "import time; print('child', flush=True); time.sleep(0.2)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); sys.exit(3)"
    done = _process.run([sys.executable, "-c", parent], tmp_path, {}, tmp_path / "log", 60)
    assert done.code == 3
    assert (tmp_path / "log").read_text() == "child\n"
    assert done.memory > 2**20


def test_time_out(tmp_path):
    done = _process.run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, {}, tmp_path / "log", 0.1)
    assert done.code == -9


def test_rays_settings_are_not_handed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    script = "import os; print([name for name in os.environ if name.startswith(('TUNE', 'RAY'))])"
    _process.run([sys.executable, "-c", script], tmp_path, {"RAY_worker_niceness": "0"}, tmp_path / "log", 60.0)
    assert (tmp_path / "log").read_text() == "['RAY_worker_niceness']\n"
