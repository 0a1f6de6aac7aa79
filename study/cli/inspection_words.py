"""What an inspection comes to, in words and numbers for a page. Knows nothing of pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from study.cli import messages
from study.data.copies.finding import IN_TWO_SPLITS

if TYPE_CHECKING:
    from study.data.copies.copy_pairs import CopyPair
    from study.data.inspection import Inspection
    from study.data.scan import ImageFacts

CLASSES = 1000
"""Classes that are listed, the largest first."""
LISTED = 200
"""Lines of a list that has no pictures, and examples of a problem."""


class Weight(NamedTuple):
    """Findings that weigh alike."""

    title: str
    loud: bool
    notes: list[tuple[str, list[str], int]]
    """Of each: the finding, examples, and how many more there are."""


class Row(NamedTuple):
    """A class in a table."""

    name: str
    counts: list[str]
    """Of each split, then of all."""
    share: float
    """Of the images of the largest class, %."""


class Bar(NamedTuple):
    """Images of about one size."""

    low: int
    """Smallest side, pixels."""
    high: int
    """The next bar's."""
    number: int
    share: float
    """Of the highest bar, %."""


def verdict(seen: "Inspection", found: "Sequence[Weight]") -> str:
    """Say in one sentence whether a study takes the images; `found` are the findings by weight."""
    if seen.problems:
        listed = "; ".join(f"{len(places):,} {problem}" for problem, places in seen.problems.items())
        return f"A study does not take these images as they are: {listed}."
    noted, worse, _ = (weight.notes for weight in found)
    if noted:
        return "A study takes these images; but copies are in two splits, so that its scores will be too good."
    if worse:
        what = "one finding" if len(worse) == 1 else f"{len(worse):,} findings"
        return f"These images can be used as they are; {what} below may make results worse, or less sure."
    return "These images can be used as they are."


def weights(seen: "Inspection") -> list[Weight]:
    """Order the findings: what makes results wrong, what may make them worse, what is only odd in single files."""
    wrong = [(f"{len(found):,} {what}", found[:LISTED], len(found[LISTED:])) for what, found in seen.problems.items()]
    paths = {seen.dataset.relative(path) for path in seen.dataset.paths}
    noted = [note for note in seen.remarks if any(problem in note for problem in IN_TWO_SPLITS)]
    odd = [note for note in seen.remarks if note.partition(": ")[0] in paths or note.startswith("… and ")]
    worse = [note for note in seen.remarks if note not in odd and note not in noted]
    worse += [messages.proposed(seen.proposal)] if seen.proposal else []
    return [
        Weight("What makes results wrong", True, [*wrong, *((note, [], 0) for note in noted)]),
        Weight("What may make results worse, or less sure", False, [(note, [], 0) for note in worse]),
        Weight("What is only odd", False, [(note, [], 0) for note in odd]),
    ]


def facts(seen: "Inspection", pairs: "Sequence[CopyPair]") -> list[tuple[str, str]]:
    """Give the numbers that a reader looks for first, each with its unit."""
    data = seen.dataset
    counts = [(f"{len(data.paths):,}", "images")]
    counts += [(f"{len(data.classes):,}", "labels" if data.targets.ndim == 2 else "classes")]
    counts += [(f"{number:,}", _SPLITS[name]) for name, number in split_sizes(seen).items()]
    counts += [(f"{seen.groups:,}", "groups")] if seen.groups else []
    return [*counts, (f"{len(pairs):,}", "pairs of copies")] if seen.looks else counts


_SPLITS = {"train": "for training", "val": "for validation", "test": "for the test"}


def split_sizes(seen: "Inspection") -> dict[str, int]:
    """Count each split's images as they are used; an image with several labels counts once."""
    if not seen.cut:
        return {name: len(part.paths) for name, part in seen.dataset.splits.items()}
    train, test = seen.cut["train"], seen.cut["test"]
    held = 0 if train.held is None else int(train.held.sum())
    parts = {"train": len(train.paths) - held, "val": held, "test": len(test.paths)}
    return {name: count for name, count in parts.items() if count}


def rows(seen: "Inspection") -> list[Row]:
    """Give a row a class, the largest first."""
    counts = np.stack([*seen.counts.values()])
    totals = counts.sum(0)
    order = np.argsort(-totals, kind="stable")[:CLASSES]
    most = max(int(totals.max(initial=0)), 1)
    return [
        Row(seen.dataset.classes[at], [f"{count:,}" for count in (*counts[:, at].tolist(), int(totals[at]))],
            100 * totals[at] / most)
        for at in order.tolist()
    ]  # fmt: skip


def bars(looks: "Sequence[ImageFacts]") -> list[Bar]:
    """Count images by the mean of their sides, in steps of a half octave."""
    sides = np.array([np.sqrt(each.width * each.height) for each in looks if each.same])
    if not len(sides):
        return []
    steps = np.floor(2 * np.log2(sides)).astype(int)
    counts = np.bincount(steps - steps.min())
    return [
        Bar(round(2 ** (step / 2)), round(2 ** ((step + 1) / 2)), int(count), 100 * count / counts.max())
        for step, count in enumerate(counts.tolist(), int(steps.min()))
    ]


def sizes(seen: "Inspection") -> list[tuple[str, ...]]:
    """Give each split's number of images, and the smallest, the middle and the largest of them."""
    found = []
    split = np.array(seen.dataset.split)
    for name in seen.dataset.splits if seen.looks else ():
        own = [seen.looks[at] for at in np.flatnonzero(split == name)]
        sides = sorted((each.width * each.height, each.width, each.height) for each in own if each.same)
        if sides:
            three = (sides[0], sides[len(sides) // 2], sides[-1])
            found.append((name, f"{len(sides):,}", *(f"{wide:,} × {high:,}" for _, wide, high in three)))
    return found


def reading(seen: "Inspection") -> list[str]:
    """Say what was read as what, how it is cut, and what was passed over."""
    data = seen.dataset
    lines = [f"layout: {data.layout}", *data.reading]
    if seen.cut:
        lines += ["test: as given" if "test" in data.splits else "test: a fifth of each class, the same each time"]
        lines += [
            "validation: as given" if "val" in data.splits else "validation: a part of train, by the study's seed"
        ]
    lines += [f"passed over: {count:,} {what}" for what, count in data.passed.most_common()]
    return lines


def grouping(seen: "Inspection", pattern: str | None) -> str:
    """Say what a pattern of names is good for; empty without one."""
    proposal = seen.proposal
    if pattern is None:
        return ""
    if proposal is None or proposal.pattern != pattern:
        return "A pattern in the names says which images belong together."
    found = f"{proposal.joined:,} images are in groups of two or more, of {proposal.groups:,} groups in all."
    if not proposal.explained:
        return f"The names look like frames of tracks: {found}"
    return f"A pattern in the names explains {proposal.explained:,} of {proposal.pairs:,} pairs of copies: {found}"


def labels(classes: Sequence[str], target: np.ndarray) -> str:
    """Name an image's class, or its labels."""
    present = np.flatnonzero(target == 1).tolist() if target.ndim else [int(target)]
    return ", ".join(classes[label] for label in present) or "no label"


def listed(seen: "Inspection", texts: Sequence[str]) -> tuple[list[tuple[str, str]], int]:
    """Give the paths and texts of the first images that have any, and how many more have."""
    data = seen.dataset
    found = [(path, text) for path, text in zip(data.paths, texts, strict=False) if text]
    return [(data.relative(path), text) for path, text in found[:LISTED]], len(found[LISTED:])
