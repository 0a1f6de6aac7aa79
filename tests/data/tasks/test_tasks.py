"""Every task in the folder keeps the form that the others rely on."""

import numpy as np
import pytest

from study.data import tasks
from study.errors import UserError

RANGES = {"rotate", "scale", "shift", "brightness", "contrast", "flip"}


@pytest.mark.parametrize("name", tasks.names())
def test_a_task_gives_what_is_asked_of_it(name: str) -> None:
    task = tasks.load(name)
    assert task.METRIC
    assert task.CROPS
    assert set(task.AUGMENT) == RANGES
    assert all(value >= 0 for value in task.AUGMENT.values())


@pytest.mark.parametrize("name", tasks.names())
def test_a_stand_in_says_so_and_has_whole_groups_of_every_class(name: str) -> None:
    task = tasks.load(name)
    for crop in task.CROPS:
        line, classes, splits = task.stand_in(16, crop)
        assert line.startswith("stand-in: ")
        assert len(set(classes)) == len(classes) > 1
        assert set(splits) == {"train", "test"}
    for split in splits.values():
        met = np.flatnonzero((split.targets == 1).any(0)) if split.targets.ndim == 2 else np.unique(split.targets)
        assert met.tolist() == list(range(len(classes)))
        assert len(split.targets) == len(split.groups)
        first = next(iter(split.images))
        assert (first.shape, first.dtype) == ((16, 16, 3), np.uint8)


@pytest.mark.parametrize("name", ["gtsrb/x", "gtsrb/x/y"])
def test_a_task_without_levels_says_so(name: str) -> None:
    with pytest.raises(UserError, match=f"task gtsrb has no levels, so there is no '{name}'; write 'gtsrb'"):
        tasks.load(name)


@pytest.mark.parametrize("name", ["", "/", "animals/", "animals//animal", "/animals", "nowhere/x"])
def test_a_path_of_nothing_is_no_task(name: str) -> None:
    with pytest.raises(UserError, match=f"unknown task '{name}'; one of animals, "):
        tasks.load(name)


def test_levels_are_of_one_data_set() -> None:
    assert [tasks.data_set(name) for name in ("gtsrb", "animals", "animals/animal")] == ["gtsrb", "animals", "animals"]


def test_an_unknown_task_names_the_choices() -> None:
    with pytest.raises(UserError, match=r"unknown task 'gtrsb'; one of .*gtsrb"):
        tasks.load("gtrsb")


def test_what_draws_the_stand_ins_is_no_task() -> None:
    assert "rendered" not in tasks.names()
    assert not [name for name in tasks.names() if name.startswith("_")]
