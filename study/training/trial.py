"""One trial: a configuration and a task's arrays become rows of scores. Knows no files."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from study.models import families
from study.models.earlier import Earlier
from study.models.net import Net, copied
from study.space.config import Config
from study.training import cost_meter, regimes, setup
from study.training.cost_meter import CostMeter, network
from study.training.earlier_tasks import EarlierScores
from study.training.feature_cache import Cache
from study.training.loop import Epoch, TrainingContext, TrainingPhase, fit
from study.training.losses import class_weights
from study.training.report import Report, Reporter
from study.training.timing import spent

if TYPE_CHECKING:
    from study.data.prepare import TaskData

Resume = tuple[int, float, dict[str, torch.Tensor]]
"""Epoch, seconds so far and `state()` of the report that a trial continues after."""


class CacheSettings(NamedTuple):
    """How the outputs of frozen stages are cached."""

    budget: int
    """Bytes; 0 caches nothing."""
    half: bool
    """Whether they are stored in half precision."""
    code: str
    """Hash of the code that computes them; outputs of another version are not used."""
    exact: bool = True
    """Whether PyTorch computes all of them, so that scores are those without a cache to the bit."""


NO_CACHE = CacheSettings(0, False, "")


def run(
    config: Config,
    data: "TaskData",
    seed: int,
    *,
    epochs: int,
    device: str = "cpu",
    resume: Resume | None = None,
    cache: CacheSettings = NO_CACHE,
    source: Path | None = None,
    earlier: Sequence[Earlier] = (),
) -> Iterator[Report]:
    """Train one configuration and report after every epoch.

    Everything random in an epoch comes from `stream(seed, name, epoch)`, so that a resumed trial equals an
    uninterrupted one to the bit (on the CPU, with equally many threads).

    Args:
        config: every hyperparameter.
        data: train and validation arrays; test as well where this trial may open it.
        seed: the trial's seed.
        epochs: >= 1, in all phases together; zero_shot and prototype train none.
        device: of torch.
        resume: describes the report to continue after; it is not reported again.
        cache: how the outputs of frozen stages are cached; the scores are the same, exact and in single precision.
        source: entry of the store with the weights that the configuration names; None: they are the family's.
        earlier: tasks that these weights have learnt, in their order; each report scores them too.

    Yields:
        A report at epoch 0 (nothing trained) and after each epoch.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
        FloatingPointError: a loss is not finite; names the split and the epoch.
    """
    done, seconds, tensors = resume or (-1, 0.0, {})
    start = time.perf_counter() - seconds
    cost_meter.forget_peak(device)
    with spent("setup"):
        phases = plan(config, epochs)
        net, feeds, alarms = setup.assemble(config, data, seed, device, source)
        context = TrainingContext(
            net,
            feeds["train"],
            config,
            data.augment,
            seed,
            cache=cache_of(config, data, cache),
            labelled=data.labelled,
            weights=weights_of(config, data, device),
        )
        last = phases[-1].epochs[-1] if phases else 0
        scorers = [EarlierScores(task, device) for task in earlier]
        meter = CostMeter(network(config, net, phases, feeds["train"], source), device)
        report = Reporter(context, feeds, data, last, lambda: time.perf_counter() - start, meter, scorers)
        loaded = _as_loaded(net, phases, config, alarms)
    if resume is None:
        yield report(loaded)
    yield from (report(epoch) for epoch in fit(context, phases, max(done, 0), tensors))


def plan(config: Config, epochs: int) -> list[TrainingPhase]:
    """Give a trial's phases, each with its epochs and one multiplier for each stage."""
    stages = len(families.of(config).stages)
    phases = regimes.regime(config, stages).phases
    spans = zip(regimes.spans(phases, epochs), phases, strict=True)
    return [TrainingPhase(span, regimes.multipliers(phase, stages), phase.rate, phase.tuned) for span, phase in spans]


def weights_of(config: Config, data: "TaskData", device: str) -> torch.Tensor | None:
    """Give the weight of each class in the loss, on the device; computed from the labelled training images alone."""
    weights = class_weights(config, data.train.targets, len(data.classes))
    return None if weights is None else weights.to(device)


def cache_of(config: Config, data: "TaskData", settings: CacheSettings) -> Cache | None:
    """Give the cache of a trial's frozen stages; None where nothing is cached."""
    if not settings.budget:
        return None
    names = ("family", "encoder", "stem", "stages", "batchnorm_epsilon")
    dependencies = {name: getattr(config, name) for name in names} | {"data": data.key, "code": settings.code}
    dependencies |= families.versions(config.family)
    return Cache(dependencies, settings.budget, settings.half, settings.exact, len(data.train.images))


def _as_loaded(net: Net, phases: list[TrainingPhase], config: Config, alarms: list[str]) -> Epoch:
    """Give epoch 0: nothing is trained, and stages are frozen as in the first phase, or all if there is no phase."""
    everything = frozenset(range(len(net.stages)))
    frozen = phases[0].frozen if phases else everything
    tuned = phases[0].tuned if phases else "all"
    net.freeze(frozen, batchnorm=config.freeze_batchnorm == "on" or not phases, tuned=tuned)
    digest = net.frozen_digest()
    state = lambda: copied(net.changing(phases[0].trained if phases else ()))  # noqa: E731
    return Epoch(0, 0, 0, {}, state, (digest, digest), tuple(alarms))
