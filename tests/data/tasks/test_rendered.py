"""Stand-ins: the same on every call, in tracks, and distinguishable by their pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.data.tasks import rendered
from study.data.tasks._drawing import Area, Disc, Line, Picture, draw, mirrored
from study.data.tasks._gtsrb_signs import SIGNS
from study.data.tasks.gtsrb import CLASSES

PICTURES: tuple[Picture, ...] = (SIGNS[14], SIGNS[38])  # stop is red, keep right is blue


def images(size: int = 24, seed: int = 0, split: str = "train", pictures: tuple[Picture, ...] = PICTURES) -> np.ndarray:
    return np.stack(list(rendered.tracks(pictures, 3, 4, size, 1.0, seed, split).images))


def test_a_seed_makes_the_same_images_each_time() -> None:
    arrays = rendered.tracks(PICTURES, 3, 4, 24, 1.0, 0, "train")
    assert (np.stack(list(arrays.images)) == np.stack(list(arrays.images))).all()
    assert (np.stack(list(arrays.images)) == images()).all()


def test_seeds_and_splits_make_other_images() -> None:
    assert (images() != images(seed=1)).any(axis=(1, 2, 3)).all()
    assert (images() != images(split="test")).any(axis=(1, 2, 3)).all()


def test_another_class_moves_no_image() -> None:
    assert (images(pictures=PICTURES[:1]) == images()[:12]).all()


def test_targets_and_tracks_count_up() -> None:
    arrays = rendered.tracks(PICTURES, 3, 4, 24, 1.0, 0, "train")
    assert arrays.targets.tolist() == [0] * 12 + [1] * 12
    assert arrays.groups.tolist() == [track for track in range(6) for _ in range(4)]


def test_frames_of_a_track_resemble_each_other_more_than_other_tracks() -> None:
    frames = images().astype(float).reshape(2, 3, 4, -1)[0]
    within = np.abs(frames[:, 1:] - frames[:, :-1]).mean()
    between = np.abs(frames[1:] - frames[:-1]).mean()
    assert within < between / 2


def test_a_size_shows_the_same_scene() -> None:
    small = images(size=16)
    shrunk = np.stack([np.asarray(Image.fromarray(image).reduce(4)) for image in images(size=64)])
    assert np.abs(small.astype(float) - shrunk).mean() < 4


def test_red_signs_are_redder_than_blue_ones() -> None:
    middle = images()[:, 6:18, 6:18].astype(float).mean(axis=(1, 2)).reshape(2, -1, 3).mean(axis=1)
    assert middle[0, 0] > middle[0, 2]
    assert middle[1, 2] > middle[1, 0]


def test_each_class_of_gtsrb_has_a_drawing_of_its_own() -> None:
    drawn = [np.asarray(draw(sign, 64).convert("RGB"), float) for sign in SIGNS]
    assert len(SIGNS) == len(CLASSES)
    assert min(np.abs(a - b).mean() for n, a in enumerate(drawn) for b in drawn[:n]) > 1


def test_shapes_are_where_they_are_said_to_be() -> None:
    picture = (
        Disc((9, 0, 0), 0.5, -0.5, -0.5),
        Area((0, 9, 0), ((0, 0), (1, 0), (1, 1), (0, 1))),
        Line((0, 0, 9), 0.2, ((-1, 0.5), (-0.2, 0.5))),
    )
    pixels = np.asarray(draw(picture, 40))
    assert pixels[10, 10].tolist() == [9, 0, 0, 255]
    assert pixels[30, 30].tolist() == [0, 9, 0, 255]
    assert pixels[30, 8].tolist() == [0, 0, 9, 255]
    assert pixels[10, 30, 3] == 0
    assert mirrored(mirrored(picture)) == picture


def test_the_command_writes_a_montage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered, "show", lambda task="gtsrb": Image.new("RGB", (4, 4)))
    assert rendered.main([str(tmp_path / "out.png")]) == 0
    assert Image.open(tmp_path / "out.png").size == (4, 4)
    assert rendered.main([]) == 2


def test_a_montage_fills_rows() -> None:
    sheet = rendered.montage([np.zeros((8, 8, 3), np.uint8)] * 5, columns=3, gap=2)
    assert sheet.size == (28, 18)
    assert sheet.getpixel((27, 17)) == (255, 255, 255)


@pytest.mark.parametrize("task", ["voc", pytest.param("cifar10", marks=pytest.mark.slow)])
def test_where_an_image_is_alone_in_its_track_a_montage_has_three_rows(task: str) -> None:
    assert rendered.show(task, 16).size == (15 * 20 - 4, 3 * 20 - 4)
