"""Many linear heads on one frozen backbone, trained at once; each is a trial and says what it would say alone.

The features are made once, every step is one batched product over all heads, and each head keeps its own order of
images, rate and weight decay. Knows neither Ray nor files.

Source: linear evaluation as in Oquab et al. 2023 (DINOv2), arXiv:2304.07193, which trains a grid of heads at once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from study.data.device_split import precision
from study.models.net import Passed, copied
from study.space.config import Config
from study.training import optim, setup
from study.training.epoch_inputs import inputs
from study.training.feature_cache import MemoryCache
from study.training.loop import Epoch, TrainingContext, TrainingPhase, moves, snapshot, told
from study.training.losses import judge
from study.training.report import Report, Reporter
from study.training.timing import spent
from study.training.trial import NO_CACHE, CacheSettings, kept, plan, weights_of

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Member(NamedTuple):
    """One of the trials."""

    config: Config
    seed: int


class _Share:
    """Counts seconds, each divided among the members that share them."""

    def __init__(self, among: int) -> None:
        self.among = among
        self._seconds, self._last = 0.0, time.perf_counter()

    def __call__(self) -> float:
        now = time.perf_counter()
        self._seconds, self._last = self._seconds + (now - self._last) / self.among, now
        return self._seconds


class _Bundle(NamedTuple):
    """What is trained together, by the members' numbers."""

    lessons: dict[int, TrainingContext]
    """Their networks share the stages, which are all frozen."""
    reporters: dict[int, Reporter]
    optimizer: torch.optim.Optimizer
    clock: _Share
    digest: str | None
    """Of the frozen stages."""
    alarms: tuple[str, ...]
    """What is off before anything is trained."""


Said = dict[int, Report | Exception]
"""By member: its report, or what it failed with."""


def run(
    members: Sequence[Member],
    data: "TaskData",
    epochs: int,
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
        cache: how much of the backbone's outputs is kept for other trials; without room they are held in memory.
        ended: whether a member's trial has been ended; it is left out from the next epoch on.
        source: as of `trial.run`.

    Yields:
        What each member says at epoch 0 (nothing trained) and after each epoch; `seconds` are its share of the time.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
        RuntimeError: a frozen stage changed.
    """
    with spent("setup"):
        (stretch,) = plan(members[0].config, epochs)
        bundle = _bundle(members, data, stretch, device, cache, source)
    said = _said(bundle, {number: _loaded(bundle, number) for number in bundle.lessons})
    yield said
    for epoch in stretch.epochs:
        left = [number for number, each in said.items() if isinstance(each, Report) and not ended(number)]
        if not left:
            return
        bundle.clock.among = len(left)
        trained = _epoch(bundle, left, stretch, epoch)
        if bundle.lessons[0].net.frozen_digest() != bundle.digest:
            raise RuntimeError(f"the {len(stretch.frozen)} frozen stages changed in phase 0, epoch {epoch}")
        said = _said(bundle, trained)
        yield said


def _bundle(
    members: Sequence[Member],
    data: "TaskData",
    stretch: TrainingPhase,
    device: str,
    cache: CacheSettings,
    source: Path | None,
) -> _Bundle:
    first, clock = members[0].config, _Share(len(members))
    net, feeds, alarms = setup.assemble(first, data, members[0].seed, device, source)
    net.freeze(stretch.frozen)
    digest, held = net.frozen_digest(), MemoryCache(kept(first, data, cache))
    heads = [setup.new_head(each.config, data, each.seed).to(device) for each in members[1:]]
    nets = [net, *map(net.with_head, heads)]
    about = held, data.labelled, weights_of(first, data, device)
    lessons = {
        number: TrainingContext(nets[number], feeds["train"], each.config, data.augment, each.seed, *about)
        for number, each in enumerate(members)
    }
    last = stretch.epochs[-1]
    reporters = {number: Reporter(lesson, feeds, data, last, clock) for number, lesson in lessons.items()}
    optimizer = optim.build_heads(nets, [each.config for each in members])
    return _Bundle(lessons, reporters, optimizer, clock, digest, tuple(alarms))


def _said(bundle: _Bundle, trained: dict[int, Epoch | Exception]) -> Said:
    """Have each member score itself; who fails, fails alone."""
    said: Said = {}
    for number, epoch in trained.items():
        try:
            said[number] = epoch if isinstance(epoch, Exception) else bundle.reporters[number](epoch)
        except (ValueError, ArithmeticError) as error:
            said[number] = error
    return said


def _loaded(bundle: _Bundle, number: int) -> Epoch:
    net = bundle.lessons[number].net
    state = lambda: copied(net.changing(()))  # noqa: E731
    return Epoch(0, 0, 0, {}, state, (bundle.digest, bundle.digest), bundle.alarms)


def _epoch(bundle: _Bundle, left: list[int], stretch: TrainingPhase, epoch: int) -> dict[int, Epoch | Exception]:
    """Take one step a batch for all members at once; gives by member what the epoch came to."""
    lessons = [bundle.lessons[number] for number in left]
    begins = epoch == stretch.epochs.start
    start = [snapshot(lesson.net) if begins else {} for lesson in lessons]
    means = (_steps(bundle, lessons, stretch, epoch) / lessons[0].shown).tolist()
    trained: dict[int, Epoch | Exception] = {}
    for number, lesson, before, mean in zip(left, lessons, start, means, strict=True):
        try:
            scores, alarms = told(mean, epoch), moves(lesson.net, before)
            trained[number] = _trained(bundle, lesson, epoch, scores, alarms)
        except FloatingPointError as error:
            trained[number] = error
    return trained


def _trained(
    bundle: _Bundle, lesson: TrainingContext, epoch: int, scores: dict[str, float], alarms: list[str]
) -> Epoch:
    net, frozen = lesson.net, (bundle.digest, bundle.digest)
    state = lambda: copied({**net.changing(()), **optim.state(bundle.optimizer, net)})  # noqa: E731
    return Epoch(epoch, epoch * len(lesson.batches()), 0, scores, state, frozen, tuple(alarms))


def _steps(bundle: _Bundle, lessons: list[TrainingContext], stretch: TrainingPhase, epoch: int) -> Tensor:
    """Give (members, 3) sums over the epoch, as `training.judge` does for a batch."""
    lead = lessons[0]
    config, feed, batches = lead.config, lead.feed, lead.batches()
    with spent("data"):
        fresh = lead.generator("augment", epoch)  # of fixed views, which draw nothing from it
        shown = inputs(lead.net, feed, config, lead.ranges, fresh, epoch, lead.cache, lead.shown)
        order = torch.stack([lesson.order(epoch) for lesson in lessons]).to(feed.rows.device)
    sums = torch.zeros(len(lessons), 3, device=feed.rows.device)
    steps = len(stretch.epochs) * len(batches)
    for number, part in enumerate(batches, (epoch - stretch.epochs.start) * len(batches)):
        share = optim.schedule(number, steps, config.warmup, config.schedule)
        optim.set_rate(bundle.optimizer, stretch.rate * share)
        with spent("data"):
            features, targets = shown.batch(order[:, part])
        with spent("forward"):
            with precision(feed):
                logits = _logits([lesson.net.head for lesson in lessons], features)
            objectives, judged = judge(logits.float(), targets, config, lead.weights)
        with spent("backward"):
            bundle.optimizer.zero_grad()
            objectives.sum().backward()
            bundle.optimizer.step()
        sums += judged
    return sums


def _logits(heads: list[nn.Module], features: Passed) -> Tensor:
    """Apply each linear head to its own batch: (heads, batch, features) → (heads, batch, outputs)."""
    assert isinstance(features, Tensor)
    weight, bias = (torch.stack([getattr(head, name) for head in heads]) for name in ("weight", "bias"))
    return torch.baddbmm(bias[:, None], features, weight.transpose(1, 2))
