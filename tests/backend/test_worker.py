"""A trial on a worker: stopped anywhere and resumed from its checkpoint, it reports what an uninterrupted one does."""

import itertools
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from study.backend import bundle_training, worker
from study.data import prepare
from study.data.splits import SplitOptions
from study.models import saved as models
from study.storage import checkpoints
from study.training import evaluation, setup, trial
from tests.support import small_study
from tests.support.toy_task import SMALL, task

EPOCHS = 3


@pytest.fixture(scope="module")
def prepared(store, tmp_path_factory):
    return prepare.prepare("animals", small_study.photographs(tmp_path_factory.mktemp("images")), 16, None)


def job(prepared, folder, **changes):
    config = {"task": prepared.task, "family": "small_cnn", "regime": "scratch", "label_fraction": 0.5}
    return {
        "trial": "c000-r000",
        "role": "replicate",
        "config": config | {"image_size": 16, "batch_size": 8, "lr": 5e-3, "dropout": 0.2},
        "seed": 3,
        "epochs": EPOCHS,
        "prepared": asdict(prepared),
        "split_seed": 0,
        "draw_seed": 1,
        "threads": 1,
        "gpu": False,
        "checkpoints": str(folder / "checkpoints"),
        "checkpoint_seconds": 0.0,
        "model": None,
        "cache": {"budget": 0, "half": False, "code": ""},
    } | changes


def run(job):
    """Run one job; yields its results."""
    for by_trial in worker.results([job]):
        yield by_trial[job["trial"]]


def scores(results):
    """Scores by (epoch, step, split, metric); a later report of the same replaces the earlier one."""
    rows = [row for result in results for row in result["rows"]]
    return {(row["epoch"], row["step"], row["split"], row["metric"]): row["score"] for row in rows}


@pytest.fixture(scope="module")
def whole(prepared, tmp_path_factory):
    return list(run(job(prepared, tmp_path_factory.mktemp("whole"))))


@pytest.mark.parametrize("reports", range(1, EPOCHS + 2))
def test_a_trial_that_goes_on_from_its_checkpoint_equals_an_uninterrupted_one(prepared, whole, tmp_path, reports):
    cut = run(job(prepared, tmp_path))
    first = list(itertools.islice(cut, reports))
    cut.close()
    rest = list(run(job(prepared, tmp_path)))
    assert rest[0]["epoch"] == reports - 1  # the checkpoint's own report is repeated
    assert scores(first + rest) == scores(whole)
    assert [result["last"] for result in rest] == [epoch == EPOCHS for epoch in range(reports - 1, EPOCHS + 1)]


@pytest.mark.parametrize("other", [{"config": {"lr": 1e-3}}, {"seed": 4}, {"draw_seed": 2}])
def test_a_checkpoint_of_another_trial_of_the_same_name_is_passed_over(prepared, tmp_path, other):
    """At a URI a ledger may be behind the checkpoints, so that another configuration gets the same name."""
    first = job(prepared, tmp_path)
    cut = run(first)
    assert [next(cut)["epoch"] for _ in range(2)] == [0, 1]
    cut.close()
    assert next(run(first))["epoch"] == 1
    another = first | other | {"config": first["config"] | other.get("config", {})}
    assert next(run(another))["epoch"] == 0


def test_without_time_for_a_checkpoint_none_is_made(prepared, tmp_path):
    list(run(job(prepared, tmp_path, checkpoint_seconds=1e9)))
    assert not (tmp_path / "checkpoints").exists()


def test_the_model_on_disk_scores_as_reported(prepared, whole, tmp_path):
    import json

    from safetensors.torch import load_file

    from study.data.device_split import feed
    from study.models import families
    from study.training import evaluation

    list(run(job(prepared, tmp_path, model=str(tmp_path / "model"))))
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    family = families.load(card["config"]["family"])
    net = families.build(card["config"]["family"], "none", len(card["classes"]))
    net.load_state_dict(load_file(tmp_path / "model" / "model.safetensors"))
    test = prepare.open_data(prepared, SplitOptions(0.5), 0, 1, sealed=False).test
    fed = feed(test, "test of the model", "cpu", family.mean, family.std)
    recomputed = evaluation.score(evaluation.predict(net, fed), test.targets, ("accuracy",))
    reported = {row["score"] for row in whole[-1]["rows"] if (row["split"], row["metric"]) == ("test", "accuracy")}
    assert reported == {card["scores"]["test accuracy"]} == {recomputed["accuracy"]}


def test_a_score_that_is_no_number_fails_the_trial(prepared, tmp_path):
    hot = {"lr": 1e30, "optimizer": "sgd"}
    with pytest.raises((FloatingPointError, ValueError), match=r"loss|accuracy"):
        list(run(job(prepared, tmp_path, config=job(prepared, tmp_path)["config"] | hot)))


def saved(tmp_path, **config):
    """Train a trial on the toy task as a worker does, save its model, load it; returns the logits of both networks."""
    hyperparameters = replace(SMALL, task="toy", **config)
    data = task(test=True)._replace(source_labels=LABELS if hyperparameters.regime == "zero_shot" else {})
    *_, report = trial.run(hyperparameters, data, 0, epochs=1)
    saved_job = {"model": str(tmp_path / "model"), "trial": "t", "config": asdict(hyperparameters), "seed": 0}
    saved_job |= {"prepared": {"source": "toy"}}
    bundle_training._save_model(saved_job, data, report)
    parts = setup.assemble(hyperparameters, data, 0, "cpu")
    parts.net.load_state_dict(report.model())
    loaded, card = models.load(tmp_path / "model")
    assert card["classes"] == list(data.classes)
    return [evaluation.predict(net, parts.feeds["test"]) for net in (parts.net, loaded)]


LABELS = {"imagenet": {"class 0": (3, 5), "class 1": (7,), "class 2": (0, 1, 2)}}
LITE = {"family": "efficientnet_lite0", "weights": "imagenet"}


@pytest.mark.parametrize("config", [
    {"head": "16-8", "batchnorm_epsilon": 0.1},
    {"head_classes": 9},
    pytest.param({"family": "parallel_net", "encoder": "small_cnn"}, marks=pytest.mark.slow),
    pytest.param({"family": "mobilenet_v3_large", "stem": "small"}, marks=pytest.mark.slow),
    pytest.param(LITE | {"regime": "zero_shot"}, marks=pytest.mark.slow),
    LITE | {"regime": "zero_shot", "head_classes": 1000},
    LITE | {"regime": "prototype"},
])  # fmt: skip
def test_a_saved_model_is_built_again_from_its_card_alone(tmp_path, config):
    expected, loaded = saved(tmp_path, **config)
    np.testing.assert_array_equal(loaded, expected)


HEADS = [{"lr": 1e-3, "weight_decay": 0.0}, {"lr": 3e-2, "weight_decay": 0.1}, {"lr": 0.3, "weight_decay": 0.0}]


def bundle(prepared, folder, *changes, **fields):
    """Jobs of heads on one random backbone, the same for one seed."""
    frozen = {"regime": "feature_extraction", "weights": "none", "views": 1, "dropout": 0.0}
    jobs = []
    for number, change in enumerate(changes or HEADS):
        one = job(prepared, folder, trial=f"c000-s{number:03d}", role="search", **fields)
        one["checkpoints"] = str(folder / "checkpoints" / one["trial"])
        jobs.append(one | {"config": one["config"] | frozen | change})
    return jobs


def untimed(results):
    """The rows of a trial's results, without times."""
    rows = [row for result in results for row in result.get("rows", ())]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def by_trial(rounds):
    """Trial → its results, of what a bundle yields."""
    names = dict.fromkeys(itertools.chain(*rounds))
    return {name: [results[name] for results in rounds if name in results] for name in names}


def test_a_bundle_reports_of_each_trial_what_it_reports_alone(prepared, tmp_path):
    together = by_trial(list(worker.results(bundle(prepared, tmp_path / "together"))))
    alone = {one["trial"]: list(run(one)) for one in bundle(prepared, tmp_path / "alone")}
    assert {name: untimed(results) for name, results in together.items()} == {
        name: untimed(results) for name, results in alone.items()
    }
    assert all(result["spent"].keys() >= {"other"} for results in together.values() for result in results)


def test_each_trial_of_a_bundle_that_was_cut_resumes_alone(prepared, tmp_path):
    whole = by_trial(list(worker.results(bundle(prepared, tmp_path / "whole", checkpoint_seconds=1e9))))
    cut = worker.results(bundle(prepared, tmp_path))
    first = by_trial(list(itertools.islice(cut, 2)))
    cut.close()
    for one in bundle(prepared, tmp_path):
        rest = list(run(one))
        assert rest[0]["epoch"] == 1
        assert scores(first[one["trial"]] + rest) == scores(whole[one["trial"]])


def test_a_trial_that_was_ended_leaves_its_bundle(prepared, tmp_path):
    jobs = bundle(prepared, tmp_path)
    trials = []
    for results in worker.results(jobs):
        trials.append(list(results))
        worker.end(Path(jobs[1]["checkpoints"]))
    assert trials == [[one["trial"] for one in jobs]] + [["c000-s000", "c000-s002"]] * EPOCHS
    assert not Path(jobs[1]["checkpoints"]).exists()


def test_a_trial_of_a_bundle_that_fails_fails_alone(prepared, tmp_path):
    hot = {"lr": 1e30, "optimizer": "sgd"}
    jobs = bundle(prepared, tmp_path, *(hot | {"lr": lr} for lr in (1e-3, 1e30, 1e-2)))
    results = by_trial(list(worker.results(jobs)))
    assert [len(reports) for reports in results.values()][::2] == [EPOCHS + 1] * 2
    assert "loss is" in results["c000-s001"][-1]["failure"]


def test_a_storage_that_fails_stops_a_bundle(prepared, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save", full)
    with pytest.raises(OSError, match="No space"):
        list(worker.results(bundle(prepared, tmp_path)))


def test_a_resume_on_other_frozen_weights_fails():
    row = {"phase": 0, "epoch": 3, "frozen_before": "a", "frozen_after": "a"}
    before, after = {"rows": [row]}, {"rows": [row | {"frozen_before": "b", "frozen_after": "b"}]}
    bundle_training._refuse_other(None, after)
    bundle_training._refuse_other(before, before)
    bundle_training._refuse_other(before, {"rows": [after["rows"][0] | {"phase": 1}]})
    with pytest.raises(RuntimeError, match="not those that the trial began with: a at epoch 3, b after the resume"):
        bundle_training._refuse_other(before, after)
