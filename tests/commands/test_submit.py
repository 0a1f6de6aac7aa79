"""What study.submit refuses before anything is sent, what it would send, and whom it does not trust."""

import errno
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from study import submit
from study.backend import jobs, working_tree
from study.errors import UserError

NOWHERE = "http://127.0.0.1:9"
GOOD = ("--space", "gtsrb", "--out", "/mnt/share/study")


@pytest.mark.parametrize(("own", "rest", "told"), [
    ((), ("--space", "gtsrb"), "--out is missing; name a folder that all nodes see"),
    ((), ("--space", "gtsrb", "--out", "here"), "--out here: is relative to a folder that ends with the job"),
    ((), ("--space", "gtsrb", "--out", "file://results/x"), "--out file://results/x: is relative to a folder"),
    ((), (*GOOD, "--data", "gtsrb"), "--data gtsrb: write the folder as the nodes see it"),
    ((), (*GOOD, "--address", "auto"), "--address belongs before --"),
    ((), ("--list",), "--list: ask study.run"),
    ((), ("--space", "gtsrbb", "--out", "/x"), "unknown space 'gtsrbb'"),
    ((), (*GOOD, "--only", "regime=lpft"), "lpft"),
    (("--env", "STUDY_STORE"), GOOD, "--env 'STUDY_STORE': write NAME=VALUE"),
    (("--env", "KEY=…"), GOOD, "--env KEY=…: a printed command leaves the value out; write it"),
    (("--follow", "job"), GOOD, "--follow and --stop take no command"),
    ((), GOOD, f"--address {NOWHERE}: no Ray cluster answers there"),
])  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(own, rest, told, capsys):
    assert submit.main(["--address", NOWHERE, *own, "--", *rest]) == 2
    complaint = capsys.readouterr().err
    assert told in complaint
    assert complaint.count("\n") == 1


def test_an_option_that_study_run_has_not_ends_it_too(capsys):
    with pytest.raises(SystemExit, match="2"):
        submit.main(["--address", NOWHERE, "--", *GOOD, "--trails", "3"])
    assert "study.run: unrecognized arguments: --trails 3" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        submit.main(["--", *GOOD])
    assert "study.submit: the following arguments are required: --address" in capsys.readouterr().err


def test_a_data_set_on_the_nodes_need_not_be_here_and_a_spaces_file_is_named_as_it_is_sent(tmp_path):
    tiny = str(working_tree.ROOT / "tests" / "spaces" / "tiny.py")
    words, _ = submit._checked(["--space", tiny, "--out", "s3://bucket/study", "--data", "/mnt/none/gtsrb"])
    assert words == ["--space", "tests/spaces/tiny.py", "--out", "s3://bucket/study", "--data", "/mnt/none/gtsrb"]
    mine = tmp_path / "mine.py"
    mine.write_text((working_tree.ROOT / "search_spaces" / "gtsrb.py").read_text())
    with pytest.raises(UserError, match="lies outside the working tree"):
        submit._checked(["--space", str(mine), "--out", "/x"])


class Open(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_cluster_that_asks_for_no_token_is_not_used_unasked(capsys):
    server = HTTPServer(("127.0.0.1", 0), Open)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert submit.main(["--address", f"http://127.0.0.1:{server.server_port}", "--", *GOOD]) == 2
    server.shutdown()
    told = capsys.readouterr().err
    assert "asks for no token, so that whoever reaches it runs code there" in told
    assert "RAY_AUTH_MODE=token" in told


@pytest.fixture
def clone(tmp_path):
    """A working tree with results and a large file, which git ignores, and a file that it does not know yet."""
    root = tmp_path / "clone"
    for name in ("pyproject.toml", "study/run.py", "study/new.py", "results/table", "large/data"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x" * 100)
    (root / ".gitignore").write_text("results/\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "study/run.py"], check=True)
    return root


def test_what_git_ignores_is_not_sent_and_what_is_new_is(clone, tmp_path):
    (clone / "study" / "gone.py").write_text("deleted, but git still knows it")
    subprocess.run(["git", "-C", str(clone), "add", "study/gone.py"], check=True)
    (clone / "study" / "gone.py").unlink()
    assert working_tree.copy(tmp_path / "sent", clone) == 409
    sent = sorted(str(path.relative_to(tmp_path / "sent")) for path in (tmp_path / "sent").rglob("*") if path.is_file())
    assert sent == [".gitignore", "large/data", "pyproject.toml", "study/new.py", "study/run.py"]


def test_a_tree_that_is_too_large_is_refused_with_what_is_largest(clone, tmp_path):
    (clone / "large" / "data").write_bytes(bytes(3 << 20))
    with pytest.raises(UserError, match=r"has 3 MiB to send, and Ray takes 2: .* \(large 3 MiB, study 0 MiB"):
        working_tree.copy(tmp_path / "sent", clone, limit=2 << 20)
    assert not (tmp_path / "sent").exists()


def test_an_installed_package_is_no_working_tree(tmp_path):
    with pytest.raises(UserError, match="is no working tree of this project"):
        working_tree.copy(tmp_path / "sent", tmp_path)


def test_a_name_that_is_not_utf_8_is_named_where_it_would_be_sent(clone, tmp_path):
    (clone / "results" / os.fsdecode(b"na\xefve")).write_text("ignored")
    assert "study/run.py" in working_tree.names(clone)
    (clone / "study" / "naïve.py").touch()
    assert working_tree.copy(tmp_path / "sent", clone) == 409
    (clone / "study" / os.fsdecode(b"na\xefve.py")).touch()
    with pytest.raises(UserError, match=r"^b'study/na\\xefve\.py': this name is not UTF-8: rename the file"):
        working_tree.copy(tmp_path / "again", clone)


def test_a_full_folder_for_temporary_files_is_named_and_is_no_fault_of_the_cluster(tmp_path, monkeypatch):
    """Where the working tree is put together, and where Ray packs it."""
    full = OSError(errno.ENOSPC, "No space left on device", "pyproject.toml")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("study.backend.working_tree.shutil.copy", lambda *args: (_ for _ in ()).throw(full))
    with pytest.raises(OSError, match=str(tmp_path)):
        submit._send(None, SimpleNamespace(env=[], address=NOWHERE, unprotected=False), [], {})
    cluster = object.__new__(jobs.Cluster)
    cluster._address = NOWHERE
    cluster._client = SimpleNamespace(submit_job=lambda **job: (_ for _ in ()).throw(full))
    with pytest.raises(OSError, match=str(tmp_path)):
        cluster.send("python", str(tmp_path), {}, "job")


def test_following_ends_where_nobody_reads_it_any_more(monkeypatch):
    endless = SimpleNamespace(log=lambda job: iter(lambda: "a line\n", None))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(write=len, flush=lambda: None, gone=True))
    assert submit._follow(endless, SimpleNamespace(), "job") == 130
