"""Small files: regular files only, of bounded size, strict JSON."""

import json
import os
import socket

import pytest

from study.errors import Damaged
from study.storage import checkpoints, mirror, reading, store, study_folder
from tests.bad_inputs.case import GOLDEN


def test_a_link_to_a_file_on_another_disk_is_followed(tmp_path):
    (tmp_path / "file").write_text("[1]")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert reading.read_json(tmp_path / "link") == [1]


def test_what_is_no_regular_file_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "endless").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        for name in ("pipe", "folder", "round", "endless", "socket"):
            with pytest.raises(Damaged, match=f"{name}: is no regular file"):
                reading.read_bytes(tmp_path / name)


def test_no_more_bytes_are_read_than_a_file_may_have(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 11)
    assert len(reading.read_bytes(tmp_path / "file", 11)) == 11
    with pytest.raises(Damaged, match="has 11 bytes; at most 10 are read"):
        reading.read_bytes(tmp_path / "file", 10)


def test_json_is_read_as_json_reads_it():
    value = {"a": [1, -2.5e300, "ü\n\0", None, True], "b": {"c": []}}
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert reading.parse(text) == reading.parse(text.encode()) == value
    assert reading.parse('"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize(("text", "message"), [
    ('{"a": 1, "a": 2}', "the key 'a' twice"),
    ('{"b": [{"a": 1, "a": 2}]}', "the key 'a' twice"),
    ("[NaN]", "it has NaN"),
    ("[-Infinity]", "it has -Infinity"),
    ("[1e999]", "it has 1e999, which is too large"),
    ("1" + "0" * 400, "a number of 401 digits"),
    ("1" * 10_000, "a number of 10000 digits"),
    ('"\\ud800"', "half of a character"),
    ('{"\\udfff": 1}', "half of a character"),
    ("[" * 129 + "]" * 129, "nested more than 128 deep"),
    ("[" * 200_000, "nested more than 128 deep"),
    ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested more than 128 deep"),
    ("", "it is no JSON"),
    ("[1] 2", "it is no JSON"),
    (b"\xff", "it is no text"),
    ('["a"]'.encode("utf-16"), "it is no text"),
])  # fmt: skip
def test_what_is_no_strict_json_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        reading.parse(text)


def test_as_many_levels_as_may_be_are_read():
    assert reading.parse("[" * reading.DEPTH + "]" * reading.DEPTH)


@pytest.mark.parametrize("name", ["chain", "regimes", "several"])
def test_older_studies_are_read(name):
    assert study_folder.read_study(GOLDEN / name)["space"]["name"] == name


@pytest.mark.parametrize(
    "report", [{"epoch": -1}, {"epoch": "two"}, {"epoch": 2, "rows": {}}, {"epoch": 2, "seconds": ""}]
)
def test_a_checkpoint_whose_report_is_none_is_passed_over(tmp_path, report):
    for epoch in (1, 2):
        checkpoints.save(tmp_path, checkpoints.Checkpoint({}, {"epoch": epoch}))
    path = tmp_path / "000002"
    digest = checkpoints._digest(path / "state.safetensors", report)
    (path / "manifest.json").write_text(json.dumps({"report": report, "sha256": digest, "of": ""}))
    assert checkpoints.latest(tmp_path).report == {"epoch": 1}


@pytest.mark.parametrize(
    "content", [b'{"at": 1' + b"0" * 400 + b"}", b'{"at": NaN}', b'{"at": 1, "host": [1]}', b"[" * 9999]
)
def test_an_owners_note_of_another_shape_is_nobodys(content):
    assert mirror._note(content)["at"] == 0.0


@pytest.mark.parametrize(
    "change", [{"meta": [1]}, {"files": {"a": [1]}}, {"files": {"a": ["1", 2]}}, {"files": [1]}, {"key": 1}]
)
def test_a_manifest_of_another_shape_is_damaged(tmp_path, change):
    manifest = {"key": {}, "meta": {}, "files": {}} | change
    (tmp_path / store.MANIFEST).write_text(json.dumps(manifest | {"sum": store._sum(manifest)}))
    assert store.whole(tmp_path) is None
