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
