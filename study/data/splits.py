"""Splits a data set into training and validation, balances classes and draws nested label fractions, by class and in
whole groups. Knows nothing of images or files."""

import functools
from typing import NamedTuple

import numpy as np

from study.errors import UserError
from study.seeds import stream
from study.space.config import Config

HALVINGS = 5
"""How often samples with several labels are halved; within the resulting 32nds their order is random."""


class SplitOptions(NamedTuple):
    """How a trial's data are split; the names and defaults are `Config`'s, which explains them."""

    label_fraction: float = Config.label_fraction
    validation: str = Config.validation
    validation_share: float = Config.validation_share
    balance: str = Config.balance
    subset: str = Config.subset
    difficult: str = Config.difficult


def cut(config: Config) -> SplitOptions:
    """Return the split options of a configuration."""
    return SplitOptions(*(getattr(config, name) for name in SplitOptions._fields))


class Rows(NamedTuple):
    """The rows of the training data that a trial uses, each array ascending."""

    train: np.ndarray
    val: np.ndarray
    labelled: int
    """Training samples at label fraction 1."""


def rows(
    options: SplitOptions,
    targets: np.ndarray,
    groups: np.ndarray,
    strata: np.ndarray | None,
    split_seed: int,
    draw_seed: int,
    marks: np.ndarray | None = None,
) -> Rows:
    """Hold out validation, balance both parts, then draw the label fraction.

    In this order the held-out samples depend on the strata alone. So if two tasks share samples, groups and strata,
    neither trains on samples that the other validates on.

    Args:
        options: of the split.
        targets: (n,) int, the class of each sample; or (n, labels), see `order`.
        groups: (n,) int; the samples of a group stay together.
        strata: (n,) int, parts of one class each; validation is held out from each separately. None for the classes.
        split_seed: of validation.
        draw_seed: of the fraction.
        marks: (n,) int, 1 for the data set's own validation samples; None if validation is to be held out.

    Raises:
        UserError: a share or fraction out of its range, no group is left to validate on, or classes cannot be balanced.
    """
    check_fraction(options.label_fraction)
    rest, held = np.arange(len(targets)), np.arange(0)
    if options.validation == "groups":
        parts, seed = targets if strata is None else strata, stream(split_seed, "validation")
        rest, held = holdout(parts, groups, options.validation_share, seed) if marks is None else _marked(marks)
    if options.balance == "on":
        rest, held = (part[balanced(targets[part], groups[part])] for part in (rest, held))
    draw_rows = draw if options.subset == "stratified" else draw_unstratified
    drawn = draw_rows(targets[rest], groups[rest], options.label_fraction, stream(draw_seed, "fraction"))
    return Rows(rest[drawn], held, len(rest))


def _marked(marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.flatnonzero(marks == 0), np.flatnonzero(marks == 1)


def balanced(targets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Draw as many samples of each class as the smallest class has, by a random stream for each class.

    Groups stay whole, so a class may get fewer samples, or more if its first group has more.

    Args:
        targets: (n,) int, the class of each sample.
        groups: (n,) int; a group has one class.

    Returns:
        The rows drawn, ascending.

    Raises:
        UserError: samples have several labels.
    """
    if targets.ndim == 2:
        raise UserError("balance 'on' is for tasks whose images have one class; these have several labels")
    least = np.unique(targets, return_counts=True)[1].min(initial=len(targets))
    drawn = [_fitting(order, groups, int(least)) for order in _shuffled(targets, groups, stream(0, "balance"))]
    return np.flatnonzero(np.isin(groups, np.concatenate([np.arange(0), *drawn])))


def _fitting(order: np.ndarray, groups: np.ndarray, limit: int) -> np.ndarray:
    """Return the first groups of an order that have at most `limit` samples in total; at least one group."""
    names, sizes = np.unique(groups, return_counts=True)
    totals = np.cumsum(sizes[np.searchsorted(names, order)])
    return order[: max(1, int(np.searchsorted(totals, limit, side="right")))]


def holdout(
    targets: np.ndarray, groups: np.ndarray, share: float, seed: int, leave: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a share of every class's groups.

    A class with one group keeps it in the rest. A class with more gives at least one and never all. If groups have
    several classes, a class may give none, since each of its groups may be the last of another class.

    Args:
        targets: (n,) int, the class of each sample, or a finer part of it; or (n, labels), see `order`.
        groups: (n,) int; the samples of a group stay together.
        share: of each class's groups, in (0, 1).
        seed: equal seeds hold out the same groups, whatever the order of the samples.
        leave: groups that each class keeps in the rest, if groups have several classes.

    Returns:
        Rows of the rest and rows held out, each ascending.

    Raises:
        UserError: the share is out of its range, or no class has a second group, so that nothing can be held out.
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
    """Hold out the first groups in the order of `names`, and each class's first, if all classes keep `leave` groups."""
    count = min(max(1, round(share * len(names))), len(names) - 1)
    left, taken = has.sum(0), np.zeros(has.shape[1], bool)
    held: list[int] = []
    for name, classes in zip(names.tolist(), has, strict=True):
        wanted = len(held) < count or (classes & ~taken).any()
        if wanted and (left[classes] > leave).all():
            held.append(name)
            left, taken = left - classes, taken | classes
    return np.array(held, names.dtype)


def draw(targets: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draw a label fraction; for equal seeds a smaller fraction is a subset of every larger one.

    Args:
        targets: (n,) int, the class of each sample; or (n, labels), see `order`.
        groups: (n,) int; the samples of a group stay together.
        fraction: of each class's groups, in (0, 1]; rounded, at least one group per class. With several labels it is
            of all groups, and a rare label may get none.
        seed: equal seeds draw the same groups, whatever the order of the samples.

    Returns:
        The rows drawn, ascending.

    Raises:
        UserError: the fraction is outside (0, 1].
    """
    check_fraction(fraction)
    if _mixed(targets, groups):
        names, has = _mixed_order(targets, groups, seed)
        drawn = [names[: round(fraction * len(names))], names[has.argmax(0)]]  # and the first of each class
    else:
        drawn = [order[: max(1, round(fraction * len(order)))] for order in _shuffled(targets, groups, seed)]
    return np.flatnonzero(np.isin(groups, np.concatenate(drawn)))


def draw_unstratified(targets: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draw a label fraction as some publications did: from all groups, whatever their classes, and without nesting.

    Args:
        targets: (n,) int; ignored.
        groups: (n,) int; the samples of a group stay together.
        fraction: of all groups, in (0, 1]; rounded, at least one.
        seed: equal seeds and fractions draw the same groups.

    Returns:
        The rows drawn, ascending. A class may get none.

    Raises:
        UserError: the fraction is outside (0, 1].
    """
    check_fraction(fraction)
    names = np.unique(groups)
    order = np.random.default_rng(stream(seed, "unstratified", str(fraction))).permutation(names)
    return np.flatnonzero(np.isin(groups, order[: max(1, round(fraction * len(names)))]))


def order(targets: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Order groups whose samples have several labels, so that each prefix is approximately stratified.

    Iterative stratification halves the groups, and the halves again, `HALVINGS` times.

    Args:
        targets: (n, labels) int, 1 where a sample has a label; a group has the labels of all its samples.
        groups: (n,) int.
        seed: equal seeds give equal orders.

    Returns:
        The groups' names.

    Source: Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10; `iterstrat`.
    """
    names, labels = _labels(targets, groups)
    return names[_order(labels.tobytes(), labels.shape, seed)]


def _labels(targets: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the names of the groups, and (groups, labels) bool: whether any sample of the group has the label."""
    names, which = np.unique(groups, return_inverse=True)
    labels = np.zeros((len(names), targets.shape[1]), bool)
    np.logical_or.at(labels, which, targets == 1)
    return names, labels


@functools.lru_cache(maxsize=32)  # takes seconds for thousands of images; a worker's trials need few different orders
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
        UserError: it is outside.
    """
    if not 0 < fraction <= 1:
        raise UserError(f"label_fraction {fraction:g} is outside (0, 1]")


def check_share(share: float) -> None:
    """Refuse a validation share outside (0, 1).

    Raises:
        UserError: it is outside.
    """
    if not 0 < share < 1:
        raise UserError(f"validation_share {share:g} is outside (0, 1)")


def _mixed(targets: np.ndarray, groups: np.ndarray) -> bool:
    """Whether samples have one class each and some group has several."""
    if targets.ndim == 2:
        return False
    _, first, which = np.unique(groups, return_index=True, return_inverse=True)
    return bool((targets != targets[first][which]).any())


def _mixed_order(targets: np.ndarray, groups: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Order groups of several classes as if these were labels; return their names and each group's classes."""
    several = (targets[:, None] == np.unique(targets)).astype(np.int64)
    ordered = order(several, groups, seed)
    names, has = _labels(several, groups)
    return ordered, has[np.searchsorted(names, ordered)]


def _shuffled(targets: np.ndarray, groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Shuffle each class's groups by a random stream of its own, so that no class affects another.

    Samples with several labels count as one class here, in a stratified order.
    """
    if targets.ndim == 2:
        return [order(targets, groups, seed)]
    names, first = np.unique(groups, return_index=True)
    labels = targets[first]
    return [
        np.random.default_rng(stream(seed, int(label))).permutation(names[labels == label])
        for label in np.unique(labels)
    ]
