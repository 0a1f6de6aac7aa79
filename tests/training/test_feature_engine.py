"""ONNX Runtime makes the outputs of frozen stages where it is faster, and only where it gives what PyTorch gives."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from study.models import families, onnx_stages
from study.models.onnx_stages import OnnxStages, Unsupported
from study.storage import store
from study.training import evaluation, feature_cache, feature_engine, setup, trial
from study.training.trial import CacheSettings
from tests.support.toy_task import SMALL, task

EXACT = CacheSettings(10**9, False, "code")
FAST = EXACT._replace(exact=False)
CONFIG = replace(SMALL, regime="feature_extraction", views=1)
NETWORKS = {
    "small_cnn": 16,
    "efficientnet_lite0": 32,
    "resnet18": 32,
    "mobilenet_v3_large": 32,
    "parallel_net": 96,
    "timm/test_vit": 160,
}


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(feature_cache, "_refused", set())
    monkeypatch.setattr(feature_cache, "_unsupported", set())
    return tmp_path / "store"


@pytest.fixture
def faster(monkeypatch):
    """ONNX Runtime looks a hundred times as fast as PyTorch, and any number of images is worth it."""
    monkeypatch.setattr(feature_engine, "WORTH", 0.0)
    monkeypatch.setattr(feature_engine, "_seconds", lambda engine, images: 0.01 if is_onnx(engine) else 1.0)


def is_onnx(engine):
    return isinstance(engine, OnnxStages)


def outcome(cache, config=CONFIG, data=None):
    data = data or task(train=40, held=12, test=True)
    rows = [row for report in trial.run(config, data, 7, epochs=2, cache=cache) for row in report.rows]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def net(name, depth, side):
    settings = {"image_size": side} if "image_size" in families.options(name) else {}
    torch.manual_seed(0)
    made = families.build(name, "none", 3, **settings).lay_out("cpu")
    made.freeze(range(depth or len(made.stages)))
    return made.eval()


def keys(own_store, kind):
    return [store.open_entry(path.parent) for path in (own_store / kind).glob("*/manifest.json")]


@pytest.mark.parametrize("depth", [2, None])
@pytest.mark.parametrize("name", NETWORKS)
def test_stages_give_what_pytorch_gives_for_any_number_of_images(name, depth):
    side = NETWORKS[name]
    made = net(name, depth, side)
    stages = OnnxStages(made, made.prefix, side)
    for count in (1, 16, 37):
        images = torch.rand(count, 3, side, side).contiguous(memory_format=torch.channels_last)
        assert onnx_stages.deviation(stages(images), made.begin(images, made.prefix)) < 1e-5


def test_an_export_leaves_the_network_as_it_was():
    made = net("efficientnet_lite0", 3, 32).train()
    before, modes = made.digest(range(5)), [module.training for module in made.modules()]
    OnnxStages(made, 3, 32)
    assert made.digest(range(5)) == before
    assert [module.training for module in made.modules()] == modes
    assert all(parameter.requires_grad for parameter in made.stages[3].parameters())


def test_scores_differ_from_pytorchs_by_rounding(faster):
    fast, exact = outcome(FAST), outcome(EXACT)
    assert [row | {"score": 0} for row in fast] == [row | {"score": 0} for row in exact]
    np.testing.assert_allclose([row["score"] for row in fast], [row["score"] for row in exact], rtol=1e-5)


def test_what_is_kept_says_who_made_it_and_the_test_is_always_pytorchs(faster, own_store):
    outcome(FAST)
    by_images = {(entry_key["images"], "engine" in entry_key) for entry_key in read_keys(own_store)}
    assert by_images == {("train", True), ("test", False)}  # validation's images are in the training file


def test_a_saved_network_has_the_tables_test_score_to_the_bit(faster):
    data = task(train=40, held=64, test=True)  # a whole batch: of few images a sum may be rounded otherwise
    *_, last = trial.run(CONFIG, data, 7, epochs=2, cache=FAST)
    saved = families.build(CONFIG.family, "none", 3, CONFIG.dropout)
    saved.load_state_dict(last.model())
    feed = setup.feeds(CONFIG, families.of(CONFIG), data, "cpu")["test"]
    logits = evaluation.predict(saved.lay_out("cpu"), feed)
    expected = evaluation.score(logits, feed.targets.numpy(), ("accuracy", "loss"))
    assert {
        row["metric"]: row["score"] for row in last.rows if row["split"] == "test" and row["metric"] != "count"
    } == expected


def read_keys(own_store):
    return [json.loads(path.read_text())["key"] for path in (own_store / "features").glob("*/manifest.json")]


def test_the_engines_are_timed_once_a_machine(faster, own_store, monkeypatch):
    data = task(train=40, held=12, test=True)
    outcome(FAST, data=data)
    (entry,) = keys(own_store, "engines")
    assert entry.meta["faster"]
    monkeypatch.setattr(feature_engine, "_seconds", lambda engine, images: pytest.fail("timed again"))
    monkeypatch.setattr(feature_cache, "_batches", lambda *_: pytest.fail("computed again"))
    outcome(FAST, replace(CONFIG, lr=1e-4), data)


@pytest.mark.parametrize(("seconds", "worth"), [(0.8, 0.0), (0.01, 1e9)])
def test_pytorch_runs_what_is_hardly_faster_or_not_worth_it(own_store, monkeypatch, seconds, worth):
    monkeypatch.setattr(feature_engine, "WORTH", worth)
    monkeypatch.setattr(feature_engine, "_seconds", lambda engine, images: seconds if is_onnx(engine) else 1.0)
    assert outcome(FAST) == outcome(EXACT)
    assert not any("engine" in key for key in read_keys(own_store))


def test_outputs_that_differ_are_pytorchs_and_a_warning_says_so_once(faster, monkeypatch):
    exact, run = outcome(EXACT), OnnxStages.__call__
    monkeypatch.setattr(OnnxStages, "__call__", lambda stages, images: run(stages, images) * 1.001)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert outcome(FAST) == exact
    ours = [str(warning.message) for warning in caught if "ONNX Runtime" in str(warning.message)]
    assert len(ours) == len(set(ours)) + 1 == 2  # training's and validation's outputs
    assert ours[0].startswith("PyTorch runs the frozen stages, since ONNX Runtime does not: its outputs differ")


def test_an_operator_that_onnx_lacks_is_named_in_one_line(capfd):
    made = net("parallel_net", 2, 48)  # its pooling from 3 × 3 to 6 × 6
    with pytest.raises(Unsupported, match=r"^\w+: .*adaptive_avg_pool2d[^\n]*$"):
        OnnxStages(made, 2, 48)
    assert capfd.readouterr() == ("", "")


def test_a_run_that_fails_in_the_middle_is_pytorchs(faster, monkeypatch):
    exact, calls = outcome(EXACT), []

    def fails(stages, images):
        calls.append(images)
        raise Unsupported("no memory")

    monkeypatch.setattr(feature_engine.OnnxEngine, "is_faster", lambda *_: True)
    monkeypatch.setattr(feature_engine, "verify", lambda *_: None)
    monkeypatch.setattr(OnnxStages, "__call__", fails)
    with pytest.warns(UserWarning, match="no memory"):
        assert outcome(FAST) == exact
    assert calls


def test_stages_that_cannot_be_exported_are_pytorchs(monkeypatch, own_store):
    def fails(*_):
        raise ValueError("no such operator")

    monkeypatch.setattr(feature_engine, "WORTH", 0.0)
    monkeypatch.setattr(onnx_stages, "_exported", fails)
    assert outcome(FAST) == outcome(EXACT)
    assert keys(own_store, "engines")[0].meta["reason"] == "ValueError: no such operator"


def test_without_onnx_runtime_pytorch_runs_all(monkeypatch, own_store):
    monkeypatch.setattr(onnx_stages, "_PACKAGES", ("onnxruntime", "no_such_package"))
    assert outcome(FAST) == outcome(EXACT)
    assert not keys(own_store, "engines")


def test_a_deviation_is_the_largest_of_any_image():
    expected = torch.ones(3, 4)
    assert onnx_stages.deviation(expected, expected) == 0
    assert onnx_stages.deviation(expected + torch.tensor([[0.0], [0.1], [0.0]]), expected) == pytest.approx(0.1)
    assert onnx_stages.deviation(expected * float("nan"), expected) == float("inf")
    assert onnx_stages.deviation(expected[:2], expected) == float("inf")
    assert onnx_stages.deviation((expected, expected * 2), (expected, expected)) == pytest.approx(1.0)
