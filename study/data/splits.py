"""Cuts a data set into validation and training, balances classes and draws nested label fractions, whole groups at a
time and by class. Knows nothing of images, files or where the targets come from."""

import functools
from typing import NamedTuple

import numpy as np

from study.errors import UserError
from study.seeds import stream
from study.space.config import Config

HALVINGS = 5
"""How often samples with several labels are halved; within a 32nd they are in random order."""


class SplitOptions(NamedTuple):
    """How a trial's data are cut; the names and defaults are `Config`'s, which explains them."""

    label_fraction: float = Config.label_fraction
    validation: str = Config.validation
    validation_share: float = Config.validation_share
    balance: str = Config.balance
    subset: str = Config.subset
    difficult: str = Config.difficult


def cut(asked: Config) -> SplitOptions:
    """Say how a trial's data are cut."""
    return SplitOptions(*(getattr(asked, name) for name in SplitOptions._fields))


class Rows(NamedTuple):
    """Which samples of the training data a trial uses, each ascending."""

    train: np.ndarray
    val: np.ndarray
    labelled: int
    """Samples that training would have with all labels."""


def rows(
    cut: SplitOptions,
    targets: np.ndarray,
    groups: np.ndarray,
    strata: np.ndarray | None,
    split_seed: int,
    draw_seed: int,
    given: np.ndarray | None = None,
) -> Rows:
    """Hold validation out, balance what is left and what is held out, then draw the label fraction.

    In that order what is held out depends on the strata alone: of two tasks that share samples, groups and strata,
    neither trains on what the other validates on.

    Args:
        cut: says how.
        targets: (n,) int, the class of each sample; or (n, labels), see `order`.
        groups: (n,) int; the samples of one stay together.
        strata: (n,) int, parts that are each held out from by themselves, each within one class; None: the classes.
        split_seed: of what is held out.
        draw_seed: of the fraction.
        given: (n,) int, 1 for the samples that the data set itself has for validation; None: it is cut off.

    Raises:
        UserError: a share or fraction out of its range, no group is left to validate on, or nothing to balance by.
    """
    check_fraction(cut.label_fraction)
    rest, held = np.arange(len(targets)), np.arange(0)
    if cut.validation == "groups":
        parts, seed = targets if strata is None else strata, stream(split_seed, "validation")
        rest, held = holdout(parts, groups, cut.validation_share, seed) if given is None else _given(given)
    if cut.balance == "on":
        rest, held = (part[balanced(targets[part], groups[part])] for part in (rest, held))
    drawn = draw if cut.subset == "stratified" else draw_unstratified
    kept = drawn(targets[rest], groups[rest], cut.label_fraction, stream(draw_seed, "fraction"))
    return Rows(rest[kept], held, len(rest))


def _given(marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.flatnonzero(marks == 0), np.flatnonzero(marks == 1)


def balanced(targets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Keep of every class as many samples as the smallest has, drawn by streams that depend on nothing but the class.

    Groups are kept whole: a class has at most as many samples then, unless its first group alone has more.

    Args:
        targets: (n,) int, the class of each sample.
        groups: (n,) int; a group has one class.

    Returns:
        The rows kept, ascending.

    Raises:
        UserError: samples have several labels.
    """
    if targets.ndim == 2:
        raise UserError("balance 'on' is for tasks whose images have one class; these have several labels")
    least = np.unique(targets, return_counts=True)[1].min(initial=len(targets))
    kept = [_fitting(order, groups, int(least)) for order in _shuffled(targets, groups, stream(0, "balance"))]
    return np.flatnonzero(np.isin(groups, np.concatenate([np.arange(0), *kept])))


def _fitting(order: np.ndarray, groups: np.ndarray, most: int) -> np.ndarray:
    """Give the first groups of an order that have so many samples together at most; one at least."""
    names, sizes = np.unique(groups, return_counts=True)
    together = np.cumsum(sizes[np.searchsorted(names, order)])
    return order[: max(1, int(np.searchsorted(together, most, side="right")))]


def holdout(
    targets: np.ndarray, groups: np.ndarray, share: float, seed: int, leave: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Set a share of every class's groups aside.

    A class with one group keeps it in the rest; one with more gives at least one and never all. Where groups have
    several classes it never gives all; it may give none where each of its groups is the last of another class.

    Args:
        targets: (n,) int, the class of each sample, or a finer part of it; or (n, labels), see `order`.
        groups: (n,) int; the samples of one stay together.
        share: of each class's groups, in (0, 1).
        seed: equal seeds cut equally, whatever the order of the samples.
        leave: groups that each class keeps in the rest, where groups have several classes.

    Returns:
        Rows of the rest and rows set aside, each ascending.

    Raises:
        UserError: the share is out of its range, or no class has a second group, so nothing can be set aside.
    """
    check_share(share)
    if _mixed(targets, groups):
        held = [_aside(*_mixed_order(targets, groups, seed), share, leave)]
    else:
        orders = _shuffled(targets, groups, seed)
        held = [order[: min(max(1, round(share * len(order))), len(order) - 1)] for order in orders]
    aside = np.isin(groups, np.concatenate(held))
    if not aside.any():
        count = len(np.unique(groups))
        raise UserError(f"{len(groups)} samples in {count} groups, one a class: no group is left to validate on")
    return np.flatnonzero(~aside), np.flatnonzero(aside)


def _aside(names: np.ndarray, has: np.ndarray, share: float, leave: int) -> np.ndarray:
    """Give a share of groups of several classes, the first of an order, and each class's first that can be spared."""
    most = min(max(1, round(share * len(names))), len(names) - 1)
    left, taken = has.sum(0), np.zeros(has.shape[1], bool)
    held: list[int] = []
    for name, classes in zip(names.tolist(), has, strict=True):
        wanted = len(held) < most or (classes & ~taken).any()
        if wanted and (left[classes] > leave).all():
            held.append(name)
            left, taken = left - classes, taken | classes
    return np.array(held, names.dtype)


def draw(targets: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draw a label fraction; with one seed a smaller fraction is a subset of every larger one.

    Args:
        targets: (n,) int, the class of each sample; or (n, labels), see `order`.
        groups: (n,) int; the samples of one stay together.
        fraction: of each class's groups, in (0, 1]; rounded, at least one group a class. Of several labels: of all
            groups, and a rare label may have none.
        seed: equal seeds draw equally, whatever the order of the samples.

    Returns:
        The rows drawn, ascending.

    Raises:
        UserError: the fraction is outside (0, 1].
    """
    check_fraction(fraction)
    if _mixed(targets, groups):
        names, has = _mixed_order(targets, groups, seed)
        kept = [names[: round(fraction * len(names))], names[has.argmax(0)]]  # and the first of each class
    else:
        kept = [order[: max(1, round(fraction * len(order)))] for order in _shuffled(targets, groups, seed)]
    return np.flatnonzero(np.isin(groups, np.concatenate(kept)))


def draw_unstratified(targets: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draw a label fraction as some publications did: of all groups, whatever their classes, each fraction anew.

    Args:
        targets: (n,) int; they do not matter.
        groups: (n,) int; the samples of one stay together.
        fraction: of all groups, in (0, 1]; rounded, at least one.
        seed: equal seeds and fractions draw equally.

    Returns:
        The rows drawn, ascending. A class may have none.

    Raises:
        UserError: the fraction is outside (0, 1].
    """
    check_fraction(fraction)
    names = np.unique(groups)
    order = np.random.default_rng(stream(seed, "unstratified", str(fraction))).permutation(names)
    return np.flatnonzero(np.isin(groups, order[: max(1, round(fraction * len(names)))]))


def order(targets: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Put groups whose samples have several labels into an order of which every beginning is stratified, about.

    They are halved by iterative stratification, and the halves again, `HALVINGS` times.

    Args:
        targets: (n, labels) int, 1 where a sample has a label; a group has what any of its samples has.
        groups: (n,) int.
        seed: equal seeds give equal orders.

    Returns:
        The groups' names.

    Source: Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10; `iterstrat`.
    """
    names, labels = _labels(targets, groups)
    return names[_order(labels.tobytes(), labels.shape, seed)]


def _labels(targets: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Name groups and say of each which labels any of its samples has."""
    names, which = np.unique(groups, return_inverse=True)
    labels = np.zeros((len(names), targets.shape[1]), bool)
    np.logical_or.at(labels, which, targets == 1)
    return names, labels


@functools.lru_cache(maxsize=32)  # seconds for some thousand images, and all trials of a worker want few of them
def _order(labels: bytes, shape: tuple[int, int], seed: int) -> np.ndarray:
    whole = np.frombuffer(labels, bool).reshape(shape).astype(np.int64)
    return _halved(np.arange(len(whole)), whole, np.random.default_rng(seed), HALVINGS)


def _halved(rows: np.ndarray, labels: np.ndarray, rng: np.random.Generator, left: int) -> np.ndarray:
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold

    if not left or len(rows) < 4:
        return rng.permutation(rows)
    halves = MultilabelStratifiedKFold(2, shuffle=True, random_state=int(rng.integers(2**31)))
    _, first = next(halves.split(labels[rows], labels[rows]))
    second = np.setdiff1d(np.arange(len(rows)), first)
    return np.concatenate([_halved(rows[half], labels, rng, left - 1) for half in (first, second)])


def check_fraction(fraction: float) -> None:
    """Refuse a label fraction outside (0, 1].

    Raises:
        UserError: it is.
    """
    if not 0 < fraction <= 1:
        raise UserError(f"label_fraction {fraction:g} is outside (0, 1]")


def check_share(share: float) -> None:
    """Refuse a validation share outside (0, 1).

    Raises:
        UserError: it is.
    """
    if not 0 < share < 1:
        raise UserError(f"validation_share {share:g} is outside (0, 1)")


def _mixed(targets: np.ndarray, groups: np.ndarray) -> bool:
    """Say whether samples have one class each, and any group several."""
    if targets.ndim == 2:
        return False
    _, first, which = np.unique(groups, return_index=True, return_inverse=True)
    return bool((targets != targets[first][which]).any())


def _mixed_order(targets: np.ndarray, groups: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Put groups that have several classes in order as if these were labels, and say which each of them has."""
    several = (targets[:, None] == np.unique(targets)).astype(np.int64)
    ordered = order(several, groups, seed)
    names, has = _labels(several, groups)
    return ordered, has[np.searchsorted(names, ordered)]


def _shuffled(targets: np.ndarray, groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Each class's groups in a random order of the class's own stream, so that no class moves another.

    Samples with several labels are of one class here, whose order is stratified.
    """
    if targets.ndim == 2:
        return [order(targets, groups, seed)]
    names, first = np.unique(groups, return_index=True)
    labels = targets[first]
    return [
        np.random.default_rng(stream(seed, int(label))).permutation(names[labels == label])
        for label in np.unique(labels)
    ]
