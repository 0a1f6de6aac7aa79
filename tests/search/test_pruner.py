"""A cell's early stopping: Ray's own, with objectives of any size."""

from study.search.pruner import asha


def test_a_huge_objective_stops_nobody_better_and_breaks_nothing():
    stops = asha(9, 1, 3)()
    decided = {objective: stops(str(objective), 1, objective) for objective in (1e300, -1e300, 1e-300, 0.0, 1e301)}
    assert decided[-1e300]
    assert not decided[1e301]
