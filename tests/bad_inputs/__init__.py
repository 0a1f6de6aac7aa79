"""Mistakes that a command is to meet with one clear line: tables of them, by what is wrong."""

from tests.bad_inputs import (
    bounds,
    data,
    environment,
    hostile_images,
    hostile_networks,
    hostile_results,
    hostile_tables,
    images,
    inspections,
    layouts,
    links,
    networks,
    numbers,
    options,
    others,
    own_code,
    ranks,
    results,
    spaces,
    weights,
)
from tests.bad_inputs.case import Case

PARTS = (
    *(options, numbers, spaces, bounds, environment, data, images, hostile_images, weights),
    *(
        results,
        links,
        hostile_results,
        hostile_networks,
        hostile_tables,
        networks,
        own_code,
        others,
        ranks,
        inspections,
        layouts,
    ),
)
CASES: list[Case] = [case for part in PARTS for case in part.CASES]
