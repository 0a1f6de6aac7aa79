"""Patterns in file names that say which images belong together."""

import re

import pytest

from study.data.copies.name_patterns import Proposal, patterns, proposal
from study.data.copies.near_copies import NearCopy


def proposed(paths: list[str], key, copies: int = 1000) -> Proposal | None:
    """Propose a pattern where each image is a near copy of the next of its true group."""
    last: dict[str, int] = {}
    near = []
    for number, path in enumerate(paths):
        if (name := key(path)) in last:
            near.append(NearCopy(last[name], number, 0.95, "mirrored"))
        last[name] = number
    same = [str(number) for number in range(len(paths))]
    return proposal(paths, [path.split("/")[0] for path in paths], same, near[:copies])


def of(count: int, text: str) -> list[str]:
    """Write paths of `count` groups, of five images each, by a text with {group} and {image}."""
    return [text.format(group=group, image=image) for group in range(1, count + 1) for image in range(5)]


@pytest.mark.parametrize(
    "text",
    [
        "yes/person{group}_bacteria_{image}.jpeg",
        "yes/IM-{group:04d}-{image:04d}.jpeg",
        "yes/NORMAL2-IM-{group:04d}-{image:04d}.jpeg",
        "yes/{group:05d}_{image:05d}.ppm",
        "yes/aug_Y{group}_{image}_{image}17.jpg",
        "yes/aug_{group} no._0_10{image}.jpg",
        "yes/img{group}_rot{image}0.jpg",
        "yes/img{group} ({image}).jpg",
        "yes/patient{group:03d}/view{image}.png",
        "yes/patient{group:03d}/study1/view{image}.png",
        "yes/IMG_{group}_jpg.rf.{image}0fa3b.jpg",
        "yes/photo{group}-copy{image}.jpg",
    ],
)
def test_a_pattern_that_explains_the_copies_is_proposed(text):
    paths = of(12, text)
    keys = {path: number // 5 for number, path in enumerate(paths)}
    found = proposed(paths, lambda path: keys[path])
    assert found is not None
    assert found[1:] == (12, 60, 48, 48)
    names = [re.search(found.pattern, path)[1] for path in paths]
    assert len({(name, keys[path]) for name, path in zip(names, paths, strict=True)}) == 12


def test_an_original_beside_its_changed_copies_is_in_their_group():
    paths = [f"a/{name}" for group in range(10, 30) for name in (f"Y{group}.jpg", f"aug_Y{group}_0_17.jpg")]
    found = proposed(paths, lambda path: re.search(r"Y\d+", path)[0])
    assert (found.groups, found.joined) == (20, 40)
    paths = [f"a/{name}" for group in range(10, 30) for name in (f"img{group}.jpg", f"img{group}_rot90.jpg")]
    found = proposed(paths, lambda path: re.search(r"img\d+", path)[0])
    assert (found.groups, found.joined) == (20, 40)


def test_the_same_name_in_two_folders_explains_copies():
    paths = [f"{split}/cat/{number}.jpg" for split in ("train", "test") for number in range(30)]
    found = proposed(paths, lambda path: path.split("/")[-1])
    assert (found.groups, found.explained) == (30, 30)


def test_no_pattern_is_proposed_that_joins_everything_or_explains_little():
    plain = [f"{name}/{number}.jpg" for name in ("cat", "dog") for number in range(100)]
    assert proposed(plain, lambda path: int(re.search(r"\d+", path)[0]) % 7) is None
    assert proposed([f"cat/cat_{number}.jpg" for number in range(100)], lambda path: "all") is None
    assert proposed(of(12, "yes/person{group}_{image}7.jpeg"), lambda path: path.split("_")[0], copies=2) is None


def test_tracks_of_numbered_frames_are_proposed_without_copies():
    tracks = [
        f"{sign:02d}/{track:05d}_{frame:05d}.ppm" for sign in range(4) for track in range(8) for frame in range(30)
    ]
    found = proposal(tracks, [path[:2] for path in tracks], [*map(str, range(len(tracks)))], [])
    assert found == Proposal(found.pattern, 32, 960, 0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "{group}/{group}_{image:04d}.jpg",
        "{group}/image_{image:04d}.jpg",
        "a/dog.{group}{image}.jpg",
        "{group}/{image}.jpg",
    ],
)
def test_classes_are_not_tracks(text):
    paths = of(40, text)
    assert proposal(paths, [path.split("/")[0] for path in paths], [*map(str, range(len(paths)))], []) is None


def test_every_pattern_has_one_group():
    assert {re.compile(pattern).groups for pattern in patterns()} == {1}
