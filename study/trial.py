"""One trial: a configuration and a task's arrays become rows of scores. Knows neither Ray nor files."""

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from study import assembly, evaluation, regimes
from study.config import Config
from study.features import Cache, Outputs
from study.feed import Feed
from study.net import Net, copied
from study.training import Epoch, Lesson, Stretch, fit

if TYPE_CHECKING:
    from study.data import TaskData

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


class Report(NamedTuple):
    """What a trial says after an epoch; `state` and `model` must be called before the next report is asked for."""

    epoch: int
    """0 = as loaded."""
    rows: list[dict[str, Any]]
    """One row a score: epoch, step, phase, trained_on, train_images, seconds, task, frozen_before, frozen_after,
    alarms, split, metric, score."""
    objective: float
    """Validation score of the task's metric at this epoch, larger is better."""
    last: bool
    """Nothing comes after this report."""
    state: Callable[[], dict[str, torch.Tensor]]
    """Everything that can change in this trial, by name, copied to the CPU; fit for safetensors and for `resume`."""
    model: Callable[[], dict[str, torch.Tensor]]
    """The whole network, frozen stages too, copied to the CPU: what `families.build(...).load_state_dict` takes."""


def run(
    config: Config,
    data: "TaskData",
    seed: int,
    epochs: int,
    device: str = "cpu",
    resume: Resume | None = None,
    cache: CacheSettings = NO_CACHE,
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

    Yields:
        A report at epoch 0 (nothing trained) and after each epoch.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
        FloatingPointError: a loss is not finite; names the split and the epoch.
    """
    done, seconds, tensors = resume or (-1, 0.0, {})
    start = time.perf_counter() - seconds
    plan = _plan(config, epochs)
    last = plan[-1].epochs[-1] if plan else 0
    net, feeds, alarms = assembly.assemble(config, data, seed, device)
    kept = _cache(config, data, cache)
    lesson = Lesson(net, feeds["train"], config, data.augment, seed, kept)

    def report(epoch: Epoch) -> Report:
        scores, odd = _scores(lesson, feeds, data, epoch, ends=epoch.number == last)
        frozen = dict(zip(("frozen_before", "frozen_after"), epoch.frozen, strict=True))
        common = {"epoch": epoch.number, "step": epoch.step, "phase": epoch.phase, "trained_on": data.task}
        common |= {"train_images": None if config.regime == "zero_shot" else len(data.train.index)}  # reads no label
        common |= {"seconds": time.perf_counter() - start, "task": data.task} | frozen
        common |= {"alarms": " | ".join([*epoch.alarms, *odd]) or None}
        rows = [common | {"split": split, "metric": key, "score": value} for (split, key), value in scores.items()]
        whole = lambda: copied(net.state_dict())  # noqa: E731
        return Report(epoch.number, rows, scores["val", data.metric], epoch.number == last, epoch.state, whole)

    if resume is None:
        yield report(_as_loaded(net, plan, config, alarms))
    yield from (report(epoch) for epoch in fit(lesson, plan, max(done, 0), tensors))


def _plan(config: Config, epochs: int) -> list[Stretch]:
    stages = len(assembly.family(config).stages)
    phases = regimes.regime(config, stages).phases
    spans = zip(regimes.spans(phases, epochs), phases, strict=True)
    return [Stretch(span, regimes.multipliers(phase, stages), phase.rate) for span, phase in spans]


def _as_loaded(net: Net, plan: list[Stretch], config: Config, alarms: list[str]) -> Epoch:
    """Describe the network before anything is trained, frozen as in the first phase; all of it where there is none."""
    everything = frozenset(range(len(net.stages)))
    net.freeze(plan[0].frozen if plan else everything, batchnorm=config.freeze_batchnorm == "on" or not plan)
    digest = net.frozen_digest()
    state = lambda: copied(net.changing(plan[0].trained if plan else ()))  # noqa: E731
    return Epoch(0, 0, 0, {}, state, (digest, digest), tuple(alarms))


def _cache(config: Config, data: "TaskData", settings: CacheSettings) -> Cache | None:
    """Say what a frozen stage's outputs depend on besides its weights and the images."""
    if not settings.budget:
        return None
    names = ("family", "encoder", "stem", "batchnorm_epsilon")
    about = {name: getattr(config, name) for name in names} | {"data": data.key, "code": settings.code}
    return Cache(about, settings.budget, settings.half)


def _outputs(lesson: Lesson, feed: Feed, images: str, split: str) -> Outputs | None:
    """What frozen stages make of a split; the test is scored once, which only the whole backbone's are kept for."""
    if lesson.cache is None or (split == "test" and lesson.net.prefix < len(lesson.net.stages)):
        return None
    return lesson.cache.outputs(lesson.net, feed, images, None, feed.pixels)


def _scores(
    lesson: Lesson, feeds: dict[str, Feed], data: "TaskData", epoch: Epoch, ends: bool
) -> tuple[dict[tuple[str, str], float], list[str]]:
    """Give every score of an epoch, by split and metric, and what is odd about the network's answers.

    Raises:
        FloatingPointError: a loss is not finite.
    """
    scores, odd = {("train", name): score for name, score in epoch.scores.items()}, []
    files = {"val": data.val_file, "test": "test"}
    for split in ("val", "test") if ends and "test" in feeds else ("val",):
        outputs = _outputs(lesson, feeds[split], files[split], split)
        logits = evaluation.predict(lesson.net, feeds[split], outputs)
        targets = feeds[split].targets.cpu().numpy()
        found = evaluation.score(logits, targets, (data.metric, "loss"))
        if not math.isfinite(found["loss"]):
            raise FloatingPointError(f"{split} loss is {found['loss']} after epoch {epoch.number}")
        scores |= {(split, name): score for name, score in found.items()}
        if split == "val" and (epoch.number > 0 or ends):
            odd += evaluation.constant_class(logits, targets)
    if ends and epoch.number > 0:
        size, generator = lesson.config.batch_size, lesson.generator("modes", epoch.number)
        gap = evaluation.mode_gap(lesson.net, lesson.feed, size, generator)
        scores |= {("train", name): score for name, score in gap.items()}
        odd += evaluation.gap_alarm(gap)
    return scores, odd
