"""Checkpoints: the newest intact one is read, and old ones are deleted."""

import pytest
import torch

from study.storage import checkpoints
from study.storage.checkpoints import Checkpoint


def of_epoch(epoch):
    return Checkpoint({"w": torch.full((3,), float(epoch))}, {"epoch": epoch, "rows": [{"score": 0.5}], "seconds": 1.0})


def saved(folder, epochs):
    for epoch in epochs:
        checkpoints.save(folder, of_epoch(epoch))


def test_the_latest_comes_back_to_the_bit_with_its_report(tmp_path):
    saved(tmp_path, [1, 2])
    latest = checkpoints.latest(tmp_path)
    assert latest.report == of_epoch(2).report
    assert torch.equal(latest.state["w"], of_epoch(2).state["w"])


def test_the_last_two_are_kept(tmp_path):
    saved(tmp_path, [1, 2, 3, 10])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000003", "000010"]


@pytest.mark.parametrize("file", ["state.safetensors", "manifest.json"])
@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-3]), lambda path: path.unlink()])
def test_a_damaged_newest_falls_back_to_the_one_before(tmp_path, file, damage):
    saved(tmp_path, [1, 2])
    damage(tmp_path / "000002" / file)
    assert checkpoints.latest(tmp_path).report["epoch"] == 1


def test_a_flipped_byte_is_noticed(tmp_path):
    saved(tmp_path, [1, 2])
    path = tmp_path / "000002" / "state.safetensors"
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(bytes(body))
    assert checkpoints.latest(tmp_path).report["epoch"] == 1


@pytest.mark.parametrize("manifest", ["[]", "null", '{"report": {}}', "{}", '{"report": {"epoch": 9}, "sha256": "0"}'])
def test_a_foreign_or_changed_manifest_falls_back(tmp_path, manifest):
    saved(tmp_path, [1, 2])
    (tmp_path / "000002" / "manifest.json").write_text(manifest)
    assert checkpoints.latest(tmp_path).report["epoch"] == 1


def test_an_unfinished_one_is_passed_over(tmp_path):
    saved(tmp_path, [1])
    (tmp_path / ".000002.77").mkdir()
    assert checkpoints.latest(tmp_path).report["epoch"] == 1


def test_nothing_saved_is_none(tmp_path):
    assert checkpoints.latest(tmp_path / "nowhere") is None


def test_any_error_while_one_is_written_comes_as_it_was(tmp_path, monkeypatch):
    """Its chain of causes must not be a loop, which a reader would follow for ever."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left") as caught:
        checkpoints.save(tmp_path, of_epoch(0))
    assert caught.value.__cause__ is None
    assert list(tmp_path.iterdir()) == []
