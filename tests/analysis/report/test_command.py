"""`python -m analysis`: what it refuses, in one line, and with which exit code."""

import errno
import os
import subprocess
import sys

import pandas as pd
import pytest

from analysis import __main__ as command
from tests.analysis import synthetic


def test_the_command_refuses_in_one_line():
    process = subprocess.run([sys.executable, "-m", "analysis", "nowhere"], capture_output=True, text=True)
    assert process.returncode == 2
    assert process.stderr.splitlines() == [
        "analysis: no table.parquet in 'nowhere'; give the folder of a study, e.g. results/gtsrb"
    ]


@pytest.mark.slow
def test_a_refusal_ends_with_its_code_every_time(tmp_path):
    """Threads that read the table were still starting at the exit: every third process was aborted with -6."""
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "table.parquet")
    command = [sys.executable, "-m", "analysis", str(tmp_path)]
    processes = [subprocess.run(command, capture_output=True, text=True) for _ in range(6)]
    assert {(process.returncode, process.stderr.count("\n")) for process in processes} == {(4, 1)}


@pytest.mark.parametrize(("arguments", "name"), [([], "folder"), (["a", "--fast"], "--fast")])
def test_wrong_arguments_are_named_in_one_line(arguments, name, capsys):
    with pytest.raises(SystemExit) as exit_info:
        command.main(arguments)
    errors = capsys.readouterr().err
    assert (exit_info.value.code, errors.count("\n")) == (2, 1)
    assert name in errors


def test_mixed_data_end_with_the_reason(small, tmp_path, capsys):
    mixed = small["data"].mask(small["regime"] == "fine_tune", "GTSRB official")
    assert command.main([str(synthetic.write(small.assign(data=mixed), tmp_path))]) == 4
    assert "mixes scores of different data" in capsys.readouterr().err


def test_a_damaged_table_is_refused(tmp_path, capsys):
    (tmp_path / "table.parquet").write_bytes(b"PAR0 not at all")
    assert command.main([str(tmp_path)]) == 4
    assert "cannot be read as Parquet" in capsys.readouterr().err


def test_a_table_that_cannot_be_read_is_named(tmp_path, capsys, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(command, "load", refuse)
    assert command.main([str(tmp_path)]) == 5
    assert f"cannot read '{tmp_path}'" in capsys.readouterr().err


@pytest.mark.usefixtures("undrawn")
def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path, capsys, monkeypatch):
    synthetic.write(tiny, tmp_path)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "figures")
    monkeypatch.setattr("analysis.report.study_report.write", lambda df, folder: (_ for _ in ()).throw(full))
    assert command.main([str(tmp_path)]) == 5
    assert "cannot write into" in capsys.readouterr().err
