"""Earlier tasks, scored with their own heads on the current network."""

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
def learnt(tmp_path_factory):
    """A store with the network of a first task, and the second task."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_STORE", str(tmp_path_factory.mktemp("store")))
        first, second = (prepare.prepare(task, None, 16, None) for task in (FIRST, SECOND))
        start = initial_weights.InitialWeights(sources.source(FIRST, SOURCES, VALUES), first, 0)
        entry = train.make(start)
        yield start, entry.path, first, second


def run(learnt, sealed=False, epochs=1, **values):
    start, path, first, second = learnt
    earlier = Earlier(start.source.config, prepare.open_data(first, splits.cut(VALUES), 0, 0, sealed), path)
    config = Config(**(vars(VALUES) | values))
    data = prepare.open_data(second, splits.cut(VALUES), 0, 0, sealed)
    reports = []
    for report in trial.run(config, data, 5, epochs=epochs, source=path, earlier=[earlier]):
        state = report.model()
        reports.append(report._replace(model=lambda state=state: state))
    return reports, earlier


@pytest.fixture(scope="module")
def tuned(learnt):
    """The reports of a fine-tuned trial, with the network after each, and the earlier task."""
    return run(learnt, regime="fine_tune")


def scores(report, task=FIRST):
    return {(row["split"], row["metric"]): row["score"] for row in report.rows if row["task"] == task}


def test_every_report_scores_the_earlier_task(tuned):
    reports, _ = tuned
    shares = ("accuracy", "sensitivity", "specificity")
    names = ("loss", *shares, *(f"{name}{OWN_BATCHNORM}" for name in shares))
    for report in reports[:-1]:
        assert set(scores(report)) == {("val", name) for name in names}
        assert {row["trained_on"] for row in report.rows} == {SECOND}
    assert set(scores(reports[-1])) == {
        (split, name) for split in ("val", "test") for name in (*names, *(f"{name}{BEFORE}" for name in shares))
    }


def test_the_first_report_scores_the_network_as_it_was_learnt(learnt, tuned):
    _, path, *_ = learnt
    reports, earlier = tuned
    net = families.build("small_cnn", "none", 2)
    weights.fill(net, path)
    net.head.load_state_dict(weights.tensors(path, weights.HEAD))
    images = torch.from_numpy(earlier.data.val.images[earlier.data.val.index]).permute(0, 3, 1, 2) / 255
    channels = input_contract.channels(earlier.config, families.of(earlier.config), earlier.data)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in channels)
    with torch.no_grad():
        answers = net.eval()((images - mean) / std).argmax(1).numpy()
    plain = np.mean(answers == earlier.data.val.targets)
    assert scores(reports[0])["val", "accuracy"] == pytest.approx(plain, abs=1e-9)
    assert scores(reports[-1])["val", f"accuracy{BEFORE}"] == scores(reports[0])["val", "accuracy"]


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_frozen_network_forgets_nothing_to_the_bit(learnt, split):
    reports, _ = run(learnt, regime="feature_extraction")
    last = scores(reports[-1])
    assert last[split, "accuracy"] == last[split, f"accuracy{OWN_BATCHNORM}"] == last[split, f"accuracy{BEFORE}"]
    assert scores(reports[0])["val", "loss"] == scores(reports[-1])["val", "loss"]


def test_drifting_statistics_forget_and_restored_ones_forget_nothing(learnt):
    reports, _ = run(learnt, regime="feature_extraction", freeze_batchnorm="off")
    last = scores(reports[-1])
    assert last["test", "accuracy"] < last["test", f"accuracy{BEFORE}"]
    assert last["test", f"accuracy{OWN_BATCHNORM}"] == last["test", f"accuracy{BEFORE}"]


def test_weights_that_move_forget_even_with_their_old_statistics(tuned):
    last = scores(tuned[0][-1])
    assert last["test", f"accuracy{OWN_BATCHNORM}"] < last["test", f"accuracy{BEFORE}"]


@pytest.mark.parametrize("regime", ["lora", "bias", "norm"])
def test_a_part_that_moves_is_put_back_to_score_the_network_as_it_was_learnt(learnt, tuned, regime):
    reports, _ = run(learnt, regime=regime, lr=0.3, epochs=2)
    first, last = scores(reports[0]), scores(reports[-1])
    assert first["val", "accuracy"] == last["val", f"accuracy{BEFORE}"] == scores(tuned[0][0])["val", "accuracy"]
    assert first["val", "loss"] != last["val", "loss"]
    alone = reports[-1].model()
    assert alone.keys() == tuned[0][-1].model().keys()


def test_a_task_that_was_learnt_by_lora_has_plain_weights(learnt):
    _, _, first, second = learnt
    recipe = {FIRST: {**SOURCES[FIRST], "epochs": 1, "regime": "lora", "lora_rank": 2}}
    start = initial_weights.InitialWeights(sources.source(FIRST, recipe, VALUES), first, 0)
    entry = train.make(start)
    assert start.source.config.regime == "lora"
    assert weights.tensors(entry.path).keys() == families.build("small_cnn", "none", 2).stages.state_dict().keys()
    reports, _ = run((start, entry.path, first, second), regime="fine_tune")
    assert scores(reports[0])["val", "accuracy"] == scores(reports[-1])["val", f"accuracy{BEFORE}"]


def test_scoring_earlier_tasks_does_not_change_the_trial(learnt, tuned):
    reports, _ = tuned
    _, path, _, second = learnt
    config = Config(**(vars(VALUES) | {"regime": "fine_tune"}))
    data = prepare.open_data(second, splits.cut(VALUES), 0, 0, False)
    alone = list(trial.run(config, data, 5, epochs=1, source=path))
    for one, other in zip(reports, alone, strict=True):
        assert one.objective == other.objective
    states = [report.model() for report in (reports[-1], alone[-1])]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_test_of_an_earlier_task_is_sealed_too(learnt):
    reports, _ = run(learnt, sealed=True, regime="fine_tune")
    assert {split for split, _ in scores(reports[-1])} == {"val"}


@pytest.mark.parametrize(("regime", "frozen"), [("fine_tune", False), ("feature_extraction", True)])
def test_a_head_whose_rate_is_zero_stays_as_drawn(learnt, regime, frozen):
    _, path, _, second = learnt
    config = Config(**(vars(VALUES) | {"regime": regime, "head_rate": 0.0, "freeze_batchnorm": "off"}))
    data = prepare.open_data(second, splits.cut(VALUES), 0, 0, True)
    (first, before), (_, after) = (
        (report, report.model()) for report in trial.run(config, data, 5, epochs=1, source=path)
    )
    heads = [name for name in before if name.startswith("head")]
    assert heads
    assert all(torch.equal(before[name], after[name]) for name in heads)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert (
        all(name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked") for name in moved)
        == frozen
    )
    assert moved
    assert "untrained_head: the new head stays as it was drawn" in first.rows[0]["alarms"]


@pytest.mark.parametrize("own", [False, True])
def test_the_heads_of_all_tasks_stay_loadable(tuned, tmp_path, own):
    reports, earlier = tuned
    saved.save(tmp_path / "model", reports[-1].model(), CARD, [earlier])
    net, card = saved.load(tmp_path / "model", FIRST, own_batchnorm=own)
    assert (card["task"], card["classes"]) == (FIRST, ["animal", "other"])
    images = torch.from_numpy(earlier.data.test.images[earlier.data.test.index]).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(card[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        answers = torch.cat([net((part - mean) / std) for part in images.split(64)]).argmax(1).numpy()
    expected = scores(reports[-1])["test", "accuracy" + (OWN_BATCHNORM if own else "")]
    assert np.mean(answers == earlier.data.test.targets) == pytest.approx(expected, abs=2e-3)
    last, card = saved.load(tmp_path / "model")
    assert (last.head.out_features, card["classes"]) == (2, ["canines", "felines"])


def test_a_task_that_was_never_learnt_is_refused(tuned, tmp_path):
    reports, earlier = tuned
    saved.save(tmp_path / "model", reports[-1].model(), CARD, [earlier])
    with pytest.raises(UserError, match="has no task 'voc' that its network had learnt before; it has animals"):
        saved.load(tmp_path / "model", "voc")
