import subprocess
import sys

import pytest

from study.config import UserError
from study.regimes import ALL, READS_FREEZE_DEPTH, REGIMES, Phase, multipliers, regime, spans


@pytest.mark.parametrize("name", REGIMES)
def test_every_listed_regime_is_known(name):
    depth = 1 if name in READS_FREEZE_DEPTH else None
    assert regime(name, "imagenet", depth).weights == ("none" if name == "scratch" else "imagenet")


def test_regimes_are_the_multipliers_they_stand_for():
    def of(name, depth=None):
        return [multipliers(phase, 3) for phase in regime(name, "imagenet", depth).phases]

    assert of("zero_shot") == []
    assert of("feature_extraction") == [(0, 0, 0)]
    assert of("partial_freeze", 2) == [(0, 0, 1)]
    assert of("scratch") == of("fine_tune") == of("partial_freeze", 0) == [(1, 1, 1)]
    assert of("partial_freeze", 3) == of("feature_extraction")


def test_decay_shrinks_towards_the_input():
    assert multipliers(Phase(0, decay=0.5), 3) == (0.125, 0.25, 0.5)
    assert multipliers(Phase(1, decay=0.5), 3) == (0, 0.25, 0.5)
    assert multipliers(Phase(ALL, decay=0.5), 2) == (0, 0)


@pytest.mark.parametrize(("args", "parts"), [
    (("lpft", "none"), ["'lpft'", "scratch, zero_shot"]),
    (("partial_freeze", "none"), ["partial_freeze", "freeze_depth"]),
    (("fine_tune", "none", 3), ["freeze_depth 3", "fine_tune", "partial_freeze"]),
])  # fmt: skip
def test_errors_name_the_value_and_the_choices(args, parts):
    with pytest.raises(UserError) as error:
        regime(*args)
    assert all(part in str(error.value) for part in parts)


@pytest.mark.parametrize("depth", [-1, 5])
def test_a_depth_that_does_not_fit_names_both(depth):
    with pytest.raises(UserError, match=f"freeze_depth {depth} .* 4 stages"):
        multipliers(Phase(depth), 4)


def test_spans_cover_all_epochs_in_order():
    two = (Phase(ALL, share=0.25), Phase(0, share=0.75))
    assert spans(two, 8) == (range(1, 3), range(3, 9))
    assert spans(two, 2) == (range(1, 2), range(2, 3))
    assert spans((Phase(0),), 5) == (range(1, 6),)
    assert spans((), 5) == ()


def test_every_phase_gets_an_epoch_whatever_its_share():
    for shares in ((1, 1, 100), (100, 1, 1), (1, 100, 1)):
        found = spans([Phase(0, share=share) for share in shares], 5)
        assert [epoch for span in found for epoch in span] == [1, 2, 3, 4, 5]
        assert all(found)


def test_fewer_epochs_than_phases_are_refused():
    with pytest.raises(UserError, match=r"epochs 1.*2 phases"):
        spans((Phase(ALL), Phase(0)), 1)


def test_families_and_regimes_are_listed_without_torch():
    code = (
        "import sys, study.regimes, study.families as f; [f.load(n) for n in f.names()]; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
