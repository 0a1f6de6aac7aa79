"""A folder at a URI: files are written whole, listed by name, and deleted; on a disk as in memory."""

import uuid

import pytest

from study.errors import UserError
from study.storage.remote import Remote, is_uri


@pytest.fixture(params=["file", "memory"])
def remote(request, tmp_path):
    return Remote((tmp_path / "there").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}/there/")


def test_what_is_put_is_read_listed_fetched_and_dropped(remote, tmp_path):
    assert remote.names() == []
    assert remote.read("a") is None
    (tmp_path / "mine").write_bytes(b"mine")
    remote.put(tmp_path / "mine", "deep/er/mine")
    remote.write("a", b"1")
    remote.write("a", b"22")
    assert remote.names() == ["a", "deep/er/mine"]
    assert remote.names("deep") == ["deep/er/mine"]
    assert remote.read("a") == b"22"
    remote.fetch("deep/er/mine", tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == b"mine"
    remote.drop("deep")
    remote.drop("no such thing")
    assert remote.names() == ["a"]
    remote.drop("a")
    assert remote.names() == []


def test_a_uri_that_nothing_opens_is_refused_in_a_line():
    assert not is_uri("/mnt/share")
    with pytest.raises(UserError, match=r"--out nonsense://x: cannot be opened \(.*nonsense"):
        Remote("nonsense://x")


def test_names_that_would_lead_out_of_the_folder_are_not_listed(monkeypatch):
    """Whoever may write to a bucket must not choose where files of this machine go."""
    remote = Remote(f"memory:///{uuid.uuid4().hex}")
    monkeypatch.setattr(remote, "_path", lambda name: f"{remote._root}/{name}")
    for name in ("a", "models/../../x", "models//tmp/x"):
        remote.write(name, b"x")
    assert remote.names() == ["a"]
