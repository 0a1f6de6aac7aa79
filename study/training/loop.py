"""The one training loop: phases of epochs over a split, resumable after each. Knows no regime, family or task."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from study.data.device_split import Feed, precision
from study.errors import UserError
from study.models.net import Net, Passed, copied
from study.seeds import stream
from study.space.config import Config
from study.training import optim
from study.training.epoch_inputs import BatchSource, inputs
from study.training.feature_cache import FeatureCache
from study.training.losses import judge
from study.training.timing import spent


class TrainingPhase(NamedTuple):
    """A phase, ready to be trained."""

    epochs: range
    """Counted from 1 over all phases."""
    multipliers: tuple[float, ...]
    """One learning rate per stage as a share of the head's; 0 freezes."""
    rate: float = 1.0
    """The head's peak rate as a share of the trial's."""

    @property
    def frozen(self) -> frozenset[int]:
        """Numbers of the frozen stages."""
        return frozenset(stage for stage, multiplier in enumerate(self.multipliers) if multiplier == 0)

    @property
    def trained(self) -> frozenset[int]:
        """Numbers of the stages that are not frozen."""
        return frozenset(range(len(self.multipliers))) - self.frozen


class Epoch(NamedTuple):
    """What an epoch of training came to."""

    number: int
    step: int
    """Optimizer steps so far, over all phases."""
    phase: int
    scores: dict[str, float]
    """Running accuracy and cross-entropy of the training batches, as the network was when it saw each."""
    state: Callable[[], dict[str, Tensor]]
    frozen: tuple[str | None, str | None] = (None, None)
    """Hash of what this phase freezes, before the phase and now."""
    alarms: tuple[str, ...] = ()
    """What is wrong with the training, as `kind: detail`."""


@dataclass(frozen=True)
class TrainingContext:
    """What does not change from epoch to epoch."""

    net: Net
    feed: Feed
    config: Config
    ranges: Mapping[str, float]
    """Of the augmentation, see `study.data.augment`."""
    seed: int
    cache: FeatureCache | None = None
    """Where the outputs of frozen first stages are kept; None runs them on every batch."""
    labelled: int | None = None
    """Training images that there are with all labels; None: as many as the feed has."""
    weights: Tensor | None = None
    """What each class counts in the loss, see `losses.class_weights`."""
    shows: Callable[[int], BatchSource] | None = None
    """Gives what an epoch shows instead of the images and their labels."""

    @property
    def shown(self) -> int:
        """Images that an epoch shows, those that come several times counted as often."""
        return (self.labelled or len(self.feed.rows)) if self.config.budget == "steps" else len(self.feed.rows)

    def order(self, epoch: int) -> Tensor:
        """Give the order of an epoch's images: places in the split, the second pass counted on from the first."""
        generator, count = self.generator("order", epoch if self.config.shuffle == "on" else 0), len(self.feed.rows)
        passes = range(0, self.shown, count)
        return torch.cat([torch.randperm(count, generator=generator) + start for start in passes])[: self.shown]

    def batches(self) -> list[slice]:
        """Cut the samples into batches; a single one left over joins the batch before, as BatchNorm needs two."""
        count, size = self.shown, self.config.batch_size
        if min(count, size) < 2:
            raise UserError(f"batch_size {size} with {count} training images: a batch needs at least 2")
        starts = [start for start in range(0, count, size) if start == 0 or start < count - 1]
        return [slice(start, end) for start, end in zip(starts, [*starts[1:], count], strict=True)]

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch."""
        return -(-len(self.batches()) // self.config.accumulate)

    def generator(self, name: str, epoch: int) -> torch.Generator:
        """Give the epoch's random stream of this name."""
        return torch.Generator().manual_seed(stream(self.seed, name, epoch))


def fit(
    lesson: TrainingContext, plan: Sequence[TrainingPhase], done: int = 0, tensors: Mapping[str, Tensor] | None = None
) -> Iterator[Epoch]:
    """Train a network in place, phase after phase.

    Args:
        lesson: network, data and hyperparameters.
        plan: the phases.
        done: epochs that an earlier process has trained.
        tensors: `state()` after these epochs.

    Yields:
        Each epoch; its `state` must be called before the next one is asked for.

    Raises:
        UserError: fewer than two images, or an unknown optimizer.
        FloatingPointError: the loss is not finite; names the epoch.
        RuntimeError: a frozen stage changed.
    """
    tensors = dict(tensors or {})
    known = lesson.net.state_dict()
    for name in known.keys() & tensors.keys():
        known[name].copy_(tensors.pop(name))  # what is left is the optimizer's
    for phase, stretch in enumerate(plan):
        if done < stretch.epochs.stop - 1:
            trained = frozenset().union(*(each.trained for each in plan[: phase + 1]))
            yield from _phase(lesson, phase, stretch, trained, done, tensors)


def _phase(
    lesson: TrainingContext,
    phase: int,
    stretch: TrainingPhase,
    trained: frozenset[int],
    done: int,
    tensors: Mapping[str, Tensor],
) -> Iterator[Epoch]:
    """Train one phase with an optimizer of its own, and make sure that what is frozen stays and the rest moves."""
    net = lesson.net
    net.freeze(stretch.frozen, batchnorm=lesson.config.freeze_batchnorm == "on")
    net.head.requires_grad_(lesson.config.head_rate > 0)
    optimizer = optim.build(net, stretch.multipliers, lesson.config)
    if resumed := done in stretch.epochs:
        optim.restore(optimizer, net, tensors)
    alarms = [f"not_optimized: {name} is in no group of the optimizer" for name in optim.unoptimized(optimizer, net)]
    start = {} if resumed else snapshot(net)
    before = net.frozen_digest()
    kept = [each.clone() for each in net.frozen_state()] if lesson.cache else []
    # what any phase so far has trained can have changed, whatever this one freezes
    state = lambda: copied({**net.changing(trained), **optim.state(optimizer, net)})  # noqa: E731
    for epoch in range(max(stretch.epochs.start, done + 1), stretch.epochs.stop):
        scores = _epoch(lesson, optimizer, stretch, epoch)
        same = bool(kept) and all(map(torch.equal, kept, net.frozen_state()))
        if (after := before if same else net.frozen_digest()) != before:
            raise RuntimeError(f"the {len(stretch.frozen)} frozen stages changed in phase {phase}, epoch {epoch}")
        alarms += moves(net, start)
        yield Epoch(epoch, epoch * lesson.steps, phase, scores, state, (before, after), tuple(alarms))
        alarms, start = [], {}


def snapshot(net: Net) -> dict[str, Tensor]:
    """Copy what `moves` looks at, where it is."""
    return {name: each.detach().clone() for name, each in _moving(net).items()}


def _moving(net: Net) -> dict[str, Tensor]:
    """Name what an epoch should move, the parameters that train, and what it should not, buffers that may drift."""
    return {name: each for name, each in net.named_parameters() if each.requires_grad} | net.drifting()


def moves(net: Net, start: Mapping[str, Tensor]) -> list[str]:
    """Compare with a phase's start: alarms for parameters that stayed and for frozen stages' buffers that did not."""
    drifting, now = net.drifting(), _moving(net)
    still = [name for name, tensor in start.items() if torch.equal(tensor, now[name])]
    drifted = [name for name in start if name in drifting and name not in still]
    found = [f"not_moved: {name} is as it was before the phase" for name in still if name not in drifting]
    if drifted:
        found.append(f"batchnorm_drift: {len(drifted)} of {len(drifting)} buffers of frozen stages moved")
    return found


def _epoch(
    lesson: TrainingContext, optimizer: torch.optim.Optimizer, stretch: TrainingPhase, epoch: int
) -> dict[str, float]:
    """Take one step a batch; nothing waits for the device before the end."""
    config, feed, batches = lesson.config, lesson.feed, lesson.batches()
    device, order = feed.rows.device, lesson.order(epoch).to(feed.rows.device)
    with spent("data"):
        shown = lesson.shows(epoch) if lesson.shows else _inputs(lesson, epoch)
    torch.manual_seed(stream(lesson.seed, "dropout", epoch))  # dropout draws from torch's own
    lesson.net.train()
    sums = torch.zeros(3, device=device)
    first, steps = (epoch - stretch.epochs.start) * lesson.steps, len(stretch.epochs) * lesson.steps
    for number, begin in enumerate(range(0, len(batches), config.accumulate)):
        parts = batches[begin : begin + config.accumulate]
        share = optim.schedule(first + number, steps, config.warmup, config.schedule)
        optim.set_rate(optimizer, config.lr * stretch.rate * share)
        optimizer.zero_grad()
        for part in parts:
            with spent("data"):
                passed, targets = shown.batch(order[part])
            sums += _gradients(lesson, passed, shown.start, targets, len(parts))
        with spent("backward"):
            optimizer.step()
    return told((sums / len(order)).tolist(), epoch)


def _inputs(lesson: TrainingContext, epoch: int) -> BatchSource:
    fresh = lesson.generator("augment", epoch)
    return inputs(lesson.net, lesson.feed, lesson.config, lesson.ranges, fresh, epoch, lesson.cache, lesson.shown)


def told(means: Sequence[float], epoch: int) -> dict[str, float]:
    """Name an epoch's scores.

    Args:
        means: of the objective, the plain cross-entropy and the right answers.
        epoch: for the error.

    Raises:
        FloatingPointError: the objective is not finite.
    """
    objective, loss, right = means
    if not math.isfinite(objective):
        raise FloatingPointError(f"training loss is {objective} in epoch {epoch}")
    return {"accuracy": right, "loss": loss}


def _gradients(lesson: TrainingContext, passed: Passed, start: int, targets: Tensor, among: int) -> Tensor:
    """Add a batch's gradients, one of so many of a step; gives its sums, as `losses.judge` does."""
    with spent("forward"):
        with precision(lesson.feed):
            logits = lesson.net(passed, start)
        objectives, sums = judge(logits.float()[None], targets[None], lesson.config, lesson.weights)
    with spent("backward"):
        if not objectives.requires_grad:  # nothing trains
            return sums[0]
        (objectives.sum() / (among if lesson.config.reduction == "mean" else 1)).backward()
    return sums[0]
