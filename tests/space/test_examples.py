"""The examples in docstrings hold."""

import doctest

import pytest

from study.space import distributions, settings, space


@pytest.mark.parametrize("module", [distributions, settings, space])
def test_the_examples_of_a_module(module):
    result = doctest.testmod(module)
    assert (result.failed, result.attempted > 0) == (0, True)
