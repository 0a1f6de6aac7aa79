import subprocess
import sys

import pytest

from study.errors import UserError
from study.space.config import Config
from study.training.regimes import ALL, NEEDED, READS, REGIMES, Phase, multipliers, regime, spans

NEEDED_VALUES = {"freeze_depth": 1, "stage_rates": "0.4/0.65/1"}


def config_of(name, **values):
    needed = {key: NEEDED_VALUES[key] for key in NEEDED if key in READS.get(name, ())}
    return Config(regime=name, weights="imagenet", **needed | values)


def of(name, stages=3, **values):
    return [multipliers(phase, stages) for phase in regime(config_of(name, **values), stages).phases]


@pytest.mark.parametrize("name", REGIMES)
def test_every_listed_regime_is_known(name):
    assert regime(config_of(name), 3).weights == ("none" if name == "scratch" else "imagenet")


def test_regimes_are_the_multipliers_they_stand_for():
    assert of("zero_shot") == of("prototype") == []
    assert of("feature_extraction") == [(0, 0, 0)]
    assert of("partial_freeze", freeze_depth=2) == [(0, 0, 1)]
    assert of("scratch") == of("fine_tune") == of("partial_freeze", freeze_depth=0) == [(1, 1, 1)]
    assert of("partial_freeze", freeze_depth=3) == of("feature_extraction")
    assert of("discriminative", lr_decay=0.5) == [(0.125, 0.25, 0.5)]
    assert of("discriminative", lr_decay=1.0) == of("fine_tune") == of("stage_rates", stage_rates="1/1/1")
    assert of("stage_rates") == [(0.4, 0.65, 1)]
    assert [of(name, freeze_depth=0) for name in ("lora", "bias", "norm")] == [of("fine_tune")] * 3
    assert of("lora", freeze_depth=2) == of("partial_freeze", freeze_depth=2)
    assert of("lp_ft") == [(0, 0, 0), (1, 1, 1)]
    assert of("gradual_unfreeze") == [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)]


def test_what_of_the_stages_trains():
    tuned = {name: {phase.tuned for phase in regime(config_of(name), 3).phases} for name in REGIMES}
    assert {name: kinds for name, kinds in tuned.items() if kinds - {"all"}} == {
        "lora": {"lora"},
        "bias": {"bias"},
        "norm": {"norm"},
    }
    assert regime(Config(regime="lora", weights="imagenet"), 3).phases[0].frozen == 0


def test_phases_have_their_own_peak_rates_and_shares():
    rates = lambda name, **values: [phase.rate for phase in regime(config_of(name, **values), 3).phases]  # noqa: E731
    assert rates("lp_ft", phase_decay=0.1) == [1.0, 0.1]
    assert rates("gradual_unfreeze", phase_decay=0.5) == [1.0, 0.5, 0.25, 0.125]
    assert [len(span) for span in spans(regime(config_of("lp_ft", probe_share=0.25), 3).phases, 8)] == [2, 6]


def test_the_heads_that_no_gradient_makes():
    heads = {name: regime(config_of(name), 3).head for name in REGIMES}
    assert {name: head for name, head in heads.items() if head != "new"} == {
        "zero_shot": "source",
        "prototype": "prototype",
    }


def test_decay_shrinks_towards_the_input():
    assert multipliers(Phase(0, decay=0.5), 3) == (0.125, 0.25, 0.5)
    assert multipliers(Phase(1, decay=0.5), 3) == (0, 0.25, 0.5)
    assert multipliers(Phase(ALL, decay=0.5), 2) == (0, 0)


@pytest.mark.parametrize(("config", "parts"), [
    (Config(regime="lpft"), ["'lpft'", "scratch, zero_shot"]),
    (Config(regime="partial_freeze"), ["partial_freeze", "freeze_depth"]),
    (Config(regime="fine_tune", freeze_depth=3), ["freeze_depth 3", "fine_tune", "partial_freeze"]),
    (Config(regime="fine_tune", stage_rates="1/1"), ["stage_rates 1/1", "fine_tune", "stage_rates"]),
    (config_of("stage_rates", stage_rates="1,1"), ["stage_rates '1,1'", "0.4/0.65/1"]),
    (config_of("stage_rates", stage_rates="1/-1/1"), ["stage_rates '1/-1/1'"]),
    (config_of("stage_rates", stage_rates="1/nan/1"), ["stage_rates '1/nan/1'"]),
    (config_of("lp_ft", probe_share=1.0), ["probe_share 1.0", "between 0 and 1"]),
    (config_of("discriminative", lr_decay=0.0), ["lr_decay 0.0", "above 0"]),
])  # fmt: skip
def test_errors_name_the_value_and_the_choices(config, parts):
    with pytest.raises(UserError) as error:
        regime(config, 3)
    assert all(part in str(error.value) for part in parts)


def test_as_many_rates_as_stages():
    with pytest.raises(UserError, match="stage_rates has 3 rates; the family has 4 stages"):
        of("stage_rates", stages=4)


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
        ranges = spans([Phase(0, share=share) for share in shares], 5)
        assert [epoch for span in ranges for epoch in span] == [1, 2, 3, 4, 5]
        assert all(ranges)


def test_fewer_epochs_than_phases_are_refused():
    with pytest.raises(UserError, match=r"epochs 1.*2 phases"):
        spans((Phase(ALL), Phase(0)), 1)


def test_families_and_regimes_are_listed_without_torch():
    code = (
        "import sys, study.training.regimes, study.models.families as f; "
        "[f.load(n) for n in f.names()]; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
