"""Mistakes that a command is to meet with one clear line: tables of them, by what is wrong."""

from tests.bad_inputs import (
    bounds,
    data,
    environment,
    hostile_images,
    images,
    links,
    options,
    others,
    results,
    spaces,
    weights,
)
from tests.bad_inputs.case import Case

PARTS = (options, spaces, bounds, environment, data, images, weights, results, links, others, hostile_images)
CASES: list[Case] = [case for part in PARTS for case in part.CASES]
