"""Tasks that were learnt before: scored with their own heads on what the network has become."""

import numpy as np
import pytest
import torch

from study.data import prepare, splits
from study.errors import UserError
from study.models import families, input_contract, saved, weights
from study.models.earlier import Earlier
from study.pretraining import initial_weights, sources, train
from study.space.config import Config
from study.training import trial
from study.training.earlier_tasks import BEFORE, OWN_BATCHNORM

FIRST, SECOND = "animals", "animals/animal"
VALUES = Config(task=SECOND, family="small_cnn", image_size=16, batch_size=32, lr=0.02, weights=FIRST)
CARD = {"config": {"family": "small_cnn", "task": SECOND}, "classes": ["canines", "felines"], "source_labels": {}}
CARD |= {"mean": [0.5] * 3, "std": [0.25] * 3}
SOURCES = {FIRST: {"pretext": "labels", "task": FIRST, "epochs": 3, "batch_size": 32, "lr": 3e-3}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A store with the network of a first task, and the second task."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_STORE", str(tmp_path_factory.mktemp("store")))
        first, second = (prepare.prepare(task, None, 16, None) for task in (FIRST, SECOND))
        start = initial_weights.InitialWeights(sources.source(FIRST, SOURCES, VALUES), first, 0)
        entry = train.make(start)
        yield start, entry.path, first, second


def run(place, sealed=False, epochs=1, **more):
    start, path, first, second = place
    known = Earlier(start.source.config, prepare.open_data(first, splits.cut(VALUES), 0, 0, sealed), path)
    asked = Config(**(vars(VALUES) | more))
    given = prepare.open_data(second, splits.cut(VALUES), 0, 0, sealed)
    found = []
    for report in trial.run(asked, given, 5, epochs, source=path, earlier=[known]):
        state = report.model()
        found.append(report._replace(model=lambda state=state: state))
    return found, known


@pytest.fixture(scope="module")
def tuned(place):
    """The reports of a trial that is fine-tuned, the task of before, and the network at the end."""
    return run(place, regime="fine_tune")


def scores(report, task=FIRST):
    return {(row["split"], row["metric"]): row["score"] for row in report.rows if row["task"] == task}


def test_every_report_scores_the_task_of_before(tuned):
    reports, _ = tuned
    shares = ("accuracy", "sensitivity", "specificity")
    names = ("loss", *shares, *(f"{name}{OWN_BATCHNORM}" for name in shares))
    for report in reports[:-1]:
        assert set(scores(report)) == {("val", name) for name in names}
        assert {row["trained_on"] for row in report.rows} == {SECOND}
    assert set(scores(reports[-1])) == {
        (split, name) for split in ("val", "test") for name in (*names, *(f"{name}{BEFORE}" for name in shares))
    }


def test_before_anything_is_trained_it_is_as_it_was_learnt(place, tuned):
    _, path, *_ = place
    reports, known = tuned
    net = families.build("small_cnn", "none", 2)
    weights.fill(net, path)
    net.head.load_state_dict(weights.tensors(path, weights.HEAD))
    shown = torch.from_numpy(known.data.val.images[known.data.val.index]).permute(0, 3, 1, 2) / 255
    mean, std = (
        torch.tensor(each).view(3, 1, 1)
        for each in input_contract.channels(known.config, families.of(known.config), known.data)
    )
    with torch.no_grad():
        told = net.eval()((shown - mean) / std).argmax(1).numpy()
    plain = np.mean(told == known.data.val.targets)
    assert scores(reports[0])["val", "accuracy"] == pytest.approx(plain, abs=1e-9)
    assert scores(reports[-1])["val", f"accuracy{BEFORE}"] == scores(reports[0])["val", "accuracy"]


@pytest.mark.parametrize("split", ["val", "test"])
def test_what_is_frozen_forgets_nothing_to_the_bit(place, split):
    reports, _ = run(place, regime="feature_extraction")
    found = scores(reports[-1])
    assert found[split, "accuracy"] == found[split, f"accuracy{OWN_BATCHNORM}"] == found[split, f"accuracy{BEFORE}"]
    assert scores(reports[0])["val", "loss"] == scores(reports[-1])["val", "loss"]


def test_statistics_that_drift_forget_and_put_back_forget_nothing(place):
    reports, _ = run(place, regime="feature_extraction", freeze_batchnorm="off")
    found = scores(reports[-1])
    assert found["test", "accuracy"] < found["test", f"accuracy{BEFORE}"]
    assert found["test", f"accuracy{OWN_BATCHNORM}"] == found["test", f"accuracy{BEFORE}"]


def test_weights_that_move_forget_even_with_their_statistics(tuned):
    found = scores(tuned[0][-1])
    assert found["test", f"accuracy{OWN_BATCHNORM}"] < found["test", f"accuracy{BEFORE}"]


def test_scoring_the_past_changes_nothing_in_the_trial(place, tuned):
    reports, _ = tuned
    _, path, _, second = place
    asked = Config(**(vars(VALUES) | {"regime": "fine_tune"}))
    alone = list(trial.run(asked, prepare.open_data(second, splits.cut(VALUES), 0, 0, False), 5, 1, source=path))
    for one, other in zip(reports, alone, strict=True):
        assert one.objective == other.objective
    states = [each.model() for each in (reports[-1], alone[-1])]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_test_of_before_is_sealed_too(place):
    reports, _ = run(place, sealed=True, regime="fine_tune")
    assert {split for split, _ in scores(reports[-1])} == {"val"}


@pytest.mark.parametrize(("regime", "frozen"), [("fine_tune", False), ("feature_extraction", True)])
def test_a_head_whose_rate_is_zero_stays_as_drawn(place, regime, frozen):
    _, path, _, second = place
    asked = Config(**(vars(VALUES) | {"regime": regime, "head_rate": 0.0, "freeze_batchnorm": "off"}))
    found = [
        (report, report.model())
        for report in trial.run(asked, prepare.open_data(second, splits.cut(VALUES), 0, 0, True), 5, 1, source=path)
    ]
    (first, begun), (_, end) = found
    heads = [name for name in begun if name.startswith("head")]
    assert heads
    assert all(torch.equal(begun[name], end[name]) for name in heads)
    moved = [name for name in begun if not torch.equal(begun[name], end[name])]
    assert (
        all(name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked") for name in moved)
        == frozen
    )
    assert moved
    assert "untrained_head: the new head stays as it was drawn" in first.rows[0]["alarms"]


@pytest.mark.parametrize("own", [False, True])
def test_the_heads_of_all_tasks_stay_loadable(tuned, tmp_path, own):
    reports, known = tuned
    saved.save(tmp_path / "model", reports[-1].model(), CARD, [known])
    net, about = saved.load(tmp_path / "model", FIRST, own_batchnorm=own)
    assert (about["task"], about["classes"]) == (FIRST, ["animal", "other"])
    shown = torch.from_numpy(known.data.test.images[known.data.test.index]).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(about[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        told = torch.cat([net((part - mean) / std) for part in shown.split(64)]).argmax(1).numpy()
    expected = scores(reports[-1])["test", "accuracy" + (OWN_BATCHNORM if own else "")]
    assert np.mean(told == known.data.test.targets) == pytest.approx(expected, abs=2e-3)
    last, about = saved.load(tmp_path / "model")
    assert (last.head.out_features, about["classes"]) == (2, ["canines", "felines"])


def test_a_task_that_was_never_learnt_is_refused(tuned, tmp_path):
    reports, known = tuned
    saved.save(tmp_path / "model", reports[-1].model(), CARD, [known])
    with pytest.raises(UserError, match="has no task 'voc' that its network had learnt before; it has animals"):
        saved.load(tmp_path / "model", "voc")
