"""Made-up searches: their best is 0, they can be repeated, and what TPE may see changes them."""

import pytest

from benchmarks import history


@pytest.mark.parametrize(("objective", "best"), [
    (history.OBJECTIVES[0], {"lr": 3e-3, "weight_decay": 1e-3, "smoothing": 0.1}),
    (
        history.OBJECTIVES[1],
        {"lr": 3e-3, "weight_decay": 1e-3, "epsilon": 1e-6, "dropout": 0.3, "smoothing": 0.3, "optimizer": "adamw"},
    ),
])  # fmt: skip
def test_the_best_is_zero(objective, best):
    assert best.keys() == objective.tuned.keys()
    assert objective.score(best) == pytest.approx(0, abs=1e-12)
    assert all(objective.score(best | {name: 1.1 * best[name]}) < 0 for name in ("lr", "weight_decay", "smoothing"))


def test_a_search_can_be_repeated_and_depends_on_what_tpe_sees():
    one = history.OBJECTIVES[0]
    found = history.shortfall(one, 1000, 40, 1)
    assert found == history.shortfall(one, 1000, 40, 1) >= 0
    assert found != history.shortfall(one, 12, 40, 1)
