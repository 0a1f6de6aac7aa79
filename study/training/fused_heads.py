"""Many linear heads on one frozen backbone, trained at once; each is a trial and reports what it would report alone.

The features are computed once. Every step is one batched product over all heads. Each head keeps its own order of
images, rate and weight decay. Knows no files.

Source: linear evaluation as in Oquab et al. 2023 (DINOv2), arXiv:2304.07193, which trains a grid of heads at once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from study.data.device_split import precision
from study.models.net import Activations, copied
from study.space.config import Config
from study.training import cost_meter, optim, setup
from study.training.epoch_inputs import BatchSource
from study.training.feature_cache import MemoryCache
from study.training.loop import Epoch, TrainingContext, TrainingPhase, epoch_scores, movement_alarms, snapshot
from study.training.losses import judge
from study.training.report import Report, Reporter
from study.training.timing import spent
from study.training.trial import NO_CACHE, CacheSettings, cache_of, plan, weights_of

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Member(NamedTuple):
    """One of the trials."""

    config: Config
    seed: int


class _SharedClock:
    """Counts seconds, each divided equally among the members that share them."""

    def __init__(self, members: int) -> None:
        self.members = members
        self._seconds, self._last = 0.0, time.perf_counter()

    def __call__(self) -> float:
        now = time.perf_counter()
        self._seconds, self._last = self._seconds + (now - self._last) / self.members, now
        return self._seconds


class _Bundle(NamedTuple):
    """The trials that are trained together; dictionaries are keyed by the members' numbers."""

    contexts: dict[int, TrainingContext]
    """Their networks share the stages, which are all frozen."""
    reporters: dict[int, Reporter]
    optimizer: optim.Optimizer
    clock: _SharedClock
    digest: str | None
    """Of the frozen stages."""
    alarms: tuple[str, ...]
    """Raised before training begins."""


Said = dict[int, Report | Exception]
"""By member: its report, or the error that it failed with."""


def run(
    members: Sequence[Member],
    data: "TaskData",
    epochs: int,
    *,
    device: str = "cpu",
    cache: CacheSettings = NO_CACHE,
    ended: Callable[[int], bool] = lambda number: False,
    source: Path | None = None,
) -> Iterator[Said]:
    """Train the heads of several trials, epoch by epoch.

    Args:
        members: trials that `study.search.bundles` lets be trained together.
        data: train and validation arrays.
        epochs: >= 1.
        device: of torch.
        cache: limits what is cached of the backbone's outputs for other trials; the rest is held in memory.
        ended: whether a member's trial has been ended; such a member is left out from the next epoch on.
        source: as of `trial.run`.

    Yields:
        Every member's report at epoch 0 (nothing trained) and after each epoch; `seconds` are its share of the time.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
        RuntimeError: a frozen stage changed.
    """
    cost_meter.forget_peak(device)
    with spent("setup"):
        (phase,) = plan(members[0].config, epochs)
        bundle = _bundle(members, data, phase, device=device, cache=cache, source=source)
    reports = _reports(bundle, {number: _as_loaded(bundle, number) for number in bundle.contexts})
    yield reports
    for epoch in phase.epochs:
        left = [number for number, report in reports.items() if isinstance(report, Report) and not ended(number)]
        if not left:
            return
        bundle.clock.members = len(left)
        trained = _epoch(bundle, left, phase=phase, epoch=epoch)
        if bundle.contexts[0].net.frozen_digest() != bundle.digest:
            raise RuntimeError(f"the {len(phase.frozen)} frozen stages changed in phase 0, epoch {epoch}")
        reports = _reports(bundle, trained)
        yield reports


def _bundle(
    members: Sequence[Member],
    data: "TaskData",
    phase: TrainingPhase,
    *,
    device: str,
    cache: CacheSettings,
    source: Path | None,
) -> _Bundle:
    first, clock = members[0].config, _SharedClock(len(members))
    net, feeds, alarms = setup.assemble(first, data, members[0].seed, device, source)
    costs = cost_meter.network(first, net, [phase], feeds["train"], source)
    net.freeze(phase.frozen)
    digest, memory = net.frozen_digest(), MemoryCache(cache_of(first, data, cache))
    heads = [setup.new_head(member.config, data, member.seed).to(device) for member in members[1:]]
    nets = [net, *map(net.with_head, heads)]
    weights = weights_of(first, data, device)
    contexts = {
        number: TrainingContext(
            nets[number],
            feeds["train"],
            member.config,
            data.augment,
            member.seed,
            cache=memory,
            labelled=data.labelled,
            weights=weights,
        )
        for number, member in enumerate(members)
    }
    last = phase.epochs[-1]
    reporters = {
        number: Reporter(context, feeds, data, last, clock, cost_meter.CostMeter(costs, device))
        for number, context in contexts.items()
    }
    optimizer = optim.build_heads(nets, [member.config for member in members])
    return _Bundle(contexts, reporters, optimizer, clock, digest, tuple(alarms))


def _reports(bundle: _Bundle, trained: dict[int, Epoch | Exception]) -> Said:
    """Have each member score itself; a member that fails does not stop the others."""
    reports: Said = {}
    for number, epoch in trained.items():
        try:
            reports[number] = epoch if isinstance(epoch, Exception) else bundle.reporters[number](epoch)
        except (ValueError, ArithmeticError) as error:
            reports[number] = error
    return reports


def _as_loaded(bundle: _Bundle, number: int) -> Epoch:
    net = bundle.contexts[number].net
    state = lambda: copied(net.changing(()))  # noqa: E731
    return Epoch(0, 0, 0, {}, state, (bundle.digest, bundle.digest), bundle.alarms)


def _epoch(bundle: _Bundle, left: list[int], *, phase: TrainingPhase, epoch: int) -> dict[int, Epoch | Exception]:
    """Train all members that are left for an epoch, one step a batch; gives each member's epoch, or its error."""
    contexts = [bundle.contexts[number] for number in left]
    begins = epoch == phase.epochs.start
    starts = [snapshot(context.net) if begins else {} for context in contexts]
    with spent("data"):
        inputs = contexts[0].epoch_inputs(epoch)  # the same for all members: its views are fixed
    began, images = time.perf_counter(), contexts[0].samples_per_epoch
    means = (_steps(bundle, contexts, inputs, phase=phase, epoch=epoch) / images).tolist()  # waits for the device
    seconds = (time.perf_counter() - began) / len(left)
    trained: dict[int, Epoch | Exception] = {}
    for number, context, start, mean in zip(left, contexts, starts, means, strict=True):
        try:
            scores, alarms = epoch_scores(mean, epoch), movement_alarms(context.net, start)
            done = _trained(bundle, context, epoch, scores=scores, alarms=alarms)
            trained[number] = done._replace(images=images, seconds=seconds)
        except FloatingPointError as error:
            trained[number] = error
    return trained


def _trained(
    bundle: _Bundle, context: TrainingContext, epoch: int, *, scores: dict[str, float], alarms: list[str]
) -> Epoch:
    net, frozen = context.net, (bundle.digest, bundle.digest)
    state = lambda: copied({**net.changing(()), **optim.state(bundle.optimizer, net)})  # noqa: E731
    return Epoch(epoch, epoch * len(context.batches()), 0, scores, state, frozen, tuple(alarms))


def _steps(
    bundle: _Bundle, contexts: list[TrainingContext], inputs: BatchSource, *, phase: TrainingPhase, epoch: int
) -> Tensor:
    """Give (members, 3) sums over the epoch, as `losses.judge` does for a batch."""
    first = contexts[0]
    config, feed, batches = first.config, first.feed, first.batches()
    with spent("data"):
        order = torch.stack([context.order(epoch) for context in contexts]).to(feed.rows.device)
    sums = torch.zeros(len(contexts), 3, device=feed.rows.device)
    steps = len(phase.epochs) * len(batches)
    for number, batch in enumerate(batches, (epoch - phase.epochs.start) * len(batches)):
        share = optim.schedule(number, steps, config.warmup, config.schedule)
        optim.set_rate(bundle.optimizer, phase.rate * share)
        with spent("data"):
            features, targets = inputs.batch(order[:, batch])
        with spent("forward"):
            with precision(feed):
                logits = _logits([context.net.head for context in contexts], features)
            objectives, batch_sums = judge(logits.float(), targets, config, first.weights)
        with spent("backward"):
            bundle.optimizer.zero_grad()
            objectives.sum().backward()
            bundle.optimizer.step()
        sums += batch_sums
    return sums


def _logits(heads: list[nn.Module], features: Activations) -> Tensor:
    """Apply each linear head to its own batch: (heads, batch, features) → (heads, batch, outputs)."""
    assert isinstance(features, Tensor)
    weight, bias = (torch.stack([getattr(head, name) for head in heads]) for name in ("weight", "bias"))
    return torch.baddbmm(bias[:, None], features, weight.transpose(1, 2))
