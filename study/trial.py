"""One trial: a configuration and a task's arrays become rows of scores. Knows neither Ray nor files."""

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from study import evaluation, families, regimes
from study.config import Config, UserError
from study.feed import Feed, feed
from study.net import Net, copied
from study.seeds import stream
from study.training import Epoch, Lesson, Stretch, fit

if TYPE_CHECKING:
    from study.data import TaskData

Resume = tuple[int, float, dict[str, torch.Tensor]]


class Report(NamedTuple):
    """What a trial says after an epoch; `state` and `model` must be called before the next report is asked for."""

    epoch: int
    """0 = as loaded."""
    rows: list[dict[str, Any]]
    """One row a score: epoch, step, phase, trained_on, train_images, seconds, task, split, metric, score."""
    objective: float
    """Validation score of the task's metric at this epoch, larger is better."""
    last: bool
    """Nothing comes after this report."""
    state: Callable[[], dict[str, torch.Tensor]]
    """Everything that can change in this trial, by name, copied to the CPU; fit for safetensors and for `resume`."""
    model: Callable[[], dict[str, torch.Tensor]]
    """The whole network, frozen stages too, copied to the CPU: what `families.build(...).load_state_dict` takes."""


def run(
    config: Config, data: "TaskData", seed: int, epochs: int, device: str = "cpu", resume: Resume | None = None
) -> Iterator[Report]:
    """Train one configuration and report after every epoch.

    Everything random in an epoch comes from `stream(seed, name, epoch)`, so that a resumed trial equals an
    uninterrupted one to the bit (on the CPU, with equally many threads).

    Args:
        config: every hyperparameter.
        data: train and validation arrays; test as well where this trial may open it.
        seed: the trial's seed.
        epochs: >= 1, in all; zero_shot has none.
        device: of torch.
        resume: (epoch, seconds so far, state) of the report to continue after; it is not reported again.

    Yields:
        A report at epoch 0 (nothing trained) and after each epoch.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
        FloatingPointError: a loss is not finite; names the split and the epoch.
    """
    done, seconds, tensors = resume or (-1, 0.0, {})
    start = time.perf_counter() - seconds
    regime = regimes.regime(config.regime, config.weights, config.freeze_depth)
    plan = _plan(regime, config.family, epochs)
    last = plan[-1].epochs[-1] if plan else 0
    net, feeds = _setup(config, regime.weights, data, seed, device, source_head=not plan)
    lesson = Lesson(net, feeds["train"], config, data.augment, seed)

    def model() -> dict[str, torch.Tensor]:
        return copied(net.state_dict())

    def report(epoch: Epoch) -> Report:
        scores = _scores(net, feeds, data.metric, epoch, opens_test=epoch.number == last)
        common = {"epoch": epoch.number, "step": epoch.step, "phase": epoch.phase, "trained_on": data.task}
        common |= {"train_images": len(data.train.index) if plan else None}  # zero_shot reads no label
        common |= {"seconds": time.perf_counter() - start, "task": data.task}
        rows = [common | {"split": split, "metric": key, "score": value} for (split, key), value in scores.items()]
        return Report(epoch.number, rows, scores["val", data.metric], epoch.number == last, epoch.state, model)

    if resume is None:
        lowest = plan[0].depth if plan else len(net.stages)
        yield report(Epoch(0, 0, 0, {}, lambda: copied(net.changing(lowest))))
    yield from (report(epoch) for epoch in fit(lesson, plan, max(done, 0), tensors))


def _plan(regime: regimes.Regime, family: str, epochs: int) -> list[Stretch]:
    stages = len(families.load(family).stages)
    spans = regimes.spans(regime.phases, epochs)
    return [Stretch(s, regimes.multipliers(phase, stages)) for s, phase in zip(spans, regime.phases, strict=True)]


def _setup(
    config: Config, weights: str, data: "TaskData", seed: int, device: str, source_head: bool
) -> tuple[Net, dict[str, Feed]]:
    """Check the configuration, draw the initial weights, and put network and splits on the device."""
    family = families.check(config.family, weights, data.train.images.shape[1])
    torch.manual_seed(stream(seed, "init"))  # torch's layers draw from its global generator
    net = families.build(config.family, weights, len(data.classes), config.dropout, source_head)
    if len(data.classes) > net.head.out_features:
        head = f"the source head of {config.family} has {net.head.out_features}"
        raise UserError(f"zero_shot: task {data.task} has {len(data.classes)} classes, and {head}")
    splits = {"train": data.train, "val": data.val} | ({"test": data.test} if data.test else {})
    files = {"train": "train", "val": "train", "test": "test"}  # validation is cut from the training images
    feeds = {
        name: feed(split, f"{data.key}/{files[name]}", device, family.mean, family.std)
        for name, split in splits.items()
    }
    # One layout for all devices: it decides which kernels run, and on a CPU too a step is 1.05 to 2.4 times as fast.
    return net.to(device).to(memory_format=torch.channels_last), feeds


def _scores(net: Net, feeds: dict[str, Feed], metric: str, epoch: Epoch, opens_test: bool) -> dict:
    """Give every score of an epoch, by split and metric.

    Raises:
        FloatingPointError: a loss is not finite.
    """
    scores = {("train", name): score for name, score in epoch.scores.items()}
    for split in ("val", "test") if opens_test and "test" in feeds else ("val",):
        found = evaluation.evaluate(net, feeds[split], (metric, "loss"))
        if not math.isfinite(found["loss"]):
            raise FloatingPointError(f"{split} loss is {found['loss']} after epoch {epoch.number}")
        scores |= {(split, name): score for name, score in found.items()}
    return scores
