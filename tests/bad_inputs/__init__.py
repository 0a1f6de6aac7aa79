"""Mistakes that a command is to meet with one clear line: tables of them, by what is wrong."""

from tests.bad_inputs import (
    data,
    hostile_networks,
    hostile_results,
    hostile_tables,
    images,
    options,
    others,
    results,
    spaces,
    weights,
)
from tests.bad_inputs.case import Case

PARTS = (options, spaces, data, images, weights, results, others, hostile_results, hostile_networks, hostile_tables)
CASES: list[Case] = [case for part in PARTS for case in part.CASES]
