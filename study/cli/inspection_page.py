"""The findings of an inspection as one page, which has all pictures in itself. Knows nothing of how they were found."""

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.report import pages
from study.cli import inspection_words as words
from study.cli.thumbnails import thumbnails
from study.data import own_images
from study.data.copies import copy_pairs
from study.data.oddities import oddities
from study.seeds import stream

if TYPE_CHECKING:
    from study.cli.next_commands import Step
    from study.data.copies.copy_pairs import CopyPair
    from study.data.inspection import Inspection

EACH, MONTAGE = 8, 2000
"""Pictures of a class, and of all classes: where there are many classes each has fewer."""
SIDES = ((200, 116), (500, 96), (1000, 72), (MONTAGE, 56))
"""Up to so many pictures of classes → their side, pixels."""
LARGE = 176
"""Side of the pictures of copies, odd images and groups."""
PAIRS, HARMLESS, ODD, GROUPS = 24, 8, 24, 6
"""Pairs of copies that make results wrong, of a kind, and other pairs; odd images of a kind, and groups."""


class Shown(NamedTuple):
    """An image on the page."""

    path: str
    split: str
    label: str
    size: str
    src: str
    """Empty if it cannot be read."""


class Picked(NamedTuple):
    """Some images of many, with what they have in common."""

    title: str
    why: str
    number: int
    """Of all."""
    images: list[int]
    """Those that are shown; of pairs, one beside the other."""
    changes: list[str]
    """Of pairs, what was done to one."""


def page(
    name: str,
    seen: "Inspection",
    size: int,
    pattern: str | None,
    steps: "Sequence[Step]",
    progress: Callable[[int, int], None],
) -> str:
    """Render the page.

    Args:
        name: of the data set.
        seen: its inspection.
        size: side of the images that networks get, pixels.
        pattern: that names groups, or is proposed.
        steps: commands to go on with.
        progress: called with the number of pictures drawn and the total.
    """
    data, pairs, found = seen.dataset, copy_pairs.pairs(seen), words.weights(seen)
    copies, odd, groups, montage = _copies(pairs, seen.joined), _odd(seen, size), _groups(seen, pattern), _montage(seen)
    small, side = _drawn(seen, montage, None, progress)
    large, _ = _drawn(seen, [*copies, *odd, *groups], LARGE, progress)
    return pages.render(
        "inspection.html.j2",
        name=name,
        verdict=words.verdict(seen, found),
        stops=found[0].notes != [],
        facts=words.facts(seen, pairs),
        weights=found,
        steps=steps,
        reading=words.reading(seen),
        label="label" if data.targets.ndim == 2 else "class",
        splits=[*seen.counts],
        rows=words.rows(seen),
        more_classes=max(len(data.classes) - words.CLASSES, 0),
        bars=words.bars(seen.looks),
        sizes=words.sizes(seen),
        size=size,
        copies=copies,
        odd=odd,
        unreadable=words.listed(seen, [facts.problem for facts in seen.looks]),
        grouping=words.grouping(seen, pattern),
        option=f"--set {shlex.quote(f'group_pattern={pattern}')}",
        groups=groups,
        montage=montage,
        large=large,
        small=small,
        small_side=side,
    )


def _copies(pairs: "Sequence[CopyPair]", joined: bool) -> list[Picked]:
    """Sort pairs by what they mean, and pick some of each kind."""
    across = [pair for pair in pairs if pair.across]
    contradictory = [pair for pair in pairs if pair.contradictory and not pair.across]
    others = [pair for pair in pairs if not pair.contradictory and not pair.across]
    kinds = [
        ("In two splits", "A score would be one of recognizing what was seen before.", across, PAIRS),
        ("With different labels", "One of the labels may be wrong.", contradictory, PAIRS),
        (
            "In one split",
            "They are one group, which no cut parts." if joined else "Each is by itself.",
            others,
            HARMLESS,
        ),
    ]
    picked = []
    for title, why, found, most in kinds:
        images = [image for pair in found[:most] for image in (pair.first, pair.second)]
        picked.append(Picked(title, why, len(found), images, [pair.change for pair in found[:most]]))
    return [kind for kind in picked if kind.number]


def _odd(seen: "Inspection", size: int) -> list[Picked]:
    return [Picked(kind.title, kind.why, len(kind.images), kind.images[:ODD], []) for kind in oddities(seen, size)]


def _groups(seen: "Inspection", pattern: str | None) -> list[Picked]:
    """Pick the largest groups that a pattern finds."""
    if pattern is None:
        return []
    names = np.array(own_images.group_names(seen.dataset, pattern), object)
    found, first, counts = np.unique(names, return_index=True, return_counts=True)
    order = sorted(range(len(found)), key=lambda at: (-counts[at], first[at]))[:GROUPS]
    return [
        Picked(str(found[at]), "", int(counts[at]), np.flatnonzero(names == found[at])[:EACH].tolist(), [])
        for at in order
        if counts[at] > 1
    ]


def _montage(seen: "Inspection") -> list[Picked]:
    """Draw some images of each class, the same each time."""
    data, targets = seen.dataset, seen.dataset.targets
    readable = np.array([bool(facts.same) for facts in seen.looks]) if seen.looks else np.ones(len(data.paths), bool)
    counts = own_images.class_counts(targets, data.classes)
    order = np.argsort(-counts, kind="stable")[: words.CLASSES].tolist()
    each = max(1, min(EACH, MONTAGE // max(len(order), 1)))
    montage = []
    for label in order:
        own = targets[:, label] == 1 if targets.ndim == 2 else targets == label
        rows = np.flatnonzero(own & readable)
        chance = np.random.default_rng(stream(0, "montage", data.classes[label].encode(errors="replace").decode()))
        drawn = np.sort(chance.permutation(rows)[:each]).tolist()
        montage.append(Picked(data.classes[label], "", int(counts[label]), drawn, []))
    return montage


def _drawn(
    seen: "Inspection", picked: Sequence[Picked], side: int | None, progress: Callable[[int, int], None]
) -> tuple[dict[int, Shown], int]:
    """Draw pictures of what was picked; without a side, squares whose side their number decides."""
    data, split = seen.dataset, seen.dataset.split
    paths, targets = data.paths, data.targets
    images = [image for kind in picked for image in kind.images]
    width = side or next((wide for most, wide in SIDES if len(images) <= most), SIDES[-1][1])
    made = thumbnails([paths[image] for image in images], width, side is None, progress)
    shown = {}
    for image in images:
        facts = seen.looks[image] if seen.looks else None
        size = f"{facts.width:,} × {facts.height:,}" if facts else ""
        path = paths[image]
        shown[image] = Shown(
            data.relative(path), split[image], words.labels(data.classes, targets[image]), size, made.get(path, "")
        )
    return shown, width
