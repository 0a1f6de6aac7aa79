"""Outputs of frozen stages are computed once, and trials that start from them get the very same scores."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from study.models import families
from study.space.config import Config
from study.storage import cooperative, store
from study.training import feature_cache, setup, trial
from study.training.feature_cache import Cache
from study.training.trial import CacheSettings
from tests.support.toy_task import SMALL, task

ROOM = CacheSettings(10**9, False, "code")
QUICK = ("small_cnn", "efficientnet_lite0")


def marks(name, depth, stages):
    """The first stage frozen, or all: quick tests for two families, slow ones for the rest. Other depths: nightly."""
    if depth not in (1, stages):
        return pytest.mark.nightly
    return [] if name in QUICK else pytest.mark.slow


CASES = [
    pytest.param(name, depth, marks=marks(name, depth, stages))
    for name in families.names()
    for stages in [len(families.load(name).stages)]
    for depth in range(stages + 1)
]


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(feature_cache, "_refused", set())
    return tmp_path / "store" / "features"


def outcome(config, cache, epochs=2, data=None):
    rows = []
    for report in trial.run(config, data or DATA, 7, epochs=epochs, cache=cache):
        rows += [{key: value for key, value in row.items() if key != "seconds"} for row in report.rows]
        model = report.model()
    return rows, model


DATA = task(train=20, held=6, test=True)
SMALLER = task(train=20, held=6, size=16, test=True)


def same(config, epochs=2, data=None):
    (plain, one), (cached, two) = (outcome(config, cache, epochs, data) for cache in (trial.NO_CACHE, ROOM))
    assert plain == cached
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize(("family", "depth"), CASES)
def test_every_family_at_every_depth_gets_the_same_to_the_bit(family, depth, own_store):
    config = Config(
        family=family, weights="none", regime="partial_freeze", freeze_depth=depth, batch_size=16, lr=3e-3, views=2
    )
    same(config)
    assert len(list(own_store.glob("*/manifest.json"))) == bool(depth) * (
        3 + (depth == len(families.load(family).stages))
    )


@pytest.mark.parametrize("change", [
    {"regime": "feature_extraction"},
    pytest.param({"regime": "feature_extraction", "augment": 0.0, "views": None}, marks=pytest.mark.slow),
    {"regime": "feature_extraction", "batch_size": 3, "head": "16"},
    pytest.param({"regime": "lp_ft"}, marks=pytest.mark.slow),
    {"regime": "stage_rates", "stage_rates": "0/0/1/0"},
    {"regime": "partial_freeze", "freeze_depth": 2, "views": None},
    {"regime": "partial_freeze", "freeze_depth": 2, "freeze_batchnorm": "off"},
    pytest.param({"regime": "partial_freeze", "freeze_depth": 2, "upsample": 48}, marks=pytest.mark.slow),
    pytest.param({"regime": "partial_freeze", "freeze_depth": 2, "batchnorm_epsilon": 0.1}, marks=pytest.mark.slow),
])  # fmt: skip
def test_every_way_to_freeze_gets_the_same_to_the_bit(change):
    same(replace(SMALL, **{"views": 2} | change), epochs=4, data=SMALLER)


@pytest.mark.parametrize("count", [5, *(pytest.param(count, marks=pytest.mark.slow) for count in (17, 33, 64))])
def test_any_number_of_labels_gets_the_same_to_the_bit(count):
    same(replace(SMALL, regime="partial_freeze", freeze_depth=3, views=1), data=task(train=count, held=7))


def test_the_first_validation_of_published_weights_is_any_trials_to_the_bit(own_store):
    config = Config(family="efficientnet_lite0", weights="imagenet", batch_size=32, augment=0.0)
    data = task(train=40, held=70)  # a whole batch, and one that is too small for other trials' outputs
    for change in ({"regime": "fine_tune"}, {"regime": "partial_freeze", "freeze_depth": 4}):
        same(replace(config, **change), epochs=1, data=data)
    depths = sorted(json.loads(path.read_text())["key"]["depth"] for path in own_store.glob("*/manifest.json"))
    assert depths == [4, 4, 5]  # validation and training of the one, the first validation of both


def test_a_second_trial_runs_no_frozen_stage(monkeypatch):
    config = replace(SMALL, regime="feature_extraction", views=1, weights="none")
    outcome(config, ROOM)
    monkeypatch.setattr(feature_cache, "_batches", lambda *_: pytest.fail("computed again"))
    outcome(replace(config, lr=1e-4), ROOM)


def test_without_fixed_views_only_validation_is_cached(own_store):
    outcome(replace(SMALL, regime="partial_freeze", freeze_depth=2), ROOM)
    assert len(list(own_store.glob("*/manifest.json"))) == 1


def test_other_weights_rows_views_and_input_are_other_entries(own_store):
    config = replace(SMALL, regime="partial_freeze", freeze_depth=2, views=1)
    for change in ({}, {"normalization": "unit"}, {"augment": 0.5}, {"batchnorm_epsilon": 0.1}):
        outcome(replace(config, **change), ROOM, 1)
    assert len(list(own_store.glob("*/manifest.json"))) == 7  # validation sees no augmentation


def test_half_precision_moves_scores_a_little():
    config = replace(SMALL, regime="partial_freeze", freeze_depth=2, views=1)
    data = task(train=40, held=12, test=True)  # one image more or less moves a score of few images too far
    exact, half = (outcome(config, cache, data=data)[0] for cache in (ROOM, ROOM._replace(half=True)))
    losses = [[row["score"] for row in rows if row["metric"] == "loss"] for rows in (exact, half)]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[0], losses[1], atol=0.05)


def test_outputs_that_do_not_fit_are_not_cached_and_the_scores_are_the_same(own_store):
    config = replace(SMALL, regime="partial_freeze", freeze_depth=1, views=1)
    assert outcome(config, ROOM._replace(budget=1000))[0] == outcome(config, trial.NO_CACHE)[0]
    assert not list(own_store.glob("*/manifest.json"))


def test_a_store_that_cannot_be_written_costs_time_only(own_store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    config = replace(SMALL, regime="feature_extraction", views=1)
    expected = outcome(config, trial.NO_CACHE)[0]
    monkeypatch.setattr(cooperative, "make", full)
    assert outcome(config, ROOM)[0] == expected


def test_the_oldest_entry_is_evicted(own_store):
    config = replace(SMALL, regime="feature_extraction", views=1)
    entry = 20 * 256 * 4
    for change in range(6):
        outcome(replace(config, augment=0.1 + 0.1 * change), ROOM._replace(budget=3 * entry), 1)
    sizes = [
        sum(size for size, _ in store.open_entry(path.parent).files.values())
        for path in own_store.glob("*/manifest.json")
    ]
    assert 0 < sum(sizes) <= 3 * entry


@pytest.mark.parametrize("count", [43, 200])
def test_processes_that_need_the_same_outputs_each_compute_a_part(monkeypatch, count):
    computed = []
    fill = feature_cache._fill
    monkeypatch.setattr(feature_cache, "PART", 1)
    monkeypatch.setattr(
        feature_cache,
        "_fill",
        lambda folder, number, **options: computed.append(number) or fill(folder, number, **options),
    )
    parts = setup.assemble(SMALL, task(train=count, held=7), 0, "cpu")
    parts.net.freeze(range(4))
    train, results = parts.feeds["train"], []

    def compute():
        results.append(Cache({}, 10**9).outputs(parts.net, train, "t", None, train.pixels))

    threads = [threading.Thread(target=compute) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(computed) == list(range(-(-count // 64)))
    alone = feature_cache._computed(parts.net, train, train.pixels)
    assert len(results) == 4
    assert all(torch.equal(outputs.arrays[0], alone.arrays[0]) for outputs in results)
