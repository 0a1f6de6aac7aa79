"""A machine without a home, a token's place or a working Ray: a study runs there, or says what it lacks."""

import errno
import os
import signal
import sys
from pathlib import Path

import pytest

from study import errors, run
from study.backend import auth_token, preflight, session
from study.storage import home, store
from tests.bad_inputs.case import TINY


@pytest.fixture
def nameless(monkeypatch, tmp_path):
    """A user without a home folder, whose store is named."""
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    return tmp_path


def test_who_has_no_home_gets_one_in_the_store(nameless):
    assert home.known() is None
    store.check()
    assert home.known() == nameless / "store" / "home"


def test_a_token_that_can_be_written_nowhere_is_handed_on_to_workers_alone(nameless, monkeypatch):
    auth_token.check(make=True)
    assert (len(os.environ["RAY_AUTH_TOKEN"]), auth_token.known()) == (64, True)
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    (nameless / "file").write_text("no folder")
    monkeypatch.setenv("HOME", str(nameless / "file"))
    auth_token.check(make=True)
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    monkeypatch.delenv("RAY_AUTH_TOKEN")


def test_a_token_in_a_folder_of_somebody_else_counts_as_none(nameless, monkeypatch):
    monkeypatch.setattr(Path, "stat", lambda *_, **__: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no")))
    monkeypatch.setenv("HOME", str(nameless))
    auth_token.check()
    assert not auth_token.known()


def test_results_and_a_store_that_this_user_may_not_write_are_no_failure_of_a_disk(nameless, monkeypatch, capsys):
    denied = PermissionError(errno.EACCES, "Permission denied", "results")
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(denied))
    assert run.main(["--space", str(TINY), "--out", str(nameless / "out")]) == 2
    assert "results cannot be written by this user; name another" in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != nameless)
    with pytest.raises(errors.UserError, match=f"the store {nameless}/store cannot be written, since {nameless} "):
        store.check()
    monkeypatch.setattr("study.storage.durable.read_only", lambda _: True)
    store.check()


def test_without_a_home_there_is_no_token_to_look_for(nameless):
    auth_token.check()
    assert (auth_token.file(), auth_token.known()) == (None, False)


def test_settings_of_pictures_lie_in_the_store_where_home_cannot_be_written(nameless, monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setattr(os, "access", lambda path, mode: path != Path("/dev/null"))
    monkeypatch.setenv("MPLCONFIGDIR", "")
    monkeypatch.delenv("MPLCONFIGDIR")
    store.check()
    assert os.environ["MPLCONFIGDIR"] == str(nameless / "store" / "matplotlib")
    monkeypatch.delenv("MPLCONFIGDIR")


def test_a_temporary_folder_without_room_is_the_storages_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setattr(preflight, "LOGS", 1e30)
    monkeypatch.setattr(preflight, "LONGEST_SOCKET", 10**6)
    with pytest.raises(errors.Full, match=f"TMPDIR={tmp_path}: .* MB are free"):
        preflight.check_temporary()


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (RuntimeError("The current node timed out during startup.\nmore\nlines"), 2, "Ray cannot start on this"),
        (ConnectionError("GCS has exited"), 2, "Ray cannot start on this machine (ConnectionError: GCS has exited)"),
        (ValueError("odd"), 2, "its logs are in"),
        (PermissionError(errno.EACCES, "Permission denied", "/dev/shm"), 2, "Ray cannot start on this machine"),
        (OSError(errno.ENOSPC, "No space left on device"), 5, "storage failed: [Errno 28] No space left on device: "),
    ],
)
def test_a_ray_that_cannot_start_is_one_line(error, code, text, tmp_path, monkeypatch, capsys):
    def init(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ray.init", init)
    assert run.main(["--space", str(TINY), "--out", str(tmp_path / "out")]) == code
    said = capsys.readouterr().err
    assert (text in said, said.count("\n")) == (True, 1), said
    assert "--resume" not in said  # nothing was begun
    assert not (tmp_path / "out").exists()


def test_a_signal_while_ray_starts_is_a_line_and_code_75(tmp_path, monkeypatch, capsys):
    """Ray's handler exits with the signal's number, 15."""
    monkeypatch.setattr("ray.init", lambda **_: sys.exit(signal.SIGTERM))
    assert run.main(["--space", str(TINY), "--out", str(tmp_path / "out")]) == 75
    assert capsys.readouterr().err == "study.run: stopped before the search began; the same command starts again\n"
    assert not (tmp_path / "out").exists()


def test_a_ray_that_breaks_down_is_one_line(monkeypatch):
    import ray

    monkeypatch.setattr(session, "_start", lambda address: None)
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 2.0})
    with pytest.raises(errors.RayFailed, match=r"^Ray broke down \(RaySystemError: "), session.cluster():
        raise ray.exceptions.RaySystemError("the raylet is gone")
