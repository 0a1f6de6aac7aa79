"""Hyperparameters: each has its types, and a value of another type is named."""

import re

import numpy as np
import pytest

from study.errors import UserError
from study.space.config import KINDS, NAMES, Config, config


def test_the_defaults_have_their_own_types():
    assert config({}) == Config()
    assert config({name: getattr(Config(), name) for name in NAMES}) == Config()
    assert set(KINDS) == set(NAMES)


@pytest.mark.parametrize("values", [{"lr": 1}, {"crop": "roi"}, {"crop": None}, {"freeze_depth": 2}, {"lr": 1e100}])
def test_values_of_the_right_type_pass(values):
    assert config(values) == Config(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": 1}, "unknown hyperparameter 'learning_rate'; one of task, family"),
        ({"image_size": "32"}, "image_size '32' (str) must be an int"),
        ({"image_size": 32.0}, "image_size 32.0 (float) must be an int"),
        ({"image_size": np.int64(32)}, "image_size np.int64(32) (int64) must be an int"),
        ({"batch_size": True}, "batch_size True (bool) must be an int"),
        ({"lr": None}, "lr None (NoneType) must be a finite float or int"),
        ({"lr": False}, "lr False (bool) must be a finite float or int"),
        ({"lr": float("nan")}, "lr nan (float) must be a finite float or int"),
        ({"lr": float("inf")}, "lr inf (float) must be a finite float or int"),
        ({"lr": 10**400}, "(int) must be a finite float or int"),
        ({"lr": np.float64(0.1)}, "lr np.float64(0.1) (float64) must be a finite float or int"),
        ({"family": None}, "family None (NoneType) must be a str"),
        ({"crop": 3}, "crop 3 (int) must be a str or None"),
        ({"freeze_depth": 2.0}, "freeze_depth 2.0 (float) must be an int or None"),
        ({"lr": np.zeros((99, 2))}, "lr array([[0., 0.], [0., 0.],"),
    ],
)
def test_another_type_is_named_in_one_line(values, message):
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        config(values)
    assert "\n" not in str(caught.value)
