"""The drawn scenes that stand in for VOC: labels are what is drawn, uneven, several an image, the same each time."""

from itertools import islice

import numpy as np
import pytest

from study.data.tasks import _several_drawn, voc
from study.data.tasks._several_drawn import photograph, plan


def test_the_stand_ins_labels_are_what_is_drawn() -> None:
    line, classes, splits = voc.stand_in(16, "whole")
    assert line == "stand-in: scenes of several drawn objects, 600 train + 300 test images, 10 labels"
    for split, each in splits.items():
        scenes = [plan(split, number) for number in range(len(each.targets))]
        for column, name in enumerate(classes):
            near = [any(thing.kind == name and not thing.far for thing in scene) for scene in scenes]
            there = [any(thing.kind == name for thing in scene) for scene in scenes]
            assert (each.targets[:, column] == 1).tolist() == near
            assert (each.targets[:, column] != 0).tolist() == there


def test_what_a_scene_plans_is_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    watched = {
        name: lambda rng, name=name, paint=paint: (drawn.append(name), paint(rng))[1]
        for name, paint in _several_drawn.OBJECTS.items()
    }
    monkeypatch.setattr(_several_drawn, "OBJECTS", watched)
    for number in range(20):
        drawn.clear()
        photograph("train", number, 16)
        assert drawn == [thing.kind for thing in plan("train", number)]


def test_the_stand_in_has_common_and_rare_labels_several_an_image_and_difficult_ones() -> None:
    splits = voc.stand_in(16, "whole").splits
    for each in splits.values():
        share = (each.targets == 1).mean(0)
        assert 0.03 < share.min() < 0.1
        assert 0.35 < share.max() < 0.6
        assert 1.5 < (each.targets == 1).sum(1).mean() < 2.2
        assert (each.targets == 1).any(1).all()
        assert 0.1 < (each.targets == -1).any(1).mean() < 0.4
        assert len(np.unique(each.groups)) == len(each.targets)


def test_the_stand_in_is_the_same_each_time_and_its_splits_differ() -> None:
    first, again = (voc.stand_in(8, crop).splits for crop in voc.CROPS)
    images = {split: np.stack(list(islice(each.images, 40))) for split, each in first.items()}
    for other in (first, again):
        assert np.array_equal(images["test"], np.stack(list(islice(other["test"].images, 40))))
    assert len(np.unique(np.concatenate([*images.values()]), axis=0)) == 80


def test_a_scene_is_rendered_at_any_size() -> None:
    images = photograph("train", 0, 20), photograph("train", 0, 300)
    assert [(image.shape, image.dtype) for image in images] == [((20, 20, 3), np.uint8), ((300, 300, 3), np.uint8)]
    assert abs(images[0].mean() - images[1].mean()) < 3


def test_near_objects_are_whole_and_seldom_in_each_others_way() -> None:
    gaps = []
    for number in range(200):
        near = [thing for thing in plan("train", number) if not thing.far]
        assert 1 <= len(near) <= 4
        assert all(max(abs(thing.x), abs(thing.y)) + thing.half <= 1 for thing in near)
        gaps += [_several_drawn._gap(one, two) for n, one in enumerate(near) for two in near[:n]]
    assert np.mean(np.array(gaps) < 0) < 0.3
    assert min(gaps) > -0.8
