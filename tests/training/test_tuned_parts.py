"""Trials of the regimes lora, bias and norm: their laws, their checkpoints, their models."""

from dataclasses import replace

import pytest
import torch

from study.models import families, tuning
from study.training import optim, setup, trial
from tests.support.toy_task import SMALL, outcome, task

PARTS = ("lora", "bias", "norm")
HASHES = ("frozen_before", "frozen_after")
LORA = replace(SMALL, regime="lora", lr=3e-2, lora_rank=4)


def reports(config, epochs=2):
    """Yield the reports of a trial on the toy task."""
    return trial.run(config, task(), 7, epochs=epochs)


@pytest.mark.parametrize("part", PARTS)
def test_with_all_stages_frozen_it_is_feature_extraction(part):
    assert outcome(replace(SMALL, regime=part, freeze_depth=4)) == outcome(replace(SMALL, regime="feature_extraction"))


@pytest.mark.parametrize("part", PARTS)
def test_no_depth_freezes_no_stage(part):
    assert outcome(replace(SMALL, regime=part)) == outcome(replace(SMALL, regime=part, freeze_depth=0))


def test_lora_begins_with_the_scores_of_feature_extraction():
    """At first the additions are 0, and their draws move no other random stream."""
    scores = [
        [(row["split"], row["metric"], row["score"]) for row in next(reports(replace(SMALL, regime=regime))).rows]
        for regime in ("lora", "feature_extraction")
    ]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("part", PARTS)
def test_a_resumed_trial_equals_an_uninterrupted_one(part, depth):
    config = replace(LORA, regime=part, freeze_depth=depth)
    rows, model = outcome(config, 3)
    for report in reports(config, 3):
        if report.epoch == 1:
            rest, resumed = outcome(config, 3, resume=(1, 0.0, report.state()))
    plain = [{key: value for key, value in row.items() if key != "alarms"} for row in rows if row["epoch"] > 1]
    assert [{key: value for key, value in row.items() if key != "alarms"} for row in rest] == plain
    assert resumed == model


@pytest.mark.parametrize("part", PARTS)
def test_kept_features_of_frozen_stages_change_nothing(part, tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path))
    config = replace(LORA, regime=part, freeze_depth=2, augment=0.0)
    kept = trial.CacheSettings(10**8, False, "this code")
    scores = [
        [report.objective for report in trial.run(config, task(), 7, epochs=2, cache=cache)]
        for cache in (trial.NO_CACHE, kept)
    ]
    assert scores[0] == scores[1]
    assert list(tmp_path.rglob("*.npy"))


@pytest.mark.parametrize("part", PARTS)
def test_a_checkpoint_has_what_trains_and_nothing_else(part):
    *_, report = reports(replace(LORA, regime=part))
    names = {name for name in report.state() if name.startswith("stages.") and not name.endswith(("exp_avg", "_sq"))}
    names = {name for name in names if not name.endswith((".step", "running_mean", "running_var", "batches_tracked"))}
    assert names
    if part == "lora":
        assert all(name.endswith((".up", ".down")) for name in names)
    else:
        assert all(name.endswith((".weight", ".bias") if part == "norm" else ".bias") for name in names)
    buffers = {name for name in report.state() if name.endswith("running_mean")}
    assert bool(buffers) == (part == "norm")  # the others leave BatchNorm's statistics as they were loaded


@pytest.mark.parametrize("part", PARTS)
def test_rows_prove_that_the_rest_of_the_network_stays(part):
    hashes = {row[key] for report in reports(replace(LORA, regime=part)) for row in report.rows for key in HASHES}
    assert len(hashes) == 1
    assert None not in hashes


def test_the_statistics_of_batchnorm_stay_under_lora_and_bias_whatever_the_switch_is():
    for part in ("lora", "bias"):
        assert outcome(replace(LORA, regime=part, freeze_batchnorm="off")) == outcome(replace(LORA, regime=part))


def test_the_model_of_lora_is_plain_and_scores_as_the_trial_did():
    *_, report = reports(LORA)
    data = task()
    net = families.build("small_cnn", "none", 3)
    net.load_state_dict(report.model())
    net.lay_out("cpu").eval()
    val = setup.feeds(LORA, families.of(LORA), data, "cpu")["val"]
    with torch.no_grad():
        answers = net(val.normalized(val.pixels(slice(None)))).argmax(1)
    accuracy = (answers == val.targets).double().mean().item()
    assert accuracy == next(r["score"] for r in report.rows if (r["split"], r["metric"]) == ("val", "accuracy"))


@pytest.mark.parametrize("layout", ["channels_last", "mixed precision"])
def test_merged_is_unmerged_to_the_bit_as_it_is_trained_and_scored(layout):
    torch.manual_seed(0)
    net, plain = families.build("small_cnn", "none", 3), families.build("small_cnn", "none", 3)
    tuning.adapt(list(net.stages), rank=4, alpha=16.0, layers="all")
    with torch.no_grad():
        for _, up in tuning.additions(net).values():
            up.normal_()
    plain.load_state_dict(tuning.merged(net))
    images = torch.rand(4, 3, 32, 32)
    nets = [each.lay_out("cpu").eval() for each in (net, plain)]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=layout == "mixed precision"):
        assert torch.equal(*(each(images) for each in nets))


@pytest.mark.parametrize("part", PARTS)
def test_weight_decay_is_of_additions_and_the_head_alone(part):
    config = replace(LORA, regime=part, weight_decay=0.5)
    net = setup.assemble(config, task(), 0, "cpu").net
    net.freeze((), tuned=part)
    names = {id(tensor): name for name, tensor in net.named_parameters()}
    decayed = {
        names[id(tensor)]
        for group in optim.build(net, (1.0,) * 4, config).param_groups
        for tensor in group["params"]
        if group["weight_decay"]
    }
    assert "head.weight" in decayed
    rest = decayed - {"head.weight"}
    assert bool(rest) == (part == "lora")
    assert all(name.endswith((".up", ".down")) for name in rest)


def test_an_epoch_of_one_step_raises_no_alarm_about_additions():
    """Their first matrices get no gradient before the second step, since the second ones are 0."""
    config = replace(SMALL, regime="lora", batch_size=32, weight_decay=0.0)
    *_, last = trial.run(config, task(), 0, epochs=1)
    assert "not_moved" not in (last.rows[0]["alarms"] or "")
