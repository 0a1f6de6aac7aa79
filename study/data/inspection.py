"""What is to be seen of a data set of one's own before it is trained on, and what of that would make results wrong.
Knows nothing of how it lies on the disk or of how this is shown."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from study.data import splits
from study.data.own_images import OwnDataset, counted
from study.data.scan import ImageFacts
from study.data.splits import SplitOptions
from study.data.types import Listing
from study.errors import UserError
from study.text import encodes

SHOWN = 5
"""Places that are listed of what is wrong."""
Problems = dict[str, list[str]]
"""What is wrong, in words that follow a number → where."""
_FOR = {"train": "training", "val": "validation", "test": "the test"}
_LEFT = "classes have no image left for {}"


class Inspection(NamedTuple):
    """What there is to be seen."""

    found: OwnDataset
    looks: list[ImageFacts]
    groups: int
    """How many there are."""
    cut: dict[str, Listing]
    """As in `Source.splits`; empty where something is wrong before."""
    problems: Problems
    """Of what would make results wrong."""
    remarks: list[str]
    """Of what may."""

    @property
    def counts(self) -> dict[str, np.ndarray]:
        """Images by split and class, as they are used; those without a label count nowhere."""
        classes = self.found.classes
        if not self.cut:
            return {name: counted(part.targets, classes) for name, part in self.found.splits.items()}
        train, test = self.cut["train"], self.cut["test"]
        held = np.zeros(len(train.targets), np.int64) if train.held is None else train.held
        parts = {"train": train.targets[held == 0], "val": train.targets[held == 1], "test": test.targets}
        return {name: counted(part, classes) for name, part in parts.items() if len(part)}

    @property
    def again(self) -> int:
        """Images that are equal to one before."""
        return sum(count - 1 for count in Counter(each.same for each in self.looks if each.same).values())

    def refuse(self) -> None:
        """End where something is wrong.

        Raises:
            UserError: with all that is wrong, and some places of each.
        """
        if not self.problems:
            return
        lines = [f"{self.found.root} ({self.found.layout}) cannot be used as it is:"]
        for what, where in self.problems.items():
            lines += [f"  {len(where):,} {what}:", *(f"    {each}" for each in where[:SHOWN])]
            lines += [f"    … and {len(where) - SHOWN:,} more"] if len(where) > SHOWN else []
        raise UserError("\n".join(lines))


def wrong_images(found: OwnDataset, looks: Sequence[ImageFacts], groups: Sequence[str] | None) -> Problems:
    """List what is wrong with files and with what they are said to be.

    Args:
        found: the data set.
        looks: of each image, of all splits one after the other.
        groups: the name of each one's group; None where each is one.
    """
    told, split = [found.told(path) for path in found.paths], found.split
    targets = [tuple(np.atleast_1d(each).tolist()) for each in found.targets]
    same = [each.same for each in looks]
    straddling = sorted({groups[one] for one, _ in _contradictions(groups, split)}) if groups else []
    problems = {
        "files cannot be read": [
            f"{path}: {each.problem}" for path, each in zip(told, looks, strict=True) if each.problem
        ],
        "images are in two splits": [f"{told[a]} = {told[b]}" for a, b in _contradictions(same, split)],
        "images are given two labels": [f"{told[a]} = {told[b]}" for a, b in _contradictions(same, targets)],
        "groups are in two splits": straddling,
    }
    return {what: where for what, where in problems.items() if where}


def _contradictions(names: Sequence[str], said: Sequence[Hashable]) -> Iterable[tuple[int, int]]:
    """Give of each name of which two things are said the numbers of the first and of one that differs."""
    first: dict[str, int] = {}
    done = set()
    for number, name in enumerate(names):
        begun = first.setdefault(name, number)
        if name and name not in done and said[number] != said[begun]:
            done.add(name)
            yield begun, number


def wrong_classes(found: OwnDataset) -> Problems:
    """List the classes that a split has no image of; of several labels, those that cannot be learnt."""
    if len(found.classes) < 2:
        return {"class is there, and at least two are needed": [*found.classes]}
    problems = {}
    if odd := [name for name in found.classes if not encodes(name)]:
        problems["classes have names that are not UTF-8; rename them"] = odd
    for name, part in found.splits.items():
        if (part.targets.ndim == 1 or name == "train") and (absent := _absent(part.targets, found.classes)):
            problems[f"classes have no image in {name}"] = absent
    return problems


def wrong_groups(found: OwnDataset, groups: np.ndarray) -> Problems:
    """List the classes that have fewer groups than there are splits to be cut from them.

    Args:
        found: the data set.
        groups: (n,) int, of all images.
    """
    train = found.splits["train"].targets
    needed = 1 + ("val" not in found.splits) + ("test" not in found.splits)
    own = groups[np.array(found.split) == "train"]
    short = []
    for label, name in enumerate(found.classes) if train.ndim == 1 else ():
        images, count = int((train == label).sum()), len(np.unique(own[train == label]))
        if count < needed:
            short.append(f"{name}: {images:,} images" + f" in {count:,} groups" * (count < images))
    missing = " and ".join(_FOR[name] for name in ("val", "test") if name not in found.splits)
    return {f"classes are too small to cut {missing} from; at least {needed} images or groups": short} if short else {}


def wrong_cut(found: OwnDataset, cut: dict[str, Listing]) -> Problems:
    """List the classes that the test has all images of, or none: groups may have several classes.

    Args:
        found: the data set.
        cut: the same, with a test.
    """
    parts = {name: part.targets for name, part in cut.items() if part.targets.ndim == 1 or name == "train"}
    lacking = {name: _absent(each, found.classes) for name, each in parts.items()}
    return {_LEFT.format(_FOR[name]): absent for name, absent in lacking.items() if absent}


def as_trained(seen: Inspection, cuts: Iterable[SplitOptions], seed: int) -> Inspection:
    """Check what a study's trials will be trained and validated on, by its first draw of each label fraction.

    Args:
        seen: the data set.
        cuts: of the study's cells.
        seed: of the study.

    Returns:
        The same, with what is wrong (a class without an image in training or validation) and what is odd (one without
        in a label fraction; of several labels any).

    Raises:
        UserError: as of `splits.rows`.
    """
    if not seen.cut:
        return seen
    train, classes = seen.cut["train"], seen.found.classes
    problems, notes = dict(seen.problems), dict.fromkeys(seen.remarks)
    for each in dict.fromkeys(one for cut in cuts for one in (cut._replace(label_fraction=1.0), cut)):
        rows = splits.rows(each, train.targets, train.groups, train.strata, seed, seed, train.held)
        parts = {"train": rows.train} | ({} if each.validation == "test" else {"val": rows.val})
        for name, absent in ((name, _absent(train.targets[part], classes)) for name, part in parts.items()):
            part_of_labels = name == "train" and each.label_fraction < 1
            if absent and (part_of_labels or train.targets.ndim == 2):
                share = f" at label fraction {each.label_fraction:g}" * part_of_labels
                more = f" and {len(absent) - SHOWN:,} more" * (len(absent) > SHOWN)
                notes[f"no image is left for {_FOR[name]}{share} of {', '.join(absent[:SHOWN])}{more}"] = None
            elif absent:
                problems[_LEFT.format(_FOR[name])] = absent
    return seen._replace(problems=problems, remarks=[*notes])


def _absent(targets: np.ndarray, classes: Sequence[str]) -> list[str]:
    return [classes[label] for label in np.flatnonzero(counted(targets, classes) == 0).tolist()]
