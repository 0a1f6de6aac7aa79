"""The fold: cells never see each other, baselines come first, winners are replicated, a resume changes nothing."""

import math
from dataclasses import replace

import pytest

from study.errors import UserError
from study.search.pruner import asha
from study.search.sampler import Past, suggest
from study.search.state import State
from study.space import Space, choice, log_uniform
from tests.support import toys


def test_every_cell_starts_with_the_baseline():
    state, _ = toys.state()
    toys.play(state)
    for cell, trials in zip(state.cells, state.by_cell, strict=True):
        assert trials[0].tuned == cell.baseline


def test_search_goes_round_robin_over_the_cells():
    state, events = toys.state()
    toys.play(state)
    order = [event["cell"] for event in events if event["kind"] == "suggest" and event["role"] == "search"]
    assert order == list(range(6)) * toys.SPACE.trials


def test_a_cell_samples_as_if_it_were_alone():
    together, _ = toys.state(pruner=asha(9, 1, 3))
    toys.play(together)
    for index, cell in enumerate(together.cells):
        alone, _ = toys.state(pruner=asha(9, 1, 3))
        alone.cells, alone.by_cell = [cell], [[]]
        toys.play(alone)
        assert [trial.tuned for trial in alone.by_cell[0]] == [trial.tuned for trial in together.by_cell[index]]
        assert [trial.state for trial in alone.by_cell[0]] == [trial.state for trial in together.by_cell[index]]


def test_winners_are_the_best_at_the_last_epoch_and_are_replicated_with_their_configuration():
    state, _ = toys.state(pruner=asha(9, 1, 3))
    toys.play(state)
    for cell in range(len(state.cells)):
        complete = [trial for trial in state.search(cell) if trial.state == "complete"]
        best = max(complete, key=lambda trial: trial.objectives[9])
        replicates = [trial for trial in state.by_cell[cell] if trial.role == "replicate"]
        assert len(replicates) == toys.SPACE.replicates
        assert {trial.replicate_of for trial in replicates} == {best.id}
        assert all(trial.tuned == best.tuned for trial in replicates)


def test_replicates_have_fresh_seeds_that_are_the_same_in_all_cells():
    state, _ = toys.state()
    toys.play(state)
    seeds = [[trial.seed for trial in trials if trial.role == "replicate"] for trials in state.by_cell]
    assert all(row == seeds[0] for row in seeds)
    searched = {trial.seed for trial in state.trials.values() if trial.role == "search"}
    assert len(set(seeds[0])) == 2
    assert not searched & set(seeds[0])


def test_a_cell_with_nothing_to_tune_is_one_trial():
    space = replace(toys.SPACE, tuned={}, baseline={}, only={}, fixed={"lr": 1e-3})
    state, _ = toys.state(space)
    toys.play(state)
    assert [len(state.search(cell)) for cell in range(6)] == [1] * 6
    assert state.done()


def test_a_cell_whose_trials_all_fail_gets_no_replicates_and_the_study_ends():
    state, _ = toys.state(replace(toys.SPACE, compared={"regime": ("scratch",), "label_fraction": (1.0,)}, only={}))
    while (trial := state.next_trial()) is not None:
        state.fail(trial.id, "RuntimeError: always")
    assert state.done()
    assert state.count("failed") == len(state.trials) == toys.SPACE.trials


@pytest.mark.parametrize("cut", [1, 2, 9, 10, 11, 37, 100, 150, 210, 240])
def test_a_resumed_study_equals_an_uninterrupted_one(cut):
    whole, expected = toys.state(pruner=asha(9, 1, 3))
    toys.play(whole)
    first, events = toys.state(pruner=asha(9, 1, 3))
    toys.play(first, steps=cut)
    second, more = toys.state(pruner=asha(9, 1, 3))
    second.replay(events)
    toys.play(second)
    assert toys.without_order([*events, *more]) == toys.without_order(expected)


def test_a_finished_trial_is_not_run_again():
    first, events = toys.state()
    toys.play(first, steps=100)
    ended = {trial.id for trial in first.trials.values() if trial.state != "running"}
    second, more = toys.state()
    second.replay(events)
    toys.play(second)
    assert not ended & {event["trial"] for event in more}


def test_a_pooled_search_prefers_many_labels_where_one_per_cell_cannot():
    """The trap: a TPE that samples the label fraction learns that more labels are better, and wastes its trials."""
    pooled = {"label_fraction": choice(0.1, 0.5, 1.0), "lr": log_uniform(1e-4, 1e-1)}
    history = []
    for number in range(96):
        values = suggest(pooled, history, seed=number, startup=10)
        score = toys.objective(values | {"regime": "scratch"}, 9)
        history.append(Past(values, {9: score}, "complete"))
    share = sum(past.values["label_fraction"] == 1.0 for past in history) / len(history)
    assert share > 0.5  # a third would be fair

    space = replace(
        toys.SPACE, compared={"regime": ("scratch",), "label_fraction": (0.1, 0.5, 1.0)}, only={}, trials=32
    )
    state, _ = toys.state(space)
    toys.play(state)
    assert [len(state.search(cell)) for cell in range(3)] == [32, 32, 32]


def test_a_pooled_asha_starves_weak_cells_where_one_per_cell_does_not():
    space = replace(toys.SPACE, trials=27)
    apart, _ = toys.state(space, pruner=asha(9, 1, 3))
    toys.play(apart)
    shared = asha(9, 1, 3)()
    pooled, _ = toys.state(space, pruner=lambda: shared)
    toys.play(pooled)
    full = {
        name: [sum(trial.state == "complete" for trial in state.search(cell)) for cell in range(6)]
        for name, state in (("apart", apart), ("pooled", pooled))
    }
    few_labels = [cell for cell in range(6) if "label_fraction=0.1" in apart.cells[cell].name]
    assert sum(full["pooled"][cell] for cell in few_labels) <= 6, full
    assert all(full["apart"][cell] >= 3 for cell in range(6)), full


def test_asha_keeps_one_in_three_at_a_rung():
    stops = asha(9, 1, 3)()
    decisions = [stops(f"t{number}", 1, score) for number, score in enumerate([0.5, 0.6, 0.1, 0.2, 0.9])]
    # the cut is the 2/3 quantile of what the rung has seen before, as Ray has it
    assert decisions == [False, False, True, True, False]
    assert stops("t0", 2, 0.0) is False  # no rung at epoch 2


def test_suggestions_stay_in_range_and_depend_on_seed_and_history_alone():
    tuned = {"lr": log_uniform(1e-4, 1e-1)}
    past = [Past({"lr": 10 ** -(1 + n / 4)}, {1: -abs(n - 4.0)}, "complete") for n in range(12)]
    one, again, other = (suggest(tuned, past, seed, startup=4) for seed in (1, 1, 2))
    assert one == again != other
    assert all(1e-4 <= values["lr"] <= 1e-1 for values in (one, other))
    assert all(abs(math.log10(values["lr"]) + 2) < 0.7 for values in (one, other))  # near the best, lr = 1e-2


PUBLISHED = Space(
    task="toy",
    compared={"regime": ("scratch", "fine_tune"), "version": ("corrected", "published")},
    settings={"version=published": {"lr": 1e-4}},
    fixed={"label_fraction": 1.0},
    tuned={"lr": log_uniform(1e-4, 1e-1)},
    baseline={"lr": 1e-3},
    trials=3,
    epochs=9,
    replicates=2,
)


def test_what_was_published_is_repeated_without_a_search():
    state, events = toys.state(PUBLISHED)
    toys.play(state)
    assert state.done()
    roles = [[trial.role for trial in trials] for trials in state.by_cell]
    assert roles == [["search"] * 3 + ["replicate"] * 2, ["published"] * 2] * 2
    seeds = [[trial.seed for trial in trials if trial.role != "search"] for trials in state.by_cell]
    assert seeds == [seeds[0]] * 4
    assert state.total() == 14
    again, _ = toys.state(PUBLISHED)
    again.replay(events)
    assert again.done()


def test_a_cell_that_cannot_run_gets_no_trial_and_is_recorded_once():
    events: list[dict] = []
    plan = toys.state()[0].plan
    state = State(toys.SPACE.cells(), plan, lambda: toys.never, events.append, {1: "no weights"})
    for _ in range(2):
        state.skip()
    toys.play(state)
    assert state.done()
    assert state.by_cell[1] == []
    assert [event["error"] for event in events if event["kind"] == "skip"] == ["no weights"]


def test_a_cell_that_can_run_after_a_resume_runs():
    events: list[dict] = []
    plan = toys.state()[0].plan
    State(toys.SPACE.cells(), plan, lambda: toys.never, events.append, {1: "no weights"}).skip()
    state = State(toys.SPACE.cells(), plan, lambda: toys.never, events.append)
    state.replay(list(events))
    toys.play(state)
    whole, _ = toys.state()
    toys.play(whole)
    assert [trial.tuned for trial in state.by_cell[1]] == [trial.tuned for trial in whole.by_cell[1]]


def ended_state(absent=None):
    """A finished study, resumed by a run that no longer has the weights of some cells."""
    first, events = toys.state()
    toys.play(first)
    again = State(toys.SPACE.cells(), toys.state()[0].plan, lambda: toys.never, lambda event: None, absent or {})
    return again, events


def test_a_finished_cell_whose_weights_have_gone_is_whole():
    again, events = ended_state({1: "no weights"})
    again.replay(events)
    again.skip()
    assert again.absent == {}
    assert again.done()


def test_a_cell_that_has_begun_and_lost_its_weights_is_refused():
    again, events = ended_state({1: "no weights"})
    again.replay([event for event in events if event["trial"] != "c001-r001"])
    with pytest.raises(UserError, match=r"'regime=scratch, label_fraction=1.0' has begun and cannot go on: no weights"):
        again.skip()


def test_nothing_is_pruned_before_a_cells_last_phase():
    state, events = toys.state(pruner=lambda: lambda *_: True)
    state._patience = {0: 4}
    toys.play(state)
    last = {}
    for event in events:
        if event["kind"] == "report" and event["decision"] == "prune":
            last.setdefault(int(event["trial"][1:4]), set()).add(event["epoch"])
    assert last[0] == {4}
    assert all(epochs == {0} for cell, epochs in last.items() if cell)


def test_what_is_counted_as_it_goes_is_what_a_count_would_give():
    state, events = toys.state(pruner=asha(9, 1, 3))
    toys.play(state, steps=150)
    state.fail(next(iter(state.live)), "RuntimeError: once")
    state.next_trial()
    again, _ = toys.state(pruner=asha(9, 1, 3))
    again.replay(events)
    for one in (state, again):
        for name in ("running", "complete", "pruned", "failed"):
            assert one.count(name) == sum(trial.state == name for trial in one.trials.values()) > 0
        for cell, trials in enumerate(one.by_cell):
            assert one.search(cell) == [trial for trial in trials if trial.role == "search"]
    assert again.next_trial().id in again.live
