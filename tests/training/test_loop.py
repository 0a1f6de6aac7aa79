from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from study.data.device_split import feed
from study.errors import UserError
from study.models import families
from study.training import loop
from study.training.loop import TrainingContext, TrainingPhase, fit
from tests.support.toy_task import AUGMENT, SMALL, task

LP_FT = [TrainingPhase(range(1, 3), (0.0,) * 4), TrainingPhase(range(3, 5), (1.0,) * 4)]
FINE_TUNE = [TrainingPhase(range(1, 2), (1.0,) * 4)]


def context(config=SMALL, **sizes):
    data = task(**sizes)
    torch.manual_seed(0)
    net = families.build("small_cnn", "none", 3, config.dropout)
    return TrainingContext(net, feed(data.train, data.key, "cpu", (0.5,) * 3, (0.25,) * 3), config, AUGMENT, seed=5)


def weights(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def moved(before, after):
    return {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize(("count", "size", "sizes"), [
    (20, 8, [8, 8, 4]), (17, 8, [8, 9]), (16, 8, [8, 8]), (5, 8, [5]), (9, 8, [9]), (3, 2, [3]),
])  # fmt: skip
def test_a_single_image_joins_the_batch_before(count, size, sizes):
    batches = context(replace(SMALL, batch_size=size), train=count).batches()
    assert [batch.stop - batch.start for batch in batches] == sizes
    assert batches[0].start == 0
    assert all(one.stop == two.start for one, two in pairwise(batches))


@pytest.mark.parametrize(("count", "size"), [(1, 8), (20, 1)])
def test_batches_of_one_are_refused(count, size):
    with pytest.raises(UserError, match=f"batch_size {size} with {count} training images"):
        context(replace(SMALL, batch_size=size), train=count).batches()


def test_an_epoch_sees_each_image_once(monkeypatch):
    seen = []
    one = context()
    monkeypatch.setattr(loop.Feed, "pixels", spy(loop.Feed.pixels, seen))
    list(fit(one, FINE_TUNE))
    assert sorted(torch.cat(seen).tolist()) == list(range(20))


def test_each_epoch_has_random_streams_of_its_own(monkeypatch):
    drawn = []
    monkeypatch.setattr(loop, "stream", lambda seed, *names: drawn.append(names) or 0)
    list(fit(context(), [TrainingPhase(range(1, 3), (0.0,) * 4)]))
    assert sorted(drawn) == [(name, epoch) for name in ("augment", "dropout", "order") for epoch in (1, 2)]


def spy(method, seen):
    def recorded(self, which):
        seen.append(which)
        return method(self, which)

    return recorded


def test_a_first_phase_with_all_frozen_trains_the_head_only_and_the_second_the_rest():
    one = context()
    states = [weights(one.net)]
    phases = []
    for epoch in fit(one, LP_FT):
        states.append(weights(one.net))
        phases.append((epoch.number, epoch.phase, epoch.step))
    assert phases == [(1, 0, 3), (2, 0, 6), (3, 1, 9), (4, 1, 12)]
    assert [moved(*pair) for pair in pairwise(states)] == [{"head"}] * 2 + [{"head", "stages"}] * 2


@pytest.mark.parametrize("done", [1, 2, 3])
def test_phases_resume_to_the_bit(done):
    whole = context()
    states = [epoch.state() for epoch in fit(whole, LP_FT)]
    other = context()
    list(fit(other, LP_FT, done, states[done - 1]))
    assert not moved(weights(whole.net), weights(other.net))


def test_a_stage_that_froze_again_is_in_the_state():
    plan = [TrainingPhase(range(1, 2), (1.0,) * 4), TrainingPhase(range(2, 3), (0.0,) * 4)]
    one = context()
    last = list(fit(one, plan))[-1].state()
    assert one.net.state_dict().keys() <= last.keys()


def test_rates_follow_the_multipliers():
    slow, fast = context(), context()
    before = weights(slow.net)
    list(fit(slow, [TrainingPhase(range(1, 2), (1e-6, 1e-6, 1e-6, 1.0))]))
    list(fit(fast, FINE_TUNE))
    ways = [(one.net.stages[0][0].weight - before["stages.0.0.weight"]).abs().max() for one in (slow, fast)]
    assert 0 < ways[0] < 1e-4 * ways[1]


def test_a_loss_that_is_not_finite_names_the_epoch():
    one = context(replace(SMALL, optimizer="sgd", lr=1e30))
    with pytest.raises(FloatingPointError, match=r"training loss is (nan|inf) in epoch 1"):
        list(fit(one, FINE_TUNE))


def test_a_frozen_stage_that_changes_is_an_error(monkeypatch):
    one = context()
    monkeypatch.setattr(loop, "_gradients", meddle(loop._gradients))
    with pytest.raises(RuntimeError, match="4 frozen stages changed in phase 0"):
        list(fit(one, [TrainingPhase(range(1, 2), (0.0,) * 4)]))


def meddle(gradients):
    def meddling(context, *rest, **options):
        context.net.stages[0][1].running_mean.add_(1)
        return gradients(context, *rest, **options)

    return meddling


def test_training_scores_are_the_batches_own_means():
    one = context(replace(SMALL, lr=0.0, dropout=0.0, augment=0.0, batch_size=20, label_smoothing=0.1))
    epoch = next(fit(one, FINE_TUNE))
    one.net.train()
    logits = one.net(one.feed.normalized(one.feed.pixels(slice(0, 20))))
    plain = torch.nn.functional.cross_entropy(logits, one.feed.targets)
    assert epoch.scores["loss"] == pytest.approx(plain.item(), rel=1e-4)
    assert epoch.scores["accuracy"] == pytest.approx((logits.argmax(1) == one.feed.targets).float().mean().item())
