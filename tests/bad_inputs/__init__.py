"""Mistakes that a command is to meet with one clear line: tables of them, by what is wrong."""

from tests.bad_inputs import data, images, options, results, spaces, weights
from tests.bad_inputs.case import Case

CASES: list[Case] = [case for part in (options, spaces, data, images, weights, results) for case in part.CASES]
