"""A study whose results go to a URI: copied, fetched, and refused if another machine has it or two copies diverged."""

import json
import shutil
import time

import pytest

from study.errors import Damaged, Locked, UserError
from study.storage import checkpoints, ledger, mirror, remote, store, trial_mirror
from tests.commands import test_run
from tests.support import events, inline


@pytest.fixture
def uri(tmp_path):
    return (tmp_path / "bucket").as_uri()


def study(folder, count, first=0):
    """Write a study's folder, or add `count` events to its ledger."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.json").write_text("{}")
    (folder / "tune").mkdir(exist_ok=True)
    (folder / "tune" / "state").write_text("never copied")
    book = ledger.Ledger(folder / "ledger", first)
    for number in range(first, first + count):
        book.append(events.suggested(f"t{number}"))
    book.close()


def trials(folder):
    return [event["trial"] for event in ledger.read(folder / "ledger")]


def test_a_study_is_copied_while_it_runs_and_fetched_where_its_folder_is_gone(uri, tmp_path):
    here = tmp_path / "here"
    with mirror.mirrored(here, uri, resume=False) as copy:
        study(here, 3)
        copy.push()
        (here / "table.parquet").write_text("first")
        (here / ".lock").touch()
        copy.push()
        assert remote.Remote(uri).read("table.parquet") == b"first"
        (here / "table.parquet").write_text("the second")
    names = remote.Remote(uri).names()
    assert names == ["ledger/000.jsonl", "study.json", "table.parquet"]
    shutil.rmtree(here)
    with mirror.mirrored(here, uri, resume=True):
        assert trials(here) == ["t0", "t1", "t2"]
        assert (here / "table.parquet").read_text() == "the second"
        study(here, 1, first=3)
    assert remote.Remote(uri).names()[:2] == ["ledger/000.jsonl", "ledger/001.jsonl"]


def test_the_model_of_a_trial_that_the_copied_ledger_does_not_know_is_dropped(uri, tmp_path):
    """Nodes copy models to the URI themselves, before the head copies the ledger; the head may then be lost."""
    here, bucket = tmp_path / "here", remote.Remote(uri)
    with mirror.mirrored(here, uri, resume=False):
        study(here, 2)
    for trial in ("t1", "t2"):
        bucket.write(f"models/{trial}/card.json", b"{}")
    shutil.rmtree(here)
    with mirror.mirrored(here, uri, resume=True):
        assert [path.name for path in (here / "models").iterdir()] == ["t1"]
    assert bucket.names("models") == ["models/t1/card.json"]


def test_only_what_has_changed_is_copied_and_the_ledger_before_the_table(uri, tmp_path, monkeypatch):
    here, copied = tmp_path / "here", []
    copy = mirror.Mirror(uri, here)
    monkeypatch.setattr(remote.Remote, "put", lambda self, file, name: copied.append(name))
    study(here, 1)
    (here / "a table").write_text("1")
    copy.push()
    copy.push()
    assert copied == ["ledger/000.jsonl", "study.json", "a table"]
    (here / "a table").write_text("22")
    copy.push()
    assert copied[3:] == ["a table"]


def test_the_copy_with_more_events_is_resumed(uri, tmp_path):
    here = tmp_path / "here"
    with mirror.mirrored(here, uri, resume=False):
        study(here, 2)
    study(here, 2, first=2)  # killed before it was copied
    with mirror.mirrored(here, uri, resume=True):
        assert trials(here) == ["t0", "t1", "t2", "t3"]
    old, new = tmp_path / "here", tmp_path / "elsewhere"
    with mirror.mirrored(new, uri, resume=True):
        study(new, 1, first=4)
    with mirror.mirrored(old, uri, resume=True):
        assert trials(old) == ["t0", "t1", "t2", "t3", "t4"]


def test_copies_that_diverged_are_refused(uri, tmp_path):
    here, other = tmp_path / "here", tmp_path / "other"
    with mirror.mirrored(here, uri, resume=False):
        study(here, 1)
    shutil.copytree(here, other)
    with mirror.mirrored(here, uri, resume=True):
        study(here, 1, first=1)
    book = ledger.Ledger(other / "ledger", 1)
    book.append(events.suggested("another"))
    with pytest.raises(Damaged, match="went on apart from each other"), mirror.mirrored(other, uri, resume=True):
        pass
    assert trials(other) == ["t0", "another"]


def test_a_study_there_is_not_overwritten(uri, tmp_path):
    with mirror.mirrored(tmp_path / "here", uri, resume=False):
        study(tmp_path / "here", 1)
    with (
        pytest.raises(UserError, match="holds a study already: add --resume"),
        mirror.mirrored(tmp_path / "new", uri, resume=False),
    ):
        pass


@pytest.mark.parametrize(
    ("host", "ago", "free"), [("elsewhere", 10, False), ("elsewhere", 400, True), (None, 10, True)]
)
def test_another_machines_study_is_left_to_it_until_it_is_silent(uri, tmp_path, host, ago, free):
    note = {"who": "me@there, process 7", "host": host or mirror.socket.gethostname(), "at": time.time() - ago}
    remote.Remote(uri).write(mirror.OWNER, json.dumps(note).encode())
    copy = mirror.Mirror(uri, tmp_path / "here")
    if free:
        copy.begin(resume=False)
        assert json.loads(remote.Remote(uri).read(mirror.OWNER))["at"] > note["at"]
    else:
        with pytest.raises(Locked, match="in use by me@there, process 7, heard of 10 s ago"):
            copy.begin(resume=False)


def test_a_trial_resumes_from_its_checkpoint_in_another_nodes_store(uri, tmp_path, monkeypatch):
    job = {"trial": "c000-s000", "uri": uri, "checkpoints": "results/x/checkpoints/c000-s000", "model": None}
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "one"))
    for epoch in range(4):
        report = {"epoch": epoch, "seconds": 1.0}
        checkpoints.save(store.at(job["checkpoints"]), checkpoints.Checkpoint({}, report))
        trial_mirror.keep(job)
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "two"))
    assert checkpoints.latest(store.at(job["checkpoints"])) is None
    trial_mirror.fetch(job)
    latest = checkpoints.latest(store.at(job["checkpoints"]))
    assert latest is not None
    assert latest.report["epoch"] == 3
    assert len(list(store.at(job["checkpoints"]).iterdir())) == checkpoints.KEPT


@pytest.mark.nightly
def test_a_study_whose_machine_is_lost_goes_on_from_the_uri_elsewhere(uri, tmp_path, monkeypatch):
    """Killed while it runs, and its folder lost: by the workers' journal, no trial that was copied ran again."""
    bucket, journal = tmp_path / "bucket", tmp_path / "journal.txt"
    monkeypatch.setenv("JOURNAL", str(journal))
    monkeypatch.setenv("TABLE_EVERY", "0.5")
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "one"))
    options = ("--checkpoint-every", "0s", "--epochs", "4", "--trials", "2", "--replicates", "1")
    first = test_run.start(uri, *options, module="tests.support.journaled_run")
    while first.poll() is None and len(ended(bucket)) < 2:
        time.sleep(0.05)
    first.kill()
    first.communicate()
    time.sleep(2)  # orphaned workers notice that their driver is gone
    copied, before = ended(bucket), test_run.ran(journal)
    assert 2 <= len(copied) < 6
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "two"))
    code, output = test_run.run(uri, "--resume", *options, module="tests.support.journaled_run")
    assert code == 0, output
    assert f"copied to {uri}" in output
    assert all(test_run.ran(journal)[trial] == before[trial] for trial in copied), "an ended trial ran again"
    frame = test_run.table(bucket)
    assert frame["trial"].nunique() == 6
    assert not frame.duplicated(test_run.KEYS).any()
    assert (bucket / "report.html").exists()
    assert [path.name for path in bucket.iterdir() if path.name in ("checkpoints", "tune", mirror.OWNER)] == []


def ended(bucket):
    return test_run.ended(bucket) if (bucket / "ledger").exists() else set()


@pytest.mark.parametrize("note", [b"garbage", b"[1]", b'{"at": "noon"}', b'{"at": 1.0}', b"\xff"])
def test_a_damaged_owners_note_is_nobodys(uri, tmp_path, note):
    remote.Remote(uri).write(mirror.OWNER, note)
    with mirror.mirrored(tmp_path / "here", uri, resume=False):
        study(tmp_path / "here", 1)
    assert "study.json" in remote.Remote(uri).names()


def test_a_study_that_is_refused_leaves_nothing_at_the_uri(uri, tmp_path):
    here = tmp_path / "here"
    study(here, 1)
    with (
        pytest.raises(UserError, match=r"a study of file://.* is left here.*add --resume"),
        mirror.mirrored(here, uri, False),
    ):
        pass
    with pytest.raises(Damaged), mirror.mirrored(here, uri, resume=True):
        raise Damaged("another seed")
    assert remote.Remote(uri).names() == []


class Taken:
    """A study that runs here while another machine takes it over."""

    def __init__(self, uri, here, monkeypatch):
        self.here, self.bucket, self.copy = here, remote.Remote(uri), mirror.Mirror(uri, here)
        self.copy.begin(resume=False)
        study(here, 2)
        self.copy.push()
        with monkeypatch.context() as patch:
            patch.setattr(mirror.socket, "gethostname", lambda: "elsewhere")
            patch.setattr(mirror, "SILENCE", 0.0)
            mirror.Mirror(uri, here.with_name("there")).begin(resume=True)
        self.before = self._contents()
        study(here, 1, first=2)

    def _contents(self):
        return {name: self.bucket.read(name) for name in (mirror.OWNER, *self.bucket.names())}

    def refuses(self, call):
        with pytest.raises(Locked, match=r"was taken over by .*elsewhere.* while this run was silent: this run ends"):
            call()
        assert self._contents() == self.before


@pytest.fixture
def taken(uri, tmp_path, monkeypatch):
    return Taken(uri, tmp_path / "here", monkeypatch)


def test_who_wakes_and_finds_its_study_taken_over_writes_nothing_there(taken):
    taken.refuses(taken.copy.beat)
    taken.refuses(taken.copy.push)
    taken.refuses(lambda: taken.copy.drop("study.json"))
    taken.refuses(taken.copy.end)


@pytest.mark.parametrize("clock", ["monotonic", "time"])
def test_the_owner_is_checked_at_once_after_a_stop_or_sleep(uri, tmp_path, monkeypatch, clock):
    copy, taken = mirror.Mirror(uri, tmp_path / "here"), []
    copy.begin(resume=False)
    copy.beat()
    monkeypatch.setattr(copy, "_refuse_taken", lambda: taken.append(True))
    copy.beat()
    assert not taken
    now = getattr(time, clock)()
    monkeypatch.setattr(mirror.time, clock, lambda: now + mirror.BEAT)
    copy.beat()
    assert taken


def test_an_owners_note_that_somebody_deleted_is_written_again(uri, tmp_path):
    copy = mirror.Mirror(uri, tmp_path / "here")
    copy.begin(resume=False)
    remote.Remote(uri).drop(mirror.OWNER)
    copy.beat()
    assert json.loads(remote.Remote(uri).read(mirror.OWNER))["host"] == mirror.socket.gethostname()


def test_a_study_that_was_taken_over_ends_with_code_6_in_a_line(uri, tmp_path, monkeypatch, capsys):
    another = json.dumps({"who": "me@there, process 7", "host": "there", "at": time.time(), "run": "other"}).encode()
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("study.backend.worker.end", lambda folder: remote.Remote(uri).write(mirror.OWNER, another))
    assert inline.study(tmp_path, options=inline.OPTIONS.replace("--out out", f"--out {uri}")) == 6
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith(f"study.run: {uri} was taken over by me@there, process 7 while this run was silent")
    assert remote.Remote(uri).read(mirror.OWNER) == another


def test_the_owner_writes_notes_while_images_and_weights_are_prepared(uri, tmp_path, monkeypatch):
    begun, bucket = [], remote.Remote(uri)
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(mirror.Mirror, "beat", lambda self: begun.append(bucket.read("study.json") is not None))
    assert inline.study(tmp_path, options=inline.OPTIONS.replace("--out out", f"--out {uri}")) == 0
    assert begun
    assert not any(begun)  # this search has no loop that does it
