"""A folder at a URI: files are written whole, listed by name, and deleted; on a disk as in memory."""

import uuid

import pytest

from study.errors import UserError
from study.storage.remote import Remote, is_uri


@pytest.fixture(params=["file", "memory"])
def there(request, tmp_path):
    return Remote((tmp_path / "there").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}/there/")


def test_what_is_put_is_read_listed_fetched_and_dropped(there, tmp_path):
    assert there.names() == []
    assert there.read("a") is None
    (tmp_path / "mine").write_bytes(b"mine")
    there.put(tmp_path / "mine", "deep/er/mine")
    there.write("a", b"1")
    there.write("a", b"22")
    assert there.names() == ["a", "deep/er/mine"]
    assert there.names("deep") == ["deep/er/mine"]
    assert there.read("a") == b"22"
    there.fetch("deep/er/mine", tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == b"mine"
    there.drop("deep")
    there.drop("no such thing")
    assert there.names() == ["a"]
    there.drop("a")
    assert there.names() == []


def test_a_uri_that_nothing_opens_is_refused_in_a_line():
    assert not is_uri("/mnt/share")
    with pytest.raises(UserError, match=r"--out nonsense://x: cannot be opened \(.*nonsense"):
        Remote("nonsense://x")


def test_names_that_would_lead_out_of_the_folder_are_not_listed(monkeypatch):
    """Whoever may write to a bucket must not choose where files of this machine go."""
    there = Remote(f"memory:///{uuid.uuid4().hex}")
    monkeypatch.setattr(there, "_path", lambda name: f"{there._root}/{name}")
    for name in ("a", "models/../../x", "models//tmp/x"):
        there.write(name, b"x")
    assert there.names() == ["a"]
