import pandas as pd
import pytest

from analysis.numbers.memo import once, remembering

calls = []


@pytest.fixture(scope="module", autouse=True)
def remembered():
    """Replace the shared fixture: here only the tests themselves cache results."""


@once
def total(df, name="a"):
    calls.append(name)
    return df[[name]].sum().to_frame()


def test_results_are_computed_once_while_remembering_and_each_time_otherwise():
    one, two = pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.DataFrame({"a": [5]})
    calls.clear()
    assert total(one).equals(total(one))
    assert calls == ["a", "a"]
    with remembering():
        first = total(one)
        first.iloc[0, 0] = 99  # a caller's copy is its own
        assert (total(one).iloc[0, 0], total(one, "b").iloc[0, 0], total(two).iloc[0, 0]) == (3, 7, 5)
        assert calls == ["a", "a", "a", "b", "a"]
    one.loc[0, "a"] = 10
    assert total(one).iloc[0, 0] == 12
