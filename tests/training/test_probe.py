"""Probes are cross-validated in whole groups, and fit what scikit-learn fits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from study.errors import UserError
from study.training import probe


def drawn(images: int = 120, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features that tell classes apart with some error."""
    draw = np.random.default_rng(seed)
    targets = np.arange(images) % classes
    features = draw.normal(size=(images, 8)) + 2 * np.eye(8)[targets]
    return features.astype(np.float32), targets


def test_folds_test_each_image_once_and_never_split_a_group():
    _, targets = drawn()
    groups = np.repeat(np.arange(40), 3)
    folds = probe.folds(targets, groups, len(targets), 0)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(120))
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_folds_have_the_same_share_of_each_class():
    _, targets = drawn()
    for fold in probe.folds(targets, np.arange(120), 120, 0):
        assert np.bincount(targets[fold.test]).tolist() == [8, 8, 8]


def test_a_fold_trains_on_as_many_images_as_are_labelled():
    _, targets = drawn()
    folds = probe.folds(targets, np.arange(120), 24, 0)
    assert [len(fold.train) for fold in folds] == [24] * 5


@pytest.mark.parametrize("targets", [np.arange(8) % 2, np.zeros(40, int), np.zeros((40, 3), int)])
def test_too_few_groups_are_refused(targets):
    with pytest.raises(UserError, match="cross-validation in 5 folds needs at least"):
        probe.folds(targets, np.arange(len(targets)), len(targets), 0)


def test_frames_of_one_object_count_once():
    _, targets = drawn()
    with pytest.raises(UserError, match="120 images in 6 groups"):
        probe.folds(targets, np.arange(120) % 6, 120, 0)


def test_several_labels_are_stratified_by_the_rarest():
    targets = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [-1, 1, -1], [1, 0, 0]])
    assert probe.strata(targets).tolist() == [1, 0, 3, 1, 0]


@pytest.mark.parametrize("strength", [1e-3, 1e-2])
def test_the_fit_is_scikit_learns(strength):
    features, targets = drawn()
    reference = LogisticRegression(C=strength, tol=1e-8, max_iter=1000).fit(features, targets)
    expected = reference.decision_function(features)
    found = probe.logits(features, probe.fit(features, targets, 3, strength))
    center = lambda scores: scores - scores.mean(1, keepdims=True)  # noqa: E731
    np.testing.assert_allclose(center(found), center(expected), atol=5e-3)


def test_the_fit_of_several_labels_is_scikit_learns_without_what_is_unknown():
    features, targets = drawn()
    several = np.stack([targets == 0, targets != 1], 1).astype(int)
    several[:10, 1] = -1
    reference = LogisticRegression(C=1e-2, tol=1e-8, max_iter=1000).fit(features[10:], several[10:, 1])
    found = probe.logits(features, probe.fit(features, several, 2, 1e-2))
    np.testing.assert_allclose(found[:, 1], reference.decision_function(features), atol=5e-3)


def test_a_rotation_of_wide_features_leaves_the_answers():
    features, targets = drawn(60)
    wide = np.concatenate([features, np.random.default_rng(1).normal(size=(60, 80))], 1).astype(np.float32)
    fold = probe.folds(targets, np.arange(60), 60, 0)[0]
    found = probe.linear(wide, targets, 3, fold, np.arange(60))
    mean, deviation = wide[fold.train].mean(0), wide[fold.train].std(0)
    scaled = (wide - mean) / deviation
    plain = [probe.logits(scaled[fold.test], probe.fit(scaled[fold.train], targets[fold.train], 3, each)) for each in
             probe.STRENGTHS]  # fmt: skip
    assert min(np.abs(found - each).max() for each in plain) < 0.02


def test_neighbours_vote_by_cosine():
    features = np.array([[1, 0], [2, 0.1], [0, 1], [0.1, 3], [5, 0.2]], np.float32)
    fold = probe.Fold(np.arange(4), np.array([4]))
    votes = probe.neighbours(features, np.array([0, 0, 1, 1, 0]), 2, fold)
    assert votes.sum() == pytest.approx(1)
    assert votes[0, 0] > 0.99


def test_classes_with_few_groups_are_named():
    targets = np.array([0] * 10 + [1] * 10 + [2] * 3)
    assert probe.scarce(targets, np.arange(23)) == [2]
