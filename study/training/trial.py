"""One trial: a configuration and a task's arrays become rows of scores. Knows neither Ray nor files."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from study.models import families
from study.models.earlier import Earlier
from study.models.net import Net, copied
from study.space.config import Config
from study.training import regimes, setup
from study.training.earlier_tasks import EarlierScores
from study.training.feature_cache import Cache
from study.training.loop import Epoch, TrainingContext, TrainingPhase, fit
from study.training.losses import class_weights
from study.training.report import Report, Reporter
from study.training.timing import spent

if TYPE_CHECKING:
    from study.data.prepare import TaskData

Resume = tuple[int, float, dict[str, torch.Tensor]]


class CacheSettings(NamedTuple):
    """What may be kept of the outputs of frozen stages."""

    budget: int
    """Bytes; 0 keeps nothing."""
    half: bool
    """In half precision."""
    code: str
    """Hash of the code that makes them: another version's are not taken."""


NO_CACHE = CacheSettings(0, False, "")


def run(
    config: Config,
    data: "TaskData",
    seed: int,
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
        epochs: >= 1, in all; zero_shot and prototype have none.
        device: of torch.
        resume: (epoch, seconds so far, state) of the report to continue after; it is not reported again.
        cache: how much of what frozen stages make of the images is kept; the scores are the same.
        source: entry of the store with the weights that the configuration names; None: they are the family's.
        earlier: tasks that these weights have learnt, in their order: each report scores them too.

    Yields:
        A report at epoch 0 (nothing trained) and after each epoch.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
        FloatingPointError: a loss is not finite; names the split and the epoch.
    """
    done, seconds, tensors = resume or (-1, 0.0, {})
    start = time.perf_counter() - seconds
    with spent("setup"):
        stretches = plan(config, epochs)
        net, feeds, alarms = setup.assemble(config, data, seed, device, source)
        about = kept(config, data, cache), data.labelled, weights_of(config, data, device)
        lesson = TrainingContext(net, feeds["train"], config, data.augment, seed, *about)
        last = stretches[-1].epochs[-1] if stretches else 0
        learnt = [EarlierScores(each, device) for each in earlier]
        report = Reporter(lesson, feeds, data, last, lambda: time.perf_counter() - start, learnt)
        loaded = _as_loaded(net, stretches, config, alarms)
    if resume is None:
        yield report(loaded)
    yield from (report(epoch) for epoch in fit(lesson, stretches, max(done, 0), tensors))


def plan(config: Config, epochs: int) -> list[TrainingPhase]:
    """Give a trial's phases, each with its epochs and one multiplier a stage."""
    stages = len(families.of(config).stages)
    phases = regimes.regime(config, stages).phases
    spans = zip(regimes.spans(phases, epochs), phases, strict=True)
    return [TrainingPhase(span, regimes.multipliers(phase, stages), phase.rate) for span, phase in spans]


def weights_of(config: Config, data: "TaskData", device: str) -> torch.Tensor | None:
    """Give what each class counts in the loss, on the device; of the labelled training images alone."""
    found = class_weights(config, data.train.targets, len(data.classes))
    return None if found is None else found.to(device)


def kept(config: Config, data: "TaskData", settings: CacheSettings) -> Cache | None:
    """Say what a frozen stage's outputs depend on besides its weights and the images; None keeps nothing."""
    if not settings.budget:
        return None
    names = ("family", "encoder", "stem", "batchnorm_epsilon")
    about = {name: getattr(config, name) for name in names} | {"data": data.key, "code": settings.code}
    return Cache(about, settings.budget, settings.half)


def _as_loaded(net: Net, stretches: list[TrainingPhase], config: Config, alarms: list[str]) -> Epoch:
    """Describe the network before anything is trained, frozen as in the first phase; all of it where there is none."""
    everything = frozenset(range(len(net.stages)))
    frozen = stretches[0].frozen if stretches else everything
    net.freeze(frozen, batchnorm=config.freeze_batchnorm == "on" or not stretches)
    digest = net.frozen_digest()
    state = lambda: copied(net.changing(stretches[0].trained if stretches else ()))  # noqa: E731
    return Epoch(0, 0, 0, {}, state, (digest, digest), tuple(alarms))
