"""Splits of random data sets, checked for the properties that each must have."""

import math
from itertools import pairwise

import numpy as np
import pytest

from study.data import splits
from study.data.splits import SplitOptions, balanced, cut, draw, holdout
from study.errors import UserError
from study.space.config import config

SEEDS = range(12)
FRACTIONS = (0.01, 0.1, 0.3, 0.5, 0.77, 1.0)


def random_set(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Some classes with 1 to 12 groups of 1 to 5 samples each, shuffled; class 0 has two groups, class 1 one."""
    rng = np.random.default_rng(seed)
    groups_of = [2, 1, *rng.integers(1, 13, rng.integers(1, 9))]
    labels = np.repeat(np.arange(len(groups_of)), groups_of)
    names = rng.permutation(10 * len(labels))[: len(labels)]
    samples = rng.permutation(np.repeat(np.arange(len(labels)), rng.integers(1, 6, len(labels))))
    return labels[samples], names[samples]


def groups_by_class(targets: np.ndarray, groups: np.ndarray) -> dict[int, set[int]]:
    return {int(label): set(groups[targets == label].tolist()) for label in np.unique(targets)}


@pytest.mark.parametrize("seed", SEEDS)
def test_holdout_parts_every_sample_and_straddles_no_group(seed: int) -> None:
    targets, groups = random_set(seed)
    rest, held = holdout(targets, groups, 0.2, seed)
    assert sorted([*rest, *held]) == list(range(len(targets)))
    assert not set(groups[rest]) & set(groups[held])


@pytest.mark.parametrize("seed", SEEDS)
def test_holdout_takes_the_share_of_each_class_within_one_group_and_leaves_one(seed: int) -> None:
    targets, groups = random_set(seed)
    rest, held = holdout(targets, groups, 0.2, seed)
    left, taken = groups_by_class(targets[rest], groups[rest]), groups_by_class(targets[held], groups[held])
    for label, names in groups_by_class(targets, groups).items():
        assert left[label]
        assert abs(len(taken.get(label, ())) - 0.2 * len(names)) <= 1
        assert (label in taken) == (len(names) > 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_fractions_are_nested_and_have_every_class_by_whole_groups(seed: int) -> None:
    targets, groups = random_set(seed)
    drawn = [draw(targets, groups, fraction, seed) for fraction in FRACTIONS]
    for smaller, larger in pairwise(drawn):
        assert set(smaller) <= set(larger)
    for fraction, rows in zip(FRACTIONS, drawn, strict=True):
        assert set(rows) == set(np.flatnonzero(np.isin(groups, groups[rows])))
        by_class = groups_by_class(targets[rows], groups[rows])
        for label, names in groups_by_class(targets, groups).items():
            assert 1 <= len(by_class[label]) <= math.ceil(fraction * len(names))
            assert abs(len(by_class[label]) - fraction * len(names)) <= 1
    assert len(drawn[-1]) == len(targets)


def test_the_order_of_the_samples_decides_nothing() -> None:
    targets, groups = random_set(3)
    turned = slice(None, None, -1)
    assert set(groups[draw(targets, groups, 0.5, 7)]) == set(
        groups[turned][draw(targets[turned], groups[turned], 0.5, 7)]
    )


def test_another_class_moves_no_draw() -> None:
    targets, groups = random_set(4)
    few = targets < 3
    drawn = draw(targets, groups, 0.5, 7)
    assert set(groups[few][draw(targets[few], groups[few], 0.5, 7)]) == set(groups[drawn][targets[drawn] < 3])


def test_seeds_draw_differently() -> None:
    targets, groups = np.zeros(40, int), np.arange(40)
    assert len({tuple(draw(targets, groups, 0.5, seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("seed", SEEDS)
def test_balanced_classes_differ_by_less_than_a_group(seed: int) -> None:
    targets, groups = random_set(seed)
    drawn = balanced(targets, groups)
    assert set(drawn) == set(np.flatnonzero(np.isin(groups, groups[drawn])))
    least, largest = np.bincount(targets).min(), np.unique(groups, return_counts=True)[1].max()
    counts = np.bincount(targets[drawn], minlength=targets.max() + 1)
    assert (np.abs(counts - least) < largest).all()
    assert (counts > 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_images_that_are_groups_of_their_own_balance_exactly(seed: int) -> None:
    targets = random_set(seed)[0]
    drawn = balanced(targets, np.arange(len(targets)))
    assert set(np.bincount(targets[drawn])) == {np.bincount(targets).min()}


def test_balance_draws_the_same_whatever_the_order() -> None:
    targets, groups = random_set(3)
    turned = slice(None, None, -1)
    assert set(groups[balanced(targets, groups)]) == set(groups[turned][balanced(targets[turned], groups[turned])])


def test_several_labels_cannot_be_balanced() -> None:
    with pytest.raises(UserError, match="balance 'on' is for tasks whose images have one class"):
        balanced(np.zeros((4, 2), int), np.arange(4))


@pytest.mark.parametrize("options", [
    SplitOptions(),
    SplitOptions(0.5),
    SplitOptions(0.5, balance="on"),
    SplitOptions(validation_share=0.6),
    SplitOptions(validation="test", balance="on"),
])  # fmt: skip
@pytest.mark.parametrize("seed", SEEDS)
def test_rows_part_what_they_use(options: SplitOptions, seed: int) -> None:
    targets, groups = random_set(seed)
    rows = splits.rows(options, targets, groups, None, seed, seed + 1)
    assert not set(groups[rows.train]) & set(groups[rows.val])
    assert len(rows.train) <= rows.labelled <= len(targets)
    assert (len(rows.val) == 0) == (options.validation == "test")


@pytest.mark.parametrize("balance", ["off", "on"])
def test_validation_that_the_data_set_has_is_taken_as_it_is(balance: str) -> None:
    targets, groups = random_set(3)
    marks = (groups % 3 == 0).astype(int)
    rows = splits.rows(SplitOptions(0.5, balance=balance), targets, groups, None, 1, 2, marks)
    assert set(rows.val) <= set(np.flatnonzero(marks))
    assert not set(rows.train) & set(np.flatnonzero(marks))
    assert (len(rows.val) == marks.sum()) == (balance == "off")
    if balance == "off":
        assert rows.labelled == (marks == 0).sum()


def nested(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two levels' classes of the same samples in eight strata, and their groups: the coarse classes have four each."""
    strata, groups = random_set(seed)
    return strata % 2, strata, groups


@pytest.mark.parametrize("balance", ["off", "on"])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_one_level_trains_on_no_other_validates_on(seed: int, balance: str) -> None:
    coarse, strata, groups = nested(seed)
    below = coarse == 0
    whole = splits.rows(SplitOptions(balance=balance), coarse, groups, strata, seed, 0)
    part = splits.rows(SplitOptions(balance=balance), strata[below] // 4, groups[below], strata[below], seed, 0)
    assert not set(groups[whole.train]) & set(groups[below][part.val])
    assert not set(groups[whole.val]) & set(groups[below][part.train])
    if balance == "off":
        assert set(groups[below][part.val]) == set(groups[whole.val]) & set(groups[below])


def test_without_strata_the_classes_are_the_strata() -> None:
    targets, groups = random_set(5)
    default, explicit = (splits.rows(SplitOptions(), targets, groups, strata, 1, 2) for strata in (None, targets))
    assert (default.val == explicit.val).all()
    assert (default.train == explicit.train).all()


def test_a_cut_is_what_a_configuration_says() -> None:
    assert cut(config({})) == SplitOptions()
    values = {"label_fraction": 0.5, "validation_share": 0.3, "balance": "on", "subset": "random"}
    assert cut(config(values)) == SplitOptions(**values)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_a_validation_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(UserError, match=r"validation_share .* is outside \(0, 1\)"):
        holdout(np.zeros(3, int), np.arange(3), share, 0)


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, math.nan, math.inf])
def test_a_label_fraction_outside_its_range_is_refused(fraction: float) -> None:
    with pytest.raises(UserError, match=r"label_fraction .* is outside \(0, 1\]"):
        draw(np.zeros(3, int), np.arange(3), fraction, 0)


def test_classes_of_one_group_each_leave_nothing_to_validate_on() -> None:
    with pytest.raises(UserError, match="no group is left to validate on"):
        holdout(np.arange(5), np.arange(5), 0.2, 0)


def patients(seed: int, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """40 groups that all have the common class, each other one rarer and at least in three, shuffled."""
    rng = np.random.default_rng(seed)
    has = rng.random((40, classes)) < 0.5 ** np.arange(classes)
    has[:3] = True
    names, targets = np.nonzero(has)
    order = rng.permutation(len(names))
    return targets[order], names[order]


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_of_several_classes_leave_each_class_everywhere(seed: int) -> None:
    targets, groups = patients(seed)
    rest, held = holdout(targets, groups, 0.2, seed)
    assert sorted([*rest, *held]) == list(range(len(targets)))
    assert not set(groups[rest]) & set(groups[held])
    assert 8 <= len(set(groups[held])) <= 10
    drawn = [draw(targets, groups, fraction, seed) for fraction in FRACTIONS]
    assert all(set(smaller) <= set(larger) for smaller, larger in pairwise(drawn))
    assert len(drawn[-1]) == len(targets)
    for rows in (rest, held, *drawn):
        assert set(targets[rows]) == set(range(5))
        assert set(rows) == set(np.flatnonzero(np.isin(groups, groups[rows])))


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_of_several_classes_are_cut_by_class(seed: int) -> None:
    targets, groups = patients(seed)
    held = np.bincount(targets[holdout(targets, groups, 0.2, seed)[1]], minlength=5)
    assert np.abs(held - 0.2 * np.bincount(targets)).max() <= 3


def test_groups_of_several_classes_leave_as_many_as_asked_for() -> None:
    targets, groups = patients(0, 3)
    rare = groups[targets == 2]
    for seed in SEEDS:
        rest, held = holdout(targets, groups, 0.8, seed, leave=2)
        assert np.isin(rare, groups[rest]).sum() >= 2
        assert np.isin(rare, groups[held]).any()
