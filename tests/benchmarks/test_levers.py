"""A lever's line says what was measured: in turn, as medians, and how many times better it is with the lever."""

import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from benchmarks import _pairs, levers
from benchmarks._levers_steps import Bench
from benchmarks._pairs import Row


def test_ways_are_measured_in_turn():
    calls = []
    ways = (lambda: calls.append("with") or 1.0), (lambda: calls.append("without") or 2.0)
    row = _pairs.compare("lever", "2×", "s", ways, 3)
    assert calls == ["with", "without"] * 3
    assert _pairs.gains(row) == [2, 2, 2]


def test_of_a_rate_more_is_better():
    assert _pairs.gains(Row("lever", "", _pairs.RATE, [6.0], [3.0])) == [2]


def test_line():
    row = Row("lever", "3×", "s", [1.0, 0.5, 0.25], [2.0, 3.0, 1.0])
    assert _pairs.line(row) == "| lever | 3× | s | 0.5 | 2 | 4× (2–6) |"


@pytest.mark.parametrize(("value", "text"), [(17700.4, "17,700"), (21.66, "21.7"), (4e-5, "0.00004")])
def test_number(value, text):
    assert _pairs.number(value) == text


def test_seconds_repeats_what_is_short():
    calls = []
    assert _pairs.seconds(lambda: calls.append(math.factorial(1000)), "cpu", least=0.01) > 0
    assert len(calls) > 1


def test_layouts_do_the_same_work():
    net = nn.Sequential(nn.Conv2d(3, 43, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    layouts = torch.channels_last, torch.contiguous_format
    first, second = (Bench(deepcopy(net), "cpu", layout).step().item() for layout in layouts)
    assert first == pytest.approx(second)


@pytest.mark.slow
def test_command(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert levers.main(["--only", "decoded_once", "frozen_compared", "--repeats", "1", "--json", str(file)]) == 0
    assert capsys.readouterr().out.count("\n") == 4
    assert file.stat().st_size > 0
