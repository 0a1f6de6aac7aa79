"""Recall and false pairs are counted from pairs whose truth is known."""

import pytest

from benchmarks import near_copies
from benchmarks._transformations import KINDS
from tests.support.photographs import photograph


def test_copies_are_counted_by_kind(tmp_path):
    for number in range(6):
        photograph(number).save(tmp_path / f"{number}.png")
    photograph(2).resize((80, 60)).save(tmp_path / "small.png")
    result = near_copies.measured(tmp_path, 100, 2, 0)
    assert result.recall.keys() == KINDS.keys()
    assert result.recall["mirrored"] == 1
    assert [pair[0].endswith("2.png") for pair in result.false] == [True]
    text = near_copies.report(["mine"], [result])
    assert "| pairs of different images, per 1,000 | 142.86 |" in text


def test_a_folder_that_is_not_there_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        near_copies.main(["/nowhere"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "benchmarks.near_copies: /nowhere: no such folder\n"
