"""Limits and settings in which Ray hangs, or is ended by the system, are refused in a line."""

import os
import resource
import subprocess
import sys

import pytest

from study import errors
from study.backend import auth_token, limits
from tests.bad_inputs.case import TINY

LIMITED = """
import resource, sys
resource.setrlimit(resource.{name}, ({value}, {value}))
from study import run
sys.exit(run.main(["--space", {space!r}, "--out", "out"]))
"""


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("RLIMIT_NOFILE", 60, "study.run: 60 files may be open, and Ray needs 128; raise the limit with ulimit -n"),
        ("RLIMIT_AS", 8 * 10**9, "study.run: 8.0 GB of addresses are allowed, and Ray needs 16 GB; raise the limit"),
        ("RLIMIT_FSIZE", 1000, "study.run: files of 0.0 MB are allowed, and 100 MB are needed; raise the limit"),
    ],
)
def test_a_limit_that_is_too_low_is_named(name, value, text, tmp_path):
    script = LIMITED.format(name=name, value=value, space=str(TINY))
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.startswith(text), done.stderr.count("\n")) == (2, True, 1), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be(monkeypatch):
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1000))
    monkeypatch.setattr(resource, "setrlimit", lambda *args: raised.append(args))
    with pytest.raises(errors.UserError, match="addresses are allowed"):
        limits.check()
    assert raised == [(resource.RLIMIT_NOFILE, (1000, 1000))]


@pytest.mark.parametrize(
    "words", [["study.run", "--space", str(TINY)], ["analysis", "x"], ["study.predict", "x", "a.png"]]
)
def test_a_deleted_folder_is_named(words, tmp_path):
    gone = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m {' '.join(words)}"
    done = subprocess.run(["sh", "-c", gone], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    names_nothing_here = words[0] == "study.predict"  # a model that is not there is named first
    assert ("has been deleted; change to another one" in done.stderr) != names_nothing_here, done.stderr


def test_a_setting_that_ray_cannot_read_is_named(monkeypatch):
    """Ray ends the process that imports it, with a segmentation fault."""
    monkeypatch.setenv("RAY_num_workers_soft_limit", "abc")
    with pytest.raises(errors.UserError, match=r"be loaded with .*RAY_num_workers_soft_limit=abc.*; correct"):
        limits.check_settings()


def test_settings_that_ray_can_read_are_left_alone(monkeypatch):
    monkeypatch.setenv("RAY_num_workers_soft_limit", "3")
    limits.check_settings()


def test_a_token_path_that_does_not_exist_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    with pytest.raises(errors.UserError, match="token: there is no token; unset it, and one is made"):
        auth_token.check(make=True)
