"""Several trials on a GPU: which configurations are measured, and the share that follows from their memory."""

from dataclasses import replace

import pytest

from study.backend import gpu_memory, gpu_sharing
from study.backend.session import _part, line
from study.data.prepare import Prepared
from study.models import families
from study.search import bundles
from study.space import Space, choice, integers, uniform

GB = 10**9
FEW = Prepared("toy", "few", "toy", "", ["a", "b"], "accuracy", {"train": 100, "test": 50})


@pytest.mark.parametrize(("needs", "free", "most", "trials"), [
    ([10], 80, 99, 8),
    ([10, 30, 20], 80, 99, 2),  # the largest decides
    ([10], 79.9, 99, 7),
    ([10], 80, 3, 3),
    ([10], 80, 2.67, 2),
    ([10], 80, 0.5, 1),  # less than one trial's CPUs beside each GPU
    ([100], 80, 99, 1),  # it does not fit: the trial itself will say so
    ([10], 0, 99, 1),  # nothing is free
    ([0.001], 80, 1000, gpu_sharing.MOST),
    ([0], 80, 16, 16),
    ([], 80, 16, 16),
])  # fmt: skip
def test_a_share_holds_as_many_trials_as_memory_and_cpus_allow(needs, free, most, trials):
    assert gpu_sharing.share(needs, free, most) == 10_000 // trials / 10_000


def test_so_many_shares_make_a_gpu_and_one_more_does_not():
    for trials in range(1, gpu_sharing.MOST + 1):
        part = gpu_sharing.share([], 0, trials)
        parts = round(part * 10_000)  # as Ray counts
        assert parts / 10_000 == part
        assert trials * parts <= 10_000 < (trials + 1) * parts
        assert int(1 / part) == trials


def cells(compared, **changes):
    return Space("toy", compared, **changes).cells()


def cases(grid, absent=()):
    return gpu_sharing.cases(grid, [FEW] * len(grid), absent, 4)


def test_of_cells_that_take_as_much_memory_the_one_with_most_labels_is_tried():
    grid = {"regime": ("scratch", "fine_tune"), "label_fraction": (0.1, 1.0, 0.5), "lr": (0.1, 0.2)}
    tried = cases(cells(grid))
    assert [(case.config.regime, case.config.label_fraction) for case in tried] == [
        ("scratch", 1.0),
        ("fine_tune", 1.0),
    ]


def test_cells_that_are_not_run_are_not_tried():
    assert [case.name for case in cases(cells({"regime": ("scratch", "fine_tune")}), absent={0})] == [
        "regime=fine_tune"
    ]


def test_a_cell_is_tried_at_the_end_that_takes_most():
    tuned = {"batch_size": choice(64, 256, 128), "freeze_depth": integers(1, 3)}
    baseline = {"batch_size": 64, "freeze_depth": 2}
    (case,) = cases(cells({"regime": ("partial_freeze",)}, tuned=tuned, baseline=baseline))
    assert (case.config.batch_size, case.config.freeze_depth) == (256, 1)


def test_choices_are_tried_one_at_a_time():
    tuned = {
        "batch_size": choice(64, 256),
        "optimizer": choice("adamw", "sgd"),
        "head": choice("linear", "512", "512-256"),
        "dropout": uniform(0.1, 0.5),
        "lr": uniform(0.1, 0.5),
    }
    baseline = {"batch_size": 64, "optimizer": "sgd", "head": "512", "dropout": 0.2, "lr": 0.1}
    tried = cases(cells({"regime": ("fine_tune",)}, tuned=tuned, baseline=baseline))
    assert {(case.config.batch_size, case.config.lr) for case in tried} == {(256, 0.1)}
    assert [(case.name, case.config.optimizer, case.config.head) for case in tried] == [
        ("regime=fine_tune", "sgd", "512"),
        ("regime=fine_tune with optimizer=adamw", "adamw", "512"),
        ("regime=fine_tune with head=linear", "sgd", "linear"),
        ("regime=fine_tune with head=512-256", "sgd", "512-256"),
    ]


def test_an_augmentation_that_may_be_none_is_tried_without():
    tuned, baseline = {"augment": uniform(0, 1)}, {"augment": 0.5}
    tried = cases(cells({"regime": ("fine_tune",)}, tuned=tuned, baseline=baseline))
    assert [case.config.augment for case in tried] == [0.5, 0]


@pytest.mark.parametrize(("heads", "of"), [(1, 0), (2, 2), (32, 32)])
def test_heads_that_are_trained_at_once_take_their_batches_and_weights(heads, of):
    weights, batch = 5 * 7, 3 * 7  # of 7 features: 5 classes, 3 images
    stacked_or_as_began = 4
    assert gpu_sharing.bundle(heads, 3, 7, 5) == of * (10 * batch + 4 * (4 + stacked_or_as_began) * weights)


@pytest.mark.parametrize(("changes", "heads"), [
    ({"regime": "feature_extraction"}, bundles.MOST),
    ({"regime": "feature_extraction", "augment": 1.0}, 1),
    ({"regime": "fine_tune"}, 1),
])  # fmt: skip
def test_only_heads_on_fixed_features_are_trained_at_once(changes, heads):
    fixed = {"family": "resnet18", "augment": 0.0, "batch_size": 64} | changes
    tuned, baseline = {"lr": uniform(0.1, 0.5)}, {"lr": 0.1}
    (case,) = cases(cells({"label_fraction": (0.1, 1.0)}, fixed=fixed, tuned=tuned, baseline=baseline))
    assert case.bundle == gpu_sharing.bundle(heads, 64, families.load("resnet18").features, len(FEW.classes))


def test_each_array_of_images_counts_once():
    large = replace(FEW, path="large")
    grid = cells({"image_size": (32, 64), "lr": (0.1, 0.2)})
    sizes = [cell.values["image_size"] for cell in grid]
    tried = gpu_sharing.cases(grid, [FEW if size == 32 else large for size in sizes], (), 4)
    assert {case.images for case in tried} == {150 * 3 * (32**2 + 64**2)}


TRIED = cases(cells({"regime": ("scratch", "fine_tune")}))


@pytest.mark.parametrize(("needs", "most", "part", "line"), [
    ([GB, 5 * GB], 16, 0.0769, "13 trials a GPU: the largest cell needs 6.0 of 80.0 GB free (regime=fine_tune)"),
    ([5 * GB, GB], 4.5, 0.25, "4 trials a GPU: the largest cell needs 6.0 of 80.0 GB free (regime=scratch); "
                              "there is room for 13, but no more CPUs"),
    ([GB, 70 * GB], 16, 1.0, "1 trial a GPU: the largest cell needs 84.0 of 80.0 GB free (regime=fine_tune)"),
    ([GB, "OutOfMemoryError: no"], 16, 1.0, "1 trial a GPU: regime=fine_tune could not be tried on one "
                                            "(OutOfMemoryError: no)"),
])  # fmt: skip
def test_a_line_says_how_many_and_why(needs, most, part, line):
    lines = []
    assert gpu_sharing.chosen(TRIED, needs, 80 * GB, most, lines.append) == part
    assert lines == [line]


@pytest.mark.parametrize("there", [{"CPU": 4.0}, {"CPU": 4.0, "GPU": 0.6}])
def test_where_all_gpus_are_taken_nothing_is_tried(monkeypatch, there):
    monkeypatch.setattr("ray.available_resources", lambda: there)
    lines = []
    assert gpu_sharing.chosen(TRIED, *gpu_memory.needs(TRIED), 16, lines.append) == 1.0
    assert lines == ["1 trial a GPU: no GPU is free to try on"]


def test_an_error_without_a_text_is_described_by_its_name():
    assert line(MemoryError()) == "MemoryError: "


@pytest.mark.parametrize(("there", "gpus", "alone", "part"), [
    ({"CPU": 16.0, "GPU": 2.0}, None, False, 1.0),
    ({"CPU": 16.0}, None, False, 0.0),
    ({"CPU": 16.0, "GPU": 2.0}, 0.5, False, 0.5),
    ({"CPU": 16.0, "GPU": 2.0}, lambda most: most, False, 4.0),  # 16 CPUs, 2 a trial, beside two GPUs
    ({"CPU": 16.0}, lambda most: 1 / 0, False, 0.0),  # nothing to be tried on
    ({"CPU": 16.0, "GPU": 1.0}, lambda most: 1 / 0, True, 1.0),  # one trial at a time shares with none
    ({"CPU": 1.0, "GPU": 1.0}, lambda most: 1 / 0, False, 1.0),  # refused for its CPUs
])  # fmt: skip
def test_who_asks_for_packing_gets_it_where_there_are_gpus(there, gpus, alone, part):
    assert _part(there, 2.0, gpus, alone) == part
