"""Annotations in VOC's form: objects, difficult ones, targets, and all that may be wrong with them or only odd."""

from pathlib import Path

import numpy as np
import pytest

from study.data.layouts.voc_annotations import Objects, label_matrix, merged, objects


def read(folder: Path, content: bytes) -> tuple[Objects, list[str]]:
    problems: list[str] = []
    (folder / "a.xml").write_bytes(content)
    return objects(folder / "a.xml", problems), problems


def around(*bodies: str) -> bytes:
    return "".join(["<annotation>", *(f"<object>{body}</object>" for body in bodies), "</annotation>"]).encode()


@pytest.mark.parametrize(
    ("marks", "expected"), [((False,), 1), ((True,), -1), ((True, False), 1), ((False, True), 1), ((True, True), -1)]
)
def test_one_object_that_is_not_difficult_suffices(marks: tuple[bool, ...], expected: int) -> None:
    targets = label_matrix([merged(("cat", mark) for mark in marks), {}], ("ant", "cat"))
    assert targets.tolist() == [[0, expected], [0, 0]]
    assert targets.dtype == np.int64


def test_only_objects_count_not_their_parts_nor_the_owner(tmp_path: Path) -> None:
    parts = "<name>person</name><part><name>head</name></part><part><name>hand</name></part>"
    content = around(parts).replace(b"<object>", b"<owner><name>unknown</name></owner><object>")
    assert read(tmp_path, content) == ({"person": False}, [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (around(), {}),
        (b"<annotation/>", {}),
        (around("<name>\n  cat </name>"), {"cat": False}),
        (around("<name>tea \r\n  cup</name>"), {"tea cup": False}),
        (around("\r\n<difficult> 1\n</difficult><name>cat</name>"), {"cat": True}),
        (around("<difficult/><name>cat</name>"), {"cat": False}),
        (b'<?xml version="1.0" encoding="utf-8"?>\n<!-- by hand -->' + around("<name>cat</name>"), {"cat": False}),
        (b"\xef\xbb\xbf" + around("<name>caf\u00e9 &amp; bar</name>"), {"caf\u00e9 & bar": False}),
    ],
)
def test_what_is_only_odd_is_read(tmp_path: Path, content: bytes, expected: Objects) -> None:
    assert read(tmp_path, content) == (expected, [])


ENTITY = "<!DOCTYPE annotation [<!ENTITY it SYSTEM 'file:///nowhere'>]>" + around("<name>&it;</name>").decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<annotation><object>", "annotation a.xml cannot be read: no element found"),
        (b"", "annotation a.xml cannot be read: no element found"),
        (b"\x00\xff", "annotation a.xml cannot be read: syntax error"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', "annotation a.xml cannot be read: unknown encoding"),
        (b"<html/>", "annotation a.xml begins with <html>, not with <annotation>"),
        (ENTITY.encode(), "annotation a.xml cannot be read: it has a <!DOCTYPE"),
        (ENTITY.encode("utf-16"), "annotation a.xml cannot be read: it has a <!DOCTYPE"),
        (around("<name>&it;</name>"), "annotation a.xml cannot be read: undefined entity"),
        (around("<name> </name>"), "annotation a.xml, object 1 has no <name>"),
        (around("<name>cat</name>", ""), "annotation a.xml, object 2 has no <name>"),
        (
            around("<name>dog</name><difficult>maybe</difficult>"),
            "(dog) has 'maybe' as <difficult>, not 0 or 1",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (problem,) = read(tmp_path, content)[1]
    assert message in problem


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    problems: list[str] = []
    assert objects(tmp_path / "b.xml", problems) == {}
    assert problems == ["no annotation b.xml"]
