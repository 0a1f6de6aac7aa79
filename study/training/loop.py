"""The training loop: phases of epochs over a split, resumable after each epoch. Knows no regime, family or task."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from study.data.device_split import Feed, precision
from study.errors import UserError
from study.models import tuning
from study.models.net import Activations, Net, copied
from study.models.tuning import Tuned
from study.seeds import stream
from study.space.config import Config
from study.training import epoch_inputs, optim
from study.training.epoch_inputs import BatchSource
from study.training.feature_cache import FeatureCache
from study.training.losses import judge
from study.training.timing import spent


class TrainingPhase(NamedTuple):
    """Epochs that freeze the same stages and use the same rates."""

    epochs: range
    """Counted from 1 over all phases."""
    multipliers: tuple[float, ...]
    """Each stage's learning rate as a share of the head's; 0 freezes the stage."""
    rate: float = 1.0
    """The head's peak rate as a share of the trial's."""
    tuned: Tuned = "all"
    """What of the stages that are not frozen trains."""

    @property
    def frozen(self) -> frozenset[int]:
        """Numbers of the frozen stages."""
        return frozenset(stage for stage, multiplier in enumerate(self.multipliers) if multiplier == 0)

    @property
    def trained(self) -> frozenset[int]:
        """Numbers of the stages that are not frozen."""
        return frozenset(range(len(self.multipliers))) - self.frozen


class Epoch(NamedTuple):
    """Result of one epoch of training."""

    number: int
    step: int
    """Optimizer steps so far, over all phases."""
    phase: int
    scores: dict[str, float]
    """Accuracy and cross-entropy over the training batches, each scored before its own step."""
    state: Callable[[], dict[str, Tensor]]
    """Copies everything that training can have changed, and the optimizer's state."""
    frozen: tuple[str | None, str | None] = (None, None)
    """Hashes of what this phase freezes: before the phase, and after this epoch."""
    alarms: tuple[str, ...] = ()
    """Signs of faulty training, as `kind: detail`."""
    images: int = 0
    """Images that the epoch showed; 0 where nothing was trained."""
    seconds: float = 0.0
    """That its steps took, without what was prepared before the first."""


@dataclass(frozen=True)
class TrainingContext:
    """What stays the same from epoch to epoch."""

    net: Net
    feed: Feed
    config: Config
    ranges: Mapping[str, float]
    """Of the augmentation at strength 1, see `study.data.augment`."""
    seed: int
    cache: FeatureCache | None = None
    """Of the frozen first stages' outputs; None runs these stages on every batch."""
    labelled: int | None = None
    """Number of training images at label fraction 1; None: as many as the feed has."""
    weights: Tensor | None = None
    """Weight of each class in the loss, see `losses.class_weights`."""
    shows: Callable[[int], BatchSource] | None = None
    """Gives an epoch's batches in place of the images and their labels."""

    @property
    def samples_per_epoch(self) -> int:
        """Number of images that an epoch shows; an image of several passes counts once for each."""
        return (self.labelled or len(self.feed.rows)) if self.config.budget == "steps" else len(self.feed.rows)

    def order(self, epoch: int) -> Tensor:
        """Give the order of an epoch's images, as positions in the split; each pass adds the split's length."""
        generator, count = self.generator("order", epoch if self.config.shuffle == "on" else 0), len(self.feed.rows)
        passes = range(0, self.samples_per_epoch, count)
        permutations = [torch.randperm(count, generator=generator) + start for start in passes]
        return torch.cat(permutations)[: self.samples_per_epoch]

    def batches(self) -> list[slice]:
        """Cut the epoch's samples into batches. A last single one joins the batch before, as BatchNorm needs two."""
        count, size = self.samples_per_epoch, self.config.batch_size
        if min(count, size) < 2:
            raise UserError(f"batch_size {size} with {count} training images: a batch needs at least 2")
        starts = [start for start in range(0, count, size) if start == 0 or start < count - 1]
        return [slice(start, end) for start, end in zip(starts, [*starts[1:], count], strict=True)]

    @property
    def steps(self) -> int:
        """Number of optimizer steps in an epoch."""
        return -(-len(self.batches()) // self.config.accumulate)

    def generator(self, name: str, epoch: int) -> torch.Generator:
        """Give the epoch's random stream of this name."""
        return torch.Generator().manual_seed(stream(self.seed, name, epoch))

    def epoch_inputs(self, epoch: int) -> BatchSource:
        """Prepare the batches of an epoch."""
        if self.shows is not None:
            return self.shows(epoch)
        return epoch_inputs.inputs(
            self.net,
            self.feed,
            self.config,
            ranges=self.ranges,
            generator=self.generator("augment", epoch),
            epoch=epoch,
            cache=self.cache,
            samples=self.samples_per_epoch,
        )


def fit(
    context: TrainingContext,
    phases: Sequence[TrainingPhase],
    done: int = 0,
    tensors: Mapping[str, Tensor] | None = None,
) -> Iterator[Epoch]:
    """Train a network in place, phase after phase.

    Args:
        context: network, data and hyperparameters.
        phases: in their order.
        done: number of epochs that an earlier process has trained.
        tensors: `state()` after these epochs.

    Yields:
        Each epoch. Call its `state` before asking for the next one.

    Raises:
        UserError: fewer than two images, or an unknown optimizer.
        FloatingPointError: the loss is not finite; names the epoch.
        RuntimeError: a frozen stage changed.
    """
    tensors = dict(tensors or {})
    current = context.net.state_dict()
    for name in current.keys() & tensors.keys():
        current[name].copy_(tensors.pop(name))  # what is left is the optimizer's
    for number, phase in enumerate(phases):
        if done < phase.epochs.stop - 1:
            trained = frozenset().union(*(earlier.trained for earlier in phases[: number + 1]))
            yield from _phase(context, phase, number=number, trained=trained, done=done, tensors=tensors)


def _phase(
    context: TrainingContext,
    phase: TrainingPhase,
    *,
    number: int,
    trained: frozenset[int],
    done: int,
    tensors: Mapping[str, Tensor],
) -> Iterator[Epoch]:
    """Train one phase with its own optimizer; check that frozen stages stay the same and the others move."""
    net = context.net
    net.freeze(phase.frozen, batchnorm=context.config.freeze_batchnorm == "on", tuned=phase.tuned)
    net.head.requires_grad_(context.config.head_rate > 0)
    optimizer = optim.build(net, phase.multipliers, context.config)
    if resumed := done in phase.epochs:
        optim.restore(optimizer, net, tensors)
    alarms = [f"not_optimized: {name} is in no group of the optimizer" for name in optim.unoptimized(optimizer, net)]
    start = {} if resumed else snapshot(net)
    before = net.frozen_digest()
    copies = [tensor.clone() for tensor in net.frozen_state()] if context.cache else []
    # what any phase so far has trained can have changed, whatever this one freezes
    state = lambda: copied({**net.changing(trained), **optim.state(optimizer, net)})  # noqa: E731
    for epoch in range(max(phase.epochs.start, done + 1), phase.epochs.stop):
        scores, seconds = _epoch(context, phase, epoch=epoch, optimizer=optimizer)
        same = bool(copies) and all(map(torch.equal, copies, net.frozen_state()))
        if (after := before if same else net.frozen_digest()) != before:
            raise RuntimeError(f"the {len(phase.frozen)} frozen stages changed in phase {number}, epoch {epoch}")
        alarms += movement_alarms(net, start)
        steps, images = epoch * context.steps, context.samples_per_epoch
        yield Epoch(epoch, steps, number, scores, state, (before, after), tuple(alarms), images, seconds)
        alarms, start = [], {}


def snapshot(net: Net) -> dict[str, Tensor]:
    """Copy the tensors that `movement_alarms` compares, on their device."""
    return {name: tensor.detach().clone() for name, tensor in _movable(net).items()}


def _movable(net: Net) -> dict[str, Tensor]:
    """Name the parameters that train from the first step on, and the buffers of frozen stages that may drift."""
    trained = {name: tensor for name, tensor in net.named_parameters() if tensor.requires_grad}
    return {name: tensor for name, tensor in trained.items() if tuning.moves_at_once(name)} | net.drifting()


def movement_alarms(net: Net, start: Mapping[str, Tensor]) -> list[str]:
    """Raise alarms for parameters equal to the phase's start, and for buffers of frozen stages that differ from it."""
    drifting, now = net.drifting(), _movable(net)
    still = [name for name, tensor in start.items() if torch.equal(tensor, now[name])]
    drifted = [name for name in start if name in drifting and name not in still]
    alarms = [f"not_moved: {name} is as it was before the phase" for name in still if name not in drifting]
    if drifted:
        alarms.append(f"batchnorm_drift: {len(drifted)} of {len(drifting)} buffers of frozen stages moved")
    return alarms


def _epoch(
    context: TrainingContext, phase: TrainingPhase, *, epoch: int, optimizer: optim.Optimizer
) -> tuple[dict[str, float], float]:
    """Train on all batches of an epoch; nothing waits for the device before the end.

    Returns:
        The epoch's scores, and the seconds that its steps took.
    """
    config, feed, batches = context.config, context.feed, context.batches()
    device, order = feed.rows.device, context.order(epoch).to(feed.rows.device)
    with spent("data"):
        inputs = context.epoch_inputs(epoch)
    torch.manual_seed(stream(context.seed, "dropout", epoch))  # dropout draws from torch's own
    context.net.train()
    sums = torch.zeros(3, device=device)
    first, steps = (epoch - phase.epochs.start) * context.steps, len(phase.epochs) * context.steps
    began = time.perf_counter()
    for number, begin in enumerate(range(0, len(batches), config.accumulate)):
        accumulated = batches[begin : begin + config.accumulate]
        share = optim.schedule(first + number, steps, config.warmup, config.schedule)
        optim.set_rate(optimizer, config.lr * phase.rate * share)
        optimizer.zero_grad()
        for batch in accumulated:
            with spent("data"):
                activations, targets = inputs.batch(order[batch])
            sums += _gradients(context, activations, targets, start=inputs.start, accumulation=len(accumulated))
        with spent("backward"):
            optimizer.step()
    means = (sums / len(order)).tolist()  # waits for the device
    return epoch_scores(means, epoch), time.perf_counter() - began


def epoch_scores(means: Sequence[float], epoch: int) -> dict[str, float]:
    """Name an epoch's training scores.

    Args:
        means: over the epoch's samples, of the objective, the plain cross-entropy and the right answers.
        epoch: for the error.

    Raises:
        FloatingPointError: the objective is not finite.
    """
    objective, loss, accuracy = means
    if not math.isfinite(objective):
        raise FloatingPointError(f"training loss is {objective} in epoch {epoch}")
    return {"accuracy": accuracy, "loss": loss}


def _gradients(
    context: TrainingContext, activations: Activations, targets: Tensor, *, start: int, accumulation: int
) -> Tensor:
    """Add the gradients of one batch.

    Args:
        context: network, precision and loss.
        activations: what stage `start` takes.
        targets: of the batch.
        start: the first stage to run.
        accumulation: number of batches in the optimizer step.

    Returns:
        (3,) sums over the batch, as `losses.judge` gives them.
    """
    with spent("forward"):
        with precision(context.feed):
            logits = context.net(activations, start)
        objectives, sums = judge(logits.float()[None], targets[None], context.config, context.weights)
    with spent("backward"):
        if not objectives.requires_grad:  # nothing trains
            return sums[0]
        (objectives.sum() / (accumulation if context.config.reduction == "mean" else 1)).backward()
    return sums[0]
