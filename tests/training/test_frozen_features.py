"""Frozen features are entries that trials read; what is done of them before a stop stays."""

from dataclasses import replace

import numpy as np
import pytest

from study.training import feature_cache, frozen_features, trial
from study.training.trial import CacheSettings
from tests.support import toy_task

CONFIG = replace(toy_task.SMALL, regime="feature_extraction", augment=0.0, dropout=0.0)
CACHE = CacheSettings(10**9, False, "this code")


def extracted(data, **more):
    return frozen_features.extract(CONFIG, data, 7, device="cpu", cache=CACHE, **more)


def test_features_are_of_training_and_validation_in_their_order_and_read_the_second_time():
    data = toy_task.task()
    first, second = extracted(data), extracted(data)
    assert (first.computed, second.computed) == (26, 0)
    assert first.values.shape == (26, 256)
    np.testing.assert_array_equal(first.values, second.values)
    assert (first.parameters > 0, first.macs > 0, second.images_per_second > 0) == (True, True, True)


def test_a_trial_of_frozen_features_computes_nothing_anew(monkeypatch):
    data = toy_task.task()
    extracted(data)
    monkeypatch.setattr(feature_cache, "_fill", lambda *args, **more: pytest.fail("computed anew"))
    assert len(list(trial.run(CONFIG, data, 7, epochs=2, cache=CACHE))) == 3


def test_parts_that_are_done_survive_an_interruption(monkeypatch):
    monkeypatch.setattr(feature_cache, "PART", 1)  # 64 images
    data, seen = toy_task.task(train=256, held=30), []

    def stop(images):
        seen.append(images)
        if len(seen) == 4:  # the first batch twice
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extracted(data, progress=stop)
    assert extracted(data).computed == 2 * 64 + 2 * 30  # two of four parts, and validation with its first batch
