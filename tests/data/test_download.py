"""Downloads from a server on this machine: checksummed, continued after a break, all or nothing."""

import errno
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from types import SimpleNamespace

import pytest

from study.data import download
from study.data.types import Archive
from study.errors import UserError


def packed(name="Set/Images/a.txt", text="x" * 50_000):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(name, text)
    return body.getvalue()


def tarred(name, text="x"):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    return body.getvalue()


def serve(monkeypatch, task, body, **changes):
    """Let the server have this tar file, and the task know it."""
    monkeypatch.setattr(Server, "body", body)
    (archive,) = task.ARCHIVES
    changes |= {"url": archive.url.replace(".zip", ".tar.gz"), "md5": hashlib.md5(body).hexdigest()}
    task.ARCHIVES = (archive._replace(**changes),)


class Server(http.server.BaseHTTPRequestHandler):
    body, breaks, starts = packed(), 0, []

    def do_GET(self):
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].rstrip("-"))
        type(self).starts.append(start)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.body) - start))
        self.end_headers()
        if self.breaks:
            type(self).breaks -= 1
            self.wfile.write(self.body[start : start + 20_000])
        else:
            self.wfile.write(self.body[start:])

    def log_message(self, *args):
        pass


@pytest.fixture
def archive(monkeypatch):
    Server.breaks, Server.starts = 0, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Archive(f"http://127.0.0.1:{server.server_port}/set.zip", hashlib.md5(Server.body).hexdigest(), "Set/Images")
    task = SimpleNamespace(ARCHIVES=(made,))
    monkeypatch.setattr(download.tasks, "load", lambda name: task)
    yield task
    server.shutdown()
    server.server_close()


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_archive_is_fetched_and_unpacked_once(tmp_path, archive):
    for _ in range(2):
        download.fetch("toy", tmp_path, print)
    assert (tmp_path / "Set/Images/a.txt").read_text() == "x" * 50_000
    assert Server.starts == [0]


def test_a_broken_connection_is_continued_where_it_broke(tmp_path, archive):
    Server.breaks = 2
    download.fetch("toy", tmp_path, print)
    assert Server.starts == [0, 20_000, 40_000]
    assert (tmp_path / "Set/Images/a.txt").exists()


def test_a_later_run_continues_an_earlier_one(tmp_path, archive):
    (tmp_path / "set.zip.part").write_bytes(Server.body[:30_000])
    download.fetch("toy", tmp_path, print)
    assert Server.starts == [30_000]


def test_a_wrong_checksum_is_refused_and_nothing_is_left(tmp_path, archive):
    archive.ARCHIVES = (archive.ARCHIVES[0]._replace(md5="0" * 32),)
    with pytest.raises(UserError, match=r"has checksum .* published is 000"):
        download.fetch("toy", tmp_path, print)
    assert files(tmp_path) in ([], [".download.lock"])


def test_a_member_that_would_escape_stays_inside(tmp_path, monkeypatch, archive):
    body = packed("../../escaped.txt")
    monkeypatch.setattr(Server, "body", body)
    archive.ARCHIVES = (archive.ARCHIVES[0]._replace(md5=hashlib.md5(body).hexdigest(), provides="escaped.txt"),)
    inside = tmp_path / "a" / "b" / "c"
    download.fetch("toy", inside, print)
    assert [name for name in files(tmp_path) if "escaped" in name] == ["a/b/c/escaped.txt"]


def test_a_tar_file_is_unpacked_to_where_it_is_kept(tmp_path, monkeypatch, archive):
    serve(monkeypatch, archive, tarred("images/cat.txt"), provides="pets/images", inside="images")
    for _ in range(2):
        download.fetch("toy", tmp_path, print)
    assert [name for name in files(tmp_path) if name != ".download.lock"] == ["pets/images/cat.txt"]
    assert Server.starts == [0]


@pytest.mark.parametrize("name", ["../../escaped.txt", "images/../../../escaped.txt"])
def test_a_tar_file_that_would_escape_is_refused_and_nothing_is_left(tmp_path, monkeypatch, archive, name):
    serve(monkeypatch, archive, tarred(name), provides="pets/images", inside="images")
    with pytest.raises(UserError, match=r"set\.tar\.gz cannot be unpacked \(.*outside.*\); it was dropped"):
        download.fetch("toy", tmp_path / "a" / "b", print)
    assert [name for name in files(tmp_path) if not name.endswith(".download.lock")] == []


def test_a_file_that_is_no_archive_is_refused(tmp_path, monkeypatch, archive):
    serve(monkeypatch, archive, b"no archive", provides="pets/images", inside="images")
    with pytest.raises(UserError, match=r"set\.tar\.gz cannot be unpacked"):
        download.fetch("toy", tmp_path, print)


def test_an_archive_without_what_is_wanted_is_named(tmp_path, archive):
    archive.ARCHIVES = (archive.ARCHIVES[0]._replace(inside="Other"),)
    with pytest.raises(UserError, match=r"set\.zip has no Other in it"):
        download.fetch("toy", tmp_path, print)


def test_a_server_that_does_not_answer_is_named(tmp_path, archive):
    archive.ARCHIVES = (archive.ARCHIVES[0]._replace(url="http://127.0.0.1:9/set.zip"),)
    with pytest.raises(UserError, match=r"http://127.0.0.1:9/set.zip does not answer"):
        download.fetch("toy", tmp_path, print)


def test_a_task_without_archives_says_so(tmp_path, archive):
    archive.ARCHIVES = ()
    with pytest.raises(UserError, match="no archives to fetch; give its data with --data"):
        download.fetch("toy", tmp_path, print)


def test_a_full_disk_is_not_fetched_for_again_and_its_folder_is_named(tmp_path, archive):
    (tmp_path / "set.zip.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as raised:
        download.fetch("toy", tmp_path, print)
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(tmp_path))
    assert Server.starts == [0]


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("place", ["shutil.copyfileobj", "zipfile.ZipFile.extractall"])
def test_a_fault_of_the_disk_is_no_fault_of_the_network(tmp_path, monkeypatch, archive, fault, place):
    monkeypatch.setattr(place, lambda *args: (_ for _ in ()).throw(OSError(fault, "it says")))
    with pytest.raises(OSError, match=str(tmp_path)) as raised:
        download.fetch("toy", tmp_path, print)
    assert (raised.value.errno, raised.value.filename) == (fault, str(tmp_path))
    assert Server.starts == [0]
    assert (tmp_path / "set.zip.part").exists()  # what was fetched is not fetched again


def test_a_folder_that_cannot_be_made_is_named(tmp_path, archive):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        download.fetch("toy", tmp_path / "file" / "data", print)


def test_the_command_ends_with_the_code_of_the_storage(tmp_path, monkeypatch, capsys):
    from study import run

    monkeypatch.setattr(download, "_continue", lambda url, part: (_ for _ in ()).throw(OSError(errno.ENOSPC, "no")))
    assert run.main(["--space", "gtsrb", "--data", str(tmp_path / "data"), "--download", "--out", str(tmp_path)]) == 5
    assert f"No space left on device: '{tmp_path / 'data'}'" in capsys.readouterr().err
