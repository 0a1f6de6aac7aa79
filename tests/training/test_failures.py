"""Any exception becomes a result, whatever its class does."""

import pickle
import sys

import pytest

from study.backend import session
from study.storage import plain_values
from study.training.failures import failure


class Refuses(Exception):
    def __str__(self):
        raise SystemExit(3)


class Number(Exception):
    def __str__(self):
        return 3


class Endless(Exception):
    def __str__(self):
        return str(self)


class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError


class OfNameless(Exception, metaclass=Nameless):
    pass


class Text(str):
    def __format__(self, how):
        raise ValueError


class OwnText(Exception):
    def __str__(self):
        return Text("a text")

    def __repr__(self):
        raise ValueError

    def __reduce__(self):
        raise TypeError


LONG = type(f"Two\nlines{300 * 'x'}", (Exception,), {})
GROUP = ExceptionGroup("two", [ValueError("a"), ExceptionGroup("one", [KeyError("b")])])
ODD = [
    (Refuses(), "Refuses: its text cannot be made (SystemExit)"),
    (Number(), "Number: its text cannot be made (TypeError)"),
    (Endless(), "Endless: its text cannot be made (RecursionError)"),
    (OfNameless("a text"), "OfNameless: a text"),
    (OwnText(), "OwnText: a text"),
    (GROUP, "ExceptionGroup: two (2 sub-exceptions)"),
    (OSError("photo \udcff\0"), "OSError: photo \\udcff\\x00"),
    (SystemExit(0), "SystemExit: 0"),
    (SystemExit("a text"), "SystemExit: a text"),
    (KeyboardInterrupt(), "KeyboardInterrupt"),
    (AssertionError(), "AssertionError"),
]


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(("error", "line"), ODD, ids=[line for _, line in ODD])
def test_an_exception_is_described_in_words_that_can_be_sent_and_written(error, line):
    result = failure(raised(error))
    assert result["failure"] == line
    assert "line" in result["traceback"]
    assert pickle.dumps(result)
    assert plain_values.plain(result) == result


@pytest.mark.parametrize("error", [ValueError(10**6 * "x"), LONG(10**6 * "\udcff")])
def test_a_description_is_of_a_bounded_length_and_its_name_one_line(error):
    result = failure(raised(error))
    assert len(result["failure"]) < plain_values.LONGEST
    assert len(result["traceback"]) <= plain_values.LONGEST
    assert "\n" not in result["failure"]
    assert plain_values.plain(result) == result


def test_many_frames_and_a_long_chain_are_described():
    def deep(left):
        return deep(left - 1) if left else 1 / 0

    def chained():
        error = ValueError(0)
        for number in range(2000):
            following = ValueError(number)
            following.__context__, error = error, following
        raise error

    def endless():
        endless()

    for fault in (lambda: deep(sys.getrecursionlimit() // 2), chained, endless):
        with pytest.raises((ZeroDivisionError, ValueError, RecursionError)) as caught:
            fault()
        result = failure(caught.value)
        assert result["failure"].startswith(caught.type.__name__)
        assert caught.type.__name__ in result["traceback"]


def test_what_ran_on_ray_is_described_in_a_line_whatever_its_class_does():
    assert session.line(Refuses()) == "Refuses: its text cannot be made (SystemExit)"
    assert session.line(ValueError("one\ntwo \udcff"), -1) == "ValueError: two \\udcff"
