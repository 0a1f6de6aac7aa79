"""Several trials on a GPU: what is tried, what follows from the memory it took, and what is asked of CUDA."""

import os
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import ray
import torch

from study import bundles, families, gpu_memory, packing
from study.cluster import _part, line
from study.data import Prepared
from study.space import Space, choice, integers, uniform
from tests.toy_task import SMALL, task

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
    ([0.001], 80, 1000, packing.MOST),
    ([0], 80, 16, 16),
    ([], 80, 16, 16),
])  # fmt: skip
def test_a_share_holds_as_many_trials_as_memory_and_cpus_allow(needs, free, most, trials):
    assert packing.share(needs, free, most) == 10_000 // trials / 10_000


def test_so_many_shares_make_a_gpu_and_one_more_does_not():
    for trials in range(1, packing.MOST + 1):
        part = packing.share([], 0, trials)
        parts = round(part * 10_000)  # as Ray counts
        assert parts / 10_000 == part
        assert trials * parts <= 10_000 < (trials + 1) * parts
        assert int(1 / part) == trials


def cells(compared, **changes):
    return Space("toy", compared, **changes).cells()


def cases(found, absent=(), kept=4):
    return packing.cases(found, [FEW] * len(found), absent, kept)


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
    assert packing.bundle(heads, 3, 7, 5) == of * (10 * batch + 4 * (4 + stacked_or_as_began) * weights)


@pytest.mark.parametrize(("changes", "heads"), [
    ({"regime": "feature_extraction"}, bundles.MOST),
    ({"regime": "feature_extraction", "augment": 1.0}, 1),
    ({"regime": "fine_tune"}, 1),
])  # fmt: skip
def test_only_heads_on_fixed_features_are_trained_at_once(changes, heads):
    fixed = {"family": "resnet18", "augment": 0.0, "batch_size": 64} | changes
    tuned, baseline = {"lr": uniform(0.1, 0.5)}, {"lr": 0.1}
    (case,) = cases(cells({"label_fraction": (0.1, 1.0)}, fixed=fixed, tuned=tuned, baseline=baseline))
    assert case.bundle == packing.bundle(heads, 64, families.load("resnet18").features, len(FEW.classes))


def test_each_array_of_images_counts_once():
    large = replace(FEW, path="large")
    found = cells({"image_size": (32, 64), "lr": (0.1, 0.2)})
    sizes = [cell.values["image_size"] for cell in found]
    tried = packing.cases(found, [FEW if size == 32 else large for size in sizes], (), 4)
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
    said = []
    assert packing.chosen(TRIED, needs, 80 * GB, most, said.append) == part
    assert said == [line]


@pytest.mark.parametrize("there", [{"CPU": 4.0}, {"CPU": 4.0, "GPU": 0.6}])
def test_where_all_gpus_are_taken_nothing_is_tried(monkeypatch, there):
    monkeypatch.setattr("ray.available_resources", lambda: there)
    said = []
    assert packing.chosen(TRIED, *gpu_memory.needs(TRIED, Toy), 16, said.append) == 1.0
    assert said == ["1 trial a GPU: no GPU is free to try on"]


def test_a_cut_task_keeps_some_of_each_split_and_shares_nothing_with_the_whole():
    whole = task(train=50, held=20, test=True)
    few = gpu_memory.cut(whole, 10, 7)
    assert (len(few.train.images), len(few.val.images), few.test) == (10, 7, None)
    assert few.key != whole.key
    assert few.val_file != "train"  # else one split's images would be taken for the other's
    assert set(few.train.targets) == set(whole.train.targets)
    for part, split in ((few.train, whole.train), (few.val, whole.val)):
        rows = [int(np.flatnonzero((split.images == image).all((1, 2, 3)))[0]) for image in part.images]
        assert set(rows) <= set(split.index)
        np.testing.assert_array_equal(split.targets[np.searchsorted(split.index, rows)], part.targets)
    same = gpu_memory.cut(whole, 1000, 1000)
    np.testing.assert_array_equal(same.train.images, whole.train.images[whole.train.index])


@pytest.fixture
def attempted(monkeypatch):
    """Attempts a configuration on the toy task."""
    monkeypatch.setattr("study.data.open_data", lambda *_: task(train=50, held=20))

    def attempt(config, kept=4, bundle=0, **given):
        return gpu_memory.attempt(packing.Case("", config, FEW, 0, kept, bundle), "cpu", **given)

    return attempt


@pytest.fixture
def kept(attempted, monkeypatch):
    """The same, but nothing is trained: what it gives is the bytes of outputs that will be kept."""
    monkeypatch.setattr("study.trial.run", lambda *_: ())
    return attempted


@pytest.mark.parametrize(("config", "batches"), [
    (SMALL, [8, 8]),
    (replace(SMALL, regime="lp_ft", batch_size=16), [16] * 4),
    (replace(SMALL, regime="prototype"), []),
])  # fmt: skip
def test_two_steps_of_each_phase_are_tried(attempted, monkeypatch, config, batches):
    seen, loss = [], torch.nn.functional.cross_entropy

    def noted(logits, targets, **more):
        seen.extend([len(targets)] * logits.requires_grad)
        return loss(logits, targets, **more)

    monkeypatch.setattr("torch.nn.functional.cross_entropy", noted)
    attempted(config)
    assert seen == batches


WIDTH = families.load("small_cnn").features
EXTRACTION = replace(SMALL, regime="feature_extraction")


@pytest.mark.parametrize(("changes", "each", "rows"), [
    ({}, 4, 20),  # augmented anew in each epoch: validation's outputs alone
    ({"augment": 0.0}, 4, 20 + 50),
    ({"augment": 0.0}, 2, 20 + 50),
    ({"augment": 0.0}, 0, 0),
    ({"views": 3}, 4, 20 + 50),
    ({"freeze_batchnorm": "off"}, 4, 0),
    ({"regime": "fine_tune"}, 4, 0),
])  # fmt: skip
def test_outputs_that_will_be_kept_are_counted(kept, changes, each, rows):
    assert kept(replace(EXTRACTION, **changes), each) == rows * each * WIDTH


def test_trials_that_are_trained_together_hold_outputs_without_a_cache(kept):
    assert kept(replace(EXTRACTION, augment=0.0), 0, bundle=1) == (20 + 50) * 4 * WIDTH


def test_outputs_that_take_a_quarter_of_what_is_free_stay_off_the_device(kept):
    assert kept(replace(EXTRACTION, augment=0.0), free=4 * 50 * 4 * WIDTH) == 20 * 4 * WIDTH


def test_a_depth_that_may_be_tuned_upwards_keeps_outputs(kept):
    shallow, deeper = (kept(replace(SMALL, regime="partial_freeze", freeze_depth=depth)) for depth in (0, 1))
    assert shallow == deeper > 20 * 4 * WIDTH


def test_a_loss_that_is_no_number_leaves_the_memory_told(attempted, monkeypatch):
    def fails(*_):
        raise FloatingPointError("val loss is nan")

    monkeypatch.setattr("study.trial.run", fails)
    assert attempted(SMALL) == 0


CASE = packing.Case("", SMALL, FEW, 7, 4, 5)


@pytest.fixture
def gauge(monkeypatch):
    """A gauge of a made-up GPU of 1,000 bytes: a stranger has 100, a context takes 50, libraries 30 more."""
    left = iter([850, 600])
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (next(left), 1000))
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: None)
    monkeypatch.setattr("torch.cuda.reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda: 220)
    monkeypatch.setattr("torch.cuda.max_memory_reserved", lambda: 400)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: SimpleNamespace(stdout="800\n"))
    return gpu_memory.Gauge()


def test_a_need_is_the_peak_and_what_is_outside_torch_and_what_a_worker_keeps(gauge, monkeypatch):
    monkeypatch.setattr(gpu_memory, "attempt", lambda *_: 11)
    assert gauge.free() == 900
    assert gauge.need(CASE) == 400 + (900 - 600 - 220) + 11 + 7 + 5


def test_an_attempt_that_fails_says_why_in_a_line(gauge, monkeypatch):
    def fails(*_):
        raise MemoryError("CUDA out of memory.\nTried to allocate")

    monkeypatch.setattr(gpu_memory, "attempt", fails)
    assert gauge.need(CASE) == "MemoryError: CUDA out of memory."


def test_an_error_without_a_text_is_told_by_its_name():
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


DIES, SLEEPS = -1, -2


class Toy:
    """A gauge without a GPU: reports which of Ray's it was given."""

    def free(self):
        return 10 + int(ray.get_gpu_ids()[0])

    def need(self, case):
        if case.kept == SLEEPS:
            time.sleep(60)
        if case.kept == DIES:
            os._exit(1)
        return case.kept


def freed():
    """Wait for GPUs whose gauges have been killed: Ray takes a moment to count them as free."""
    until = time.monotonic() + 60
    while ray.available_resources().get("GPU", 0) < 2 and time.monotonic() < until:
        time.sleep(0.1)


@pytest.mark.slow
def test_all_gpus_are_looked_at_and_the_fullest_counts(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    ray.init(address="local", num_cpus=1, num_gpus=2, include_dashboard=False, log_to_driver=False)
    try:
        some = [CASE._replace(kept=number) for number in range(5)]
        assert gpu_memory.needs(some, Toy) == ([0, 1, 2, 3, 4], 10)
        freed()
        found, _ = gpu_memory.needs([*some, CASE._replace(kept=DIES)], Toy)
        assert len(found) == 6
        assert all("died" in each for each in found)
        freed()
        monkeypatch.setattr(gpu_memory, "PATIENCE", 4.0)
        assert gpu_memory.needs([CASE._replace(kept=SLEEPS)], Toy) == (["no answer in 4 s"], 0)
        freed()
        assert ray.available_resources()["GPU"] == 2
    finally:
        ray.shutdown()
