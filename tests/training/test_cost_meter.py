"""A trial's costs: what is counted, what is measured, and that scores do not depend on either."""

import json
from dataclasses import replace

import pytest
import torch

from study.data.prepare import TaskData
from study.models import families, network_costs, tuning
from study.storage import store
from study.storage.ledger_schema import COSTS
from study.training import cost_meter, fused_heads, trial
from tests.support.toy_task import SMALL, task

FROZEN = replace(SMALL, regime="feature_extraction", weights="none", dropout=0.0)


def costs(config, data: TaskData | None = None, epochs: int = 1) -> list[dict]:
    reports = list(trial.run(config, data or task(), 0, epochs=epochs))
    for report in reports:
        COSTS.check(report.costs)
    return [dict(report.costs) for report in reports]


def values(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_all_of_a_network_trains_in_fine_tuning():
    first, last = costs(SMALL)
    net = families.build("small_cnn", "none", 3)
    assert first["parameters"] == values(net.stages)
    assert first["trained"] == values(net)
    assert (first["frozen_share"], first["features"], first["licence"]) == (0, net.head.in_features, None)
    assert {key: last[key] for key in ("parameters", "trained", "macs")} == {
        key: first[key] for key in ("parameters", "trained", "macs")
    }


def test_frozen_stages_do_not_train():
    (partial, *_), net = (
        costs(replace(SMALL, regime="partial_freeze", freeze_depth=2)),
        families.build("small_cnn", "none", 3),
    )
    frozen = values(net.stages[:2])
    assert partial["trained"] == values(net) - frozen
    assert partial["frozen_share"] == pytest.approx(frozen / values(net.stages))


def test_under_lora_bias_and_norm_the_network_is_as_large_and_a_part_trains():
    net = families.build("small_cnn", "none", 3)
    plain = [part for part in net.stages.named_parameters() if part[1].ndim == 1]
    expected = {
        "bias": [tensor for name, tensor in plain if name.endswith("bias")],
        "norm": [tensor for _, tensor in plain],
    }
    for regime, tensors in expected.items():
        measured, *_ = costs(replace(SMALL, regime=regime))
        assert (measured["parameters"], measured["trained"]) == (
            values(net.stages),
            sum(tensor.numel() for tensor in tensors) + values(net.head),
        )
    measured, *_ = costs(replace(SMALL, regime="lora", lora_rank=2))
    tuning.adapt(list(net.stages), rank=2, alpha=1.0, layers="all")
    additions = sum(tensor.numel() for name, tensor in net.stages.named_parameters() if name.endswith((".up", ".down")))
    assert measured["trained"] == additions + values(net.head)
    assert measured["parameters"] == values(families.build("small_cnn", "none", 3).stages)
    assert measured["frozen_share"] == 1


def test_what_any_phase_trains_is_trained():
    net = families.build("small_cnn", "none", 3)
    probed, *_ = costs(replace(SMALL, regime="lp_ft", probe_share=0.5), epochs=2)
    assert (probed["trained"], probed["frozen_share"]) == (values(net), 0)
    extracted, *_ = costs(replace(SMALL, regime="feature_extraction"))
    assert (extracted["trained"], extracted["frozen_share"]) == (values(net.head), 1)


def test_the_operations_of_a_convolution_and_a_matrix():
    net = families.build("small_cnn", "none", 3)
    sizes = []

    def count(module, inputs, output):
        sizes.append(module.weight[0].numel() * output[0].numel())

    for module in net.stages.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(count)
    net.eval()(torch.zeros(1, 3, 32, 32))
    assert network_costs.counts("small_cnn", 32, {}) == (values(net.stages), sum(sizes))


@pytest.mark.parametrize("name", families.names())
def test_every_family_can_be_counted(name):
    family = families.load(name)
    small, large = (network_costs.counts(name, side, {}) for side in (64, 128))
    assert 0 < small.macs < large.macs
    assert small.parameters == large.parameters == sum(map(values, family.backbone("none")[0]))


def test_a_count_leaves_random_numbers_alone():
    network_costs._counted.cache_clear()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    network_costs._count("resnet14", 32, {})
    assert torch.equal(before, torch.get_rng_state())


def test_a_network_that_needs_values_has_no_count(monkeypatch):
    monkeypatch.setattr(network_costs, "_without_values", lambda name, options: 1 / 0)
    assert network_costs._count("resnet14", 32, {}) == {}


def test_speed_of_training_is_known_after_an_epoch():
    first, second, third = costs(SMALL, epochs=2)
    assert first["train_images_per_second"] is None
    assert second["train_images_per_second"] > 0
    assert third["train_images_per_second"] > 0


def test_prediction_is_timed_once_a_network(monkeypatch):
    timed = []
    monkeypatch.setattr(cost_meter, "_rates", {})
    monkeypatch.setattr(cost_meter, "_seconds", lambda net, feed, rows: timed.append(len(rows)) or 2.0)
    data = task()
    rates = [
        costs(replace(SMALL, lr=rate, regime=regime), data)[0]["predict_images_per_second"]
        for rate in (1e-3, 1e-2)
        for regime in ("fine_tune", "feature_extraction")
    ]
    assert (timed, set(rates)) == ([32], {16.0})
    costs(replace(SMALL, upsample=64), data)
    assert timed == [32, 32]


@pytest.mark.slow
def test_a_small_network_has_no_peak_of_a_large_one_before_it():
    data = task(train=32, held=3)
    costs(SMALL, data)
    small, large, again = (
        costs(replace(SMALL, upsample=side, batch_size=32), data)[-1]["peak_memory"] for side in (32, 192, 32)
    )
    assert large - small > 100e6
    assert large - again > 100e6


def test_a_peak_is_of_its_own_trial():
    cost_meter.forget_peak("cpu")
    before = cost_meter._peak("cpu")
    block = torch.ones(40_000_000)
    assert cost_meter._peak("cpu") - before > 100e6
    del block
    cost_meter.forget_peak("cpu")
    assert cost_meter._peak("cpu") - before < 100e6


def test_measuring_changes_no_score(monkeypatch):
    def rows(config):
        return [[row["score"] for row in report.rows] for report in trial.run(config, data, 5, epochs=2)]

    data = task()
    monkeypatch.setattr(cost_meter, "_rates", {})
    measured = rows(SMALL)
    monkeypatch.setattr(cost_meter, "_prediction_rate", lambda config, net, feed: 1.0)
    monkeypatch.setattr(network_costs, "counts", lambda name, size, options: None)
    assert rows(SMALL) == measured


def test_members_of_a_bundle_share_its_time():
    members = [fused_heads.Member(replace(FROZEN, augment=0.0, lr=rate), 1) for rate in (1e-3, 1e-2)]
    *_, last = fused_heads.run(members, task(), 2)
    (first, second) = (report.costs for report in last.values())
    assert first["train_images_per_second"] == second["train_images_per_second"] > 0
    assert first["trained"] == values(families.build("small_cnn", "none", 3).head)
    assert first["frozen_share"] == 1


@pytest.mark.parametrize(
    ("config", "licence"),
    [
        (SMALL, None),
        (replace(SMALL, family="efficientnet_lite0", weights="imagenet"), network_costs.NOT_STATED),
        (replace(SMALL, family="timm/convnext_atto.d2_in1k", weights="pretrained"), "apache-2.0"),
    ],
)
def test_the_licence_is_of_published_weights(config, licence):
    assert network_costs.licence(config, config.weights, None) == licence
    assert network_costs.licence(config, "none", None) is None


@pytest.mark.parametrize(("first", "licence"), [("pretrained", "apache-2.0"), ("none", None)])
def test_weights_that_were_trained_here_have_the_licence_of_those_they_began_with(first, licence, tmp_path):
    config = replace(SMALL, family="timm/convnext_atto.d2_in1k", weights="labels:animals")
    begun = {"config": {"weights": first}, "before": None}
    for key in (begun, {"config": {"weights": "rotation"}, "before": begun}):
        (tmp_path / store.MANIFEST).write_text(json.dumps({"key": key}))
        assert network_costs.licence(config, "labels:animals", tmp_path) == licence
    (tmp_path / store.MANIFEST).write_text(json.dumps({"key": {"file": "mine.pt"}}))
    assert network_costs.licence(config, "mine.pt", tmp_path) == network_costs.NOT_STATED
