"""Measuring the memory of trials: which images are cut, which steps run, which bytes count; without a GPU."""

import os
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import ray
import torch

from study.backend import gpu_attempts, gpu_memory, gpu_sharing
from study.data.prepare import Prepared
from study.models import families
from tests.support.toy_task import SMALL, task

FEW = Prepared("toy", "few", "toy", "", ["a", "b"], "accuracy", {"train": 100, "test": 50})


def test_a_cut_task_has_some_of_each_split_and_shares_nothing_with_the_whole():
    whole = task(train=50, held=20, test=True)
    few = gpu_attempts.cut(whole, 10, 7)
    assert (len(few.train.images), len(few.val.images), few.test) == (10, 7, None)
    assert few.key != whole.key
    assert few.val_file != "train"  # else one split's images would be taken for the other's
    assert set(few.train.targets) == set(whole.train.targets)
    for part, split in ((few.train, whole.train), (few.val, whole.val)):
        rows = [int(np.flatnonzero((split.images == image).all((1, 2, 3)))[0]) for image in part.images]
        assert set(rows) <= set(split.index)
        np.testing.assert_array_equal(split.targets[np.searchsorted(split.index, rows)], part.targets)
    same = gpu_attempts.cut(whole, 1000, 1000)
    np.testing.assert_array_equal(same.train.images, whole.train.images[whole.train.index])


@pytest.fixture
def attempted(monkeypatch):
    """Attempts a configuration on the toy task."""
    monkeypatch.setattr("study.data.prepare.open_data", lambda *_: task(train=50, held=20))

    def attempt(config, cache_itemsize=4, bundle=0, **options):
        return gpu_attempts.attempt(gpu_sharing.Case("", config, FEW, 0, cache_itemsize, bundle), "cpu", **options)

    return attempt


@pytest.fixture
def output_bytes(attempted, monkeypatch):
    """Gives the bytes of a configuration's cached outputs, without training."""
    monkeypatch.setattr("study.training.trial.run", lambda *_, **__: ())
    return attempted


@pytest.mark.parametrize(("config", "batches"), [
    (SMALL, [8, 8]),
    (replace(SMALL, regime="lp_ft", batch_size=16), [16] * 4),
    (replace(SMALL, regime="prototype"), []),
])  # fmt: skip
def test_two_steps_of_each_phase_are_tried(attempted, monkeypatch, config, batches):
    seen, loss = [], torch.nn.functional.cross_entropy

    def noted(logits, targets, **options):
        seen.extend([len(targets)] * logits.requires_grad)
        return loss(logits, targets, **options)

    monkeypatch.setattr("torch.nn.functional.cross_entropy", noted)
    attempted(config)
    assert seen == batches


WIDTH = families.load("small_cnn").features
EXTRACTION = replace(SMALL, regime="feature_extraction")


@pytest.mark.parametrize(("changes", "itemsize", "rows"), [
    ({}, 4, 20),  # augmented anew in each epoch: validation's outputs alone
    ({"augment": 0.0}, 4, 20 + 50),
    ({"augment": 0.0}, 2, 20 + 50),
    ({"augment": 0.0}, 0, 0),
    ({"views": 3}, 4, 20 + 50),
    ({"freeze_batchnorm": "off"}, 4, 0),
    ({"regime": "fine_tune"}, 4, 0),
])  # fmt: skip
def test_outputs_that_will_be_cached_are_counted(output_bytes, changes, itemsize, rows):
    assert output_bytes(replace(EXTRACTION, **changes), itemsize) == rows * itemsize * WIDTH


def test_trials_that_are_trained_together_hold_outputs_without_a_cache(output_bytes):
    assert output_bytes(replace(EXTRACTION, augment=0.0), 0, bundle=1) == (20 + 50) * 4 * WIDTH


def test_outputs_that_take_a_quarter_of_what_is_free_stay_off_the_device(output_bytes):
    assert output_bytes(replace(EXTRACTION, augment=0.0), free=4 * 50 * 4 * WIDTH) == 20 * 4 * WIDTH


def test_a_depth_that_may_be_tuned_upwards_caches_outputs(output_bytes):
    shallow, deeper = (output_bytes(replace(SMALL, regime="partial_freeze", freeze_depth=depth)) for depth in (0, 1))
    assert shallow == deeper > 20 * 4 * WIDTH


def test_a_loss_that_is_no_number_leaves_the_memory_measured(attempted, monkeypatch):
    def fails(*_, **__):
        raise FloatingPointError("val loss is nan")

    monkeypatch.setattr("study.training.trial.run", fails)
    assert attempted(SMALL) == 0


CASE = gpu_sharing.Case("", SMALL, FEW, 7, 4, 5)


@pytest.fixture
def gauge(monkeypatch):
    """A gauge of an imaginary GPU of 1,000 bytes: others use 100, a context takes 50, libraries 30 more."""
    left = iter([850, 600])
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (next(left), 1000))
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: None)
    monkeypatch.setattr("torch.cuda.reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda: 220)
    monkeypatch.setattr("torch.cuda.max_memory_reserved", lambda: 400)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: SimpleNamespace(stdout="800\n"))
    return gpu_memory.Gauge()


def test_a_need_is_the_peak_and_what_is_outside_torch_and_what_a_worker_keeps(gauge, monkeypatch):
    monkeypatch.setattr(gpu_attempts, "attempt", lambda *_: 11)
    assert gauge.free() == 900
    assert gauge.need(CASE) == 400 + (900 - 600 - 220) + 11 + 7 + 5


def test_an_attempt_that_fails_says_why_in_a_line(gauge, monkeypatch):
    def fails(*_):
        raise MemoryError("CUDA out of memory.\nTried to allocate")

    monkeypatch.setattr(gpu_attempts, "attempt", fails)
    assert gauge.need(CASE) == "MemoryError: CUDA out of memory."


DIES, SLEEPS = -1, -2


class Toy:
    """A gauge without a GPU: its free bytes name the one of Ray's GPUs that it has."""

    def __init__(self, code):
        assert code == ()

    def free(self):
        return 10 + int(ray.get_gpu_ids()[0])

    def need(self, case):
        if case.cache_itemsize == SLEEPS:
            time.sleep(60)
        if case.cache_itemsize == DIES:
            os._exit(1)
        return case.cache_itemsize


def freed():
    """Wait for GPUs whose gauges have been killed: Ray takes a moment to count them as free."""
    until = time.monotonic() + 60
    while ray.available_resources().get("GPU", 0) < 2 and time.monotonic() < until:
        time.sleep(0.1)


@pytest.mark.nightly
def test_all_gpus_are_looked_at_and_the_fullest_counts(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    ray.init(address="local", num_cpus=1, num_gpus=2, include_dashboard=False, log_to_driver=False)
    try:
        some = [CASE._replace(cache_itemsize=number) for number in range(5)]
        assert gpu_memory.needs(some, Toy) == ([0, 1, 2, 3, 4], 10)
        freed()
        reasons, _ = gpu_memory.needs([*some, CASE._replace(cache_itemsize=DIES)], Toy)
        assert len(reasons) == 6
        assert all("died" in reason for reason in reasons)
        freed()
        monkeypatch.setattr(gpu_memory, "PATIENCE", 4.0)
        assert gpu_memory.needs([CASE._replace(cache_itemsize=SLEEPS)], Toy) == (["no answer in 4 s"], 0)
        freed()
        assert ray.available_resources()["GPU"] == 2
    finally:
        ray.shutdown()
