"""Inspects a data set of the user's own before it is trained on, and lists what would make results wrong.
Knows nothing of its layout on the disk or of how the inspection is printed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from study.data import splits
from study.data.copies.finding import IN_TWO_SPLITS, contradictions, labels_of
from study.data.copies.name_patterns import Proposal
from study.data.copies.near_copies import NearCopy
from study.data.own_images import OwnDataset, class_counts
from study.data.scan import ImageFacts
from study.data.splits import SplitOptions
from study.data.types import Listing
from study.errors import UserError
from study.text import encodes

MAX_EXAMPLES = 5
"""Examples that are listed of each problem."""
Problems = dict[str, list[str]]
"""A problem, in words that follow a number → its examples."""
_FOR = {"train": "training", "val": "validation", "test": "the test"}
_LEFT = "classes have no image left for {}"
_WAYS_OUT = (
    "python -m study.inspect DATA --mend FILE.csv lists the images without them; --set copies=note leaves them in"
)


class Inspection(NamedTuple):
    """What is known of a data set before it is trained on."""

    dataset: OwnDataset
    """The data set as it is listed."""
    looks: list[ImageFacts]
    """Of each image, of all splits one after the other."""
    groups: int
    """Number of groups."""
    cut: dict[str, Listing]
    """As in `Source.splits`; empty if a problem was met before."""
    problems: Problems
    """What would make results wrong."""
    remarks: list[str]
    """What may make results worse or harder to read."""
    near: Sequence[NearCopy] = ()
    """Pairs of images that are copies though their pixels differ."""
    proposal: Proposal | None = None
    """A pattern in the paths by which images that belong together may be grouped."""
    joined: bool = True
    """Whether copies are in one group; otherwise they are only noted."""

    @property
    def counts(self) -> dict[str, np.ndarray]:
        """Images by split and class, as they are used; images without a label count nowhere."""
        classes = self.dataset.classes
        if not self.cut:
            return {name: class_counts(part.targets, classes) for name, part in self.dataset.splits.items()}
        train, test = self.cut["train"], self.cut["test"]
        held = np.zeros(len(train.targets), np.int64) if train.held is None else train.held
        parts = {"train": train.targets[held == 0], "val": train.targets[held == 1], "test": test.targets}
        return {name: class_counts(targets, classes) for name, targets in parts.items() if len(targets)}

    @property
    def again(self) -> int:
        """Images that are copies of an earlier one."""
        return sum(count - 1 for count in Counter(image.same for image in self.looks if image.same).values())

    def refuse(self) -> None:
        """Raise an error if there are problems.

        Raises:
            UserError: with all problems, and some examples of each.
        """
        if not self.problems:
            return
        lines = [f"{self.dataset.root} ({self.dataset.layout}) cannot be used as it is:"]
        for problem, examples in self.problems.items():
            lines += [f"  {len(examples):,} {problem}:", *(f"    {example}" for example in examples[:MAX_EXAMPLES])]
            lines += [f"    … and {len(examples) - MAX_EXAMPLES:,} more"] if len(examples) > MAX_EXAMPLES else []
        lines += [f"  copies in two splits: {_WAYS_OUT}"] if self.problems.keys() & IN_TWO_SPLITS else []
        raise UserError("\n".join(lines))


def image_problems(dataset: OwnDataset, facts: Sequence[ImageFacts], groups: Sequence[str] | None) -> Problems:
    """List unreadable files, groups in two splits, and equal images that have different labels.

    Args:
        dataset: as it is listed.
        facts: of each image, of all splits one after the other.
        groups: the name of each image's group; None if each image is its own group.
    """
    paths, split = [dataset.relative(path) for path in dataset.paths], dataset.split
    pixels = [image.same for image in facts]
    straddling = sorted({groups[first] for first, _ in contradictions(groups, split)}) if groups else []
    problems = {
        "files cannot be read": [
            f"{path}: {image.problem}" for path, image in zip(paths, facts, strict=True) if image.problem
        ],
        "images are given two labels": [
            f"{paths[a]} = {paths[b]}" for a, b in contradictions(pixels, labels_of(dataset))
        ],
        "groups are in two splits": straddling,
    }
    return {problem: examples for problem, examples in problems.items() if examples}


def class_problems(dataset: OwnDataset) -> Problems:
    """List the classes that a split has no image of. With several labels per image only "train" needs them all."""
    if len(dataset.classes) < 2:
        return {"class is there, and at least two are needed": [*dataset.classes]}
    problems = {}
    if odd := [name for name in dataset.classes if not encodes(name)]:
        problems["classes have names that are not UTF-8; rename them"] = odd
    for name, part in dataset.splits.items():
        if (part.targets.ndim == 1 or name == "train") and (absent := _absent(part.targets, dataset.classes)):
            problems[f"classes have no image in {name}"] = absent
    return problems


def group_problems(dataset: OwnDataset, groups: np.ndarray) -> Problems:
    """List the classes with fewer groups than splits that are to be made of them.

    Args:
        dataset: as it is listed.
        groups: (n,) int, of all images.
    """
    train = dataset.splits["train"].targets
    needed = 1 + ("val" not in dataset.splits) + ("test" not in dataset.splits)
    own = groups[np.array(dataset.split) == "train"]
    small = []
    for label, name in enumerate(dataset.classes) if train.ndim == 1 else ():
        images, count = int((train == label).sum()), len(np.unique(own[train == label]))
        if count < needed:
            small.append(f"{name}: {images:,} images" + f" in {count:,} groups" * (count < images))
    missing = " and ".join(_FOR[name] for name in ("val", "test") if name not in dataset.splits)
    return {f"classes are too small to cut {missing} from; at least {needed} images or groups": small} if small else {}


def split_problems(dataset: OwnDataset, listings: dict[str, Listing]) -> Problems:
    """List the classes that training or the test has no image of, which may happen if groups have several classes.

    Args:
        dataset: as it is listed.
        listings: the same, with a test.
    """
    parts = {name: part.targets for name, part in listings.items() if part.targets.ndim == 1 or name == "train"}
    lacking = {name: _absent(targets, dataset.classes) for name, targets in parts.items()}
    return {_LEFT.format(_FOR[name]): absent for name, absent in lacking.items() if absent}


def as_trained(inspection: Inspection, options: Iterable[SplitOptions], seed: int) -> Inspection:
    """Check the splits that a study's trials train and validate on, with its first draw of each label fraction.

    Args:
        inspection: of the data set.
        options: of the study's cells.
        seed: of the study.

    Returns:
        The inspection with further problems (a class without an image in training or validation) and remarks (a class
        without one in a label fraction; any such class if images have several labels).

    Raises:
        UserError: as in `splits.rows`.
    """
    if not inspection.cut:
        return inspection
    train, classes = inspection.cut["train"], inspection.dataset.classes
    problems, notes = dict(inspection.problems), dict.fromkeys(inspection.remarks)
    for split in dict.fromkeys(case for cell in options for case in (cell._replace(label_fraction=1.0), cell)):
        rows = splits.rows(split, train.targets, train.groups, train.strata, seed, seed, train.held)
        parts = {"train": rows.train} | ({} if split.validation == "test" else {"val": rows.val})
        for name, absent in ((name, _absent(train.targets[part], classes)) for name, part in parts.items()):
            part_of_labels = name == "train" and split.label_fraction < 1
            if absent and (part_of_labels or train.targets.ndim == 2):
                share = f" at label fraction {split.label_fraction:g}" * part_of_labels
                rest = f" and {len(absent) - MAX_EXAMPLES:,} more" * (len(absent) > MAX_EXAMPLES)
                notes[f"no image is left for {_FOR[name]}{share} of {', '.join(absent[:MAX_EXAMPLES])}{rest}"] = None
            elif absent:
                problems[_LEFT.format(_FOR[name])] = absent
    return inspection._replace(problems=problems, remarks=[*notes])


def _absent(targets: np.ndarray, classes: Sequence[str]) -> list[str]:
    return [classes[label] for label in np.flatnonzero(class_counts(targets, classes) == 0).tolist()]
