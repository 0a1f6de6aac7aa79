"""Images of one's own, the command that labels images, and the one that sends a study. Knows no spaces of files."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs import results, spaces
from tests.bad_inputs.case import Case, nothing
from tests.bad_inputs.data import folder

OWN = spaces.text(task="'folder'", compared="{'label_fraction': (0.5, 1.0)}")
NOWHERE = "--address http://127.0.0.1:9"
SENT = "--space gtsrb --out /mnt/share/study"


def _own(name: str, said: str, make: Callable[[Path], object], more: str = "", place: str = "data") -> Case:
    def made(here: Path) -> None:
        spaces.write(OWN, here)
        make(here)

    return Case(name, f"--space mine.py --data {place} {more}", 2, said, made)


def _table(text: str) -> Callable[[Path], object]:
    def make(here: Path) -> None:
        folder(here)
        (here / "labels.csv").write_text(text)

    return make


def _csv(name: str, said: str, text: str) -> Case:
    return _own(name, said, _table(text), place="labels.csv")


def _same(here: Path) -> None:
    """Put an image of the training into the test as well."""
    data = folder(here)
    (data / "test" / "cat" / "again.png").write_bytes((data / "train" / "cat" / "0.png").read_bytes())


def _two_labels(here: Path) -> None:
    data = folder(here)
    (data / "train" / "dog" / "again.png").write_bytes((data / "train" / "cat" / "0.png").read_bytes())


def _predict(name: str, code: int, said: str, make: Callable[[Path], object], words: str) -> Case:
    return Case(name, words, code, said, make, "study.predict")


def _submit(name: str, said: str, words: str) -> Case:
    return Case(name, words, 2, said, nothing, "study.submit")


CASES = [
    _own("own images nowhere", "--data data: no such folder", nothing),
    _own("own images in no layout", "no data set in", lambda here: os.makedirs(here / "data" / "cats")),
    _own(
        "an image in training and in the test",
        "1 images are in two splits:\n    train/cat/0.png = test/cat/again.png",
        _same,
    ),
    _own(
        "an image with two labels",
        "1 images are given two labels:\n    train/cat/0.png = train/dog/again.png",
        _two_labels,
    ),
    _own("a pattern of groups that is none", "group_pattern", folder, "--set 'group_pattern=('"),
    _own("a pattern of groups that no name has", "group_pattern", folder, "--set 'group_pattern=(zebra)'"),
    _csv("a list of images of which one is missing", "line 2: no file gone.png", "path,label\ngone.png,cat\n"),
    _csv("an empty list of images", "labels.csv is empty", ""),
    _csv(
        "a list of images with an unknown split",
        "split 'tset' is none of train",
        "path,label,split\ndata/train/cat/0.png,cat,tset\n",
    ),
    Case(
        "a setting that does not exist", "--space {tiny} --set colours=grey", 2, "unknown hyperparameter 'colours'; one"
    ),
    Case("a setting that is compared", "--space {tiny} --set label_fraction=0.5", 2, "label_fraction"),
    Case("a timeout that is no time", "--space {tiny} --trial-timeout never", 2, "'never' is no duration; write 90s"),
    Case("room below 0", "--space {tiny} --keep-free -1", 2, "'-1' is no amount; write 1, 2 or 0.5"),
    Case("more room than any disk has", "--space {tiny} --keep-free 1e12", 5, "are to stay free"),
    Case("an unknown kind of storage", "--space {tiny} --out nope://bucket/study", 2, "nope://bucket/study"),
    _predict("labels from nowhere", 2, "no folder", nothing, "gone a.png"),
    _predict("labels without images", 2, "the following arguments are required", nothing, "out"),
    _predict(
        "labels from a folder without a study",
        2,
        "no table.parquet in",
        lambda here: (here / "out").mkdir(),
        "out a.png",
    ),
    _predict(
        "labels by a network cut short",
        4,
        "model.safetensors: is not what was written",
        results.spoilt_model,
        "out/models/c000-s000 a.png",
    ),
    _predict(
        "labels by a card that is no card",
        4,
        "card.json: is not what was written",
        results.no_card,
        "out/models/c000-s000 a.png",
    ),
    _submit("a study sent to nowhere", "no Ray cluster answers there", f"{NOWHERE} -- {SENT}"),
    _submit("a study sent without a place", "the following arguments are required: --address", f"-- {SENT}"),
    _submit(
        "a study sent without results",
        "--out is missing; name a folder that all nodes see",
        f"{NOWHERE} -- --space gtsrb",
    ),
    _submit(
        "a study sent with a folder of this machine",
        "--out here: is relative to a folder",
        f"{NOWHERE} -- --space gtsrb --out here",
    ),
    _submit(
        "a study sent with half a variable",
        "--env 'STUDY_STORE': write NAME=VALUE",
        f"{NOWHERE} --env STUDY_STORE -- {SENT}",
    ),
]
