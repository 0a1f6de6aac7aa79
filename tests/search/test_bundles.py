"""Trials that are trained together: which they are, and that bundles do not change a study's decisions."""

from dataclasses import replace

import pytest

from study.search import bundles
from study.search.pruner import asha
from study.space import Space, log_uniform
from study.space.config import Config
from study.space.space import Cell
from tests.support import toys

BUNDLED = Space(
    task="toy",
    compared={"regime": ("scratch", "fine_tune"), "label_fraction": (1.0,)},
    tuned={"lr": log_uniform(1e-4, 1e-1)},
    baseline={"lr": 1e-3},
    trials=10,
    epochs=3,
    replicates=1,
)
SIZE = 4
PROBE = Config(family="efficientnet_lite0", weights="imagenet", regime="feature_extraction", batch_size=16, views=2)


@pytest.mark.parametrize(("change", "size"), [
    ({}, 4),
    ({"views": None, "augment": 0.0}, 4),
    ({"views": None}, 1),
    ({"dropout": 0.1}, 1),
    ({"head": "16"}, 1),
    ({"freeze_batchnorm": "off"}, 1),
    ({"regime": "fine_tune"}, 1),
    ({"weights": "none"}, 1),
    ({"family": "meta_extractor", "encoder": "efficientnet_lite0"}, 4),
    ({"family": "parallel_net", "encoder": "efficientnet_lite0"}, 1),
])  # fmt: skip
def test_only_heads_on_the_same_features_are_trained_together(change, size):
    values = {key: value for key, value in vars(replace(PROBE, **change)).items() if key not in ("lr", "weight_decay")}
    tuned = {"lr": log_uniform(1e-4, 1e-1)}
    assert bundles.size(Cell("one", values, tuned, {"lr": 1e-3}), 16, 2) == size
    assert bundles.size(Cell("one", values, tuned | {"batch_size": 1}, {"lr": 1e-3, "batch_size": 8}), 16, 2) == 1


@pytest.mark.parametrize(("trials", "workers", "size"), [
    (2, 1, 2),
    (4, 2, 2),
    (4, 16, 1),
    (8, 1, 4),
    (48, 2, 12),
    (48, 16, 3),
    (1000, 2, 32),
])  # fmt: skip
def test_a_quarter_is_trained_together_and_no_worker_is_left_without(trials, workers, size):
    cell = Cell("one", {"task": "toy", **{k: v for k, v in vars(PROBE).items() if k != "task"}}, {}, {})
    assert bundles.size(cell, trials, workers) == size


def play_bundled(state):
    """Run a state's trials bundle by bundle, without Ray; a bundle's trials report epoch by epoch."""
    while trial := state.next_trial():
        bundle = [trial, *state.companions(trial, SIZE if trial.cell == 0 else 1)]
        for epoch in range(max(trial.objectives, default=-1) + 1, state.plan.epochs + 1):
            for member in bundle:
                if member.id in state.live:
                    score = toys.objective(toys.values_of(state, member), epoch)
                    last = epoch == state.plan.epochs
                    state.report(member.id, epoch, score, last, rows=[], worker="", time=0.0)


def decided(events):
    fields = ("kind", "trial", "epoch", "objective", "decision", "tuned", "seed", "replicate_of")
    return {key: {name: event.get(name) for name in fields} for key, event in toys.without_order(events).items()}


def test_a_bundle_is_a_stretch_of_one_cells_search():
    state, _ = toys.state(BUNDLED)
    first = state.next_trial()
    assert [each.id for each in state.companions(first, SIZE)] == ["c000-s001", "c000-s002", "c000-s003"]
    other = state.next_trial()
    assert (other.cell, state.companions(other, 1)) == (1, [])
    state.part(["c000-s001", "c000-s002"], "broke")
    alone = state.next_trial()
    assert (alone.id, state.companions(alone, SIZE), state.alone["c000-s001"]) == ("c000-s001", [], "broke")
    assert state.count("running") == len(state.trials) == 5


def test_the_last_bundle_is_what_is_left_and_replicates_are_in_none():
    state, events = toys.state(BUNDLED)
    play_bundled(state)
    assert state.done()
    assert [len(state.search(cell)) for cell in (0, 1)] == [10, 10]
    assert len(state.trials) == len({event["trial"] for event in events}) == 22


@pytest.mark.slow
def test_a_bundled_study_cut_after_any_event_decides_what_an_uninterrupted_one_does():
    whole, events = toys.state(BUNDLED, pruner=asha(3, 1, 3))
    play_bundled(whole)
    for cut in range(len(events)):
        state, more = toys.state(BUNDLED, pruner=asha(3, 1, 3))
        state.replay(events[:cut])
        play_bundled(state)
        assert decided(events[:cut] + more) == decided(events), f"cut after event {cut}"


def test_trials_whose_worker_died_go_on_until_they_have_lost_two():
    """The ledger records each loss, so that a resumed study continues the count."""
    state, events = toys.state(BUNDLED)
    running = bundles.Bundles(state, lambda trial: 1)
    (trial,) = running.next()
    for number in (1, 2):
        assert running.lost([trial.id], "its node died") == []
        assert (trial.state, state.losses[trial.id]) == ("running", number)
        assert [again.id for again in running.next()] == [trial.id]
    again, _ = toys.state(BUNDLED)
    again.replay(events)
    assert again.losses == state.losses
    assert running.lost([trial.id], "it died again") == [trial.id]
    assert (trial.state, trial.error) == ("failed", "it died again, as 2 of its workers did before")


def test_a_bundle_that_lost_its_worker_starts_again_and_then_goes_on_one_by_one():
    state, _ = toys.state(BUNDLED)
    running = bundles.Bundles(state, lambda trial: SIZE)
    names = [trial.id for trial in running.next()]
    assert running.lost(names, "its node died") == []
    assert not state.alone
    assert [trial.id for trial in running.next()] == names
    assert running.lost(names, "it died again") == []
    assert list(state.alone) == names
