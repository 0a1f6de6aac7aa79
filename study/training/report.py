"""What a trial says after an epoch: its scores on every split it may open, as rows. Knows no loop, Ray or files."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from study.data.device_split import Feed
from study.models.net import copied
from study.training import evaluation
from study.training.earlier_tasks import EarlierScores
from study.training.epoch_inputs import inputs
from study.training.feature_cache import Outputs
from study.training.loop import Epoch, TrainingContext
from study.training.timing import spent

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Report(NamedTuple):
    """What a trial says after an epoch; `state` and `model` must be called before the next report is asked for."""

    epoch: int
    """0 = as loaded."""
    rows: list[dict[str, Any]]
    """One row a score: epoch, step, phase, trained_on, train_images, seconds, task, frozen_before, frozen_after,
    alarms, split, metric, score; and truth and answer where the metric is `count`: images of the test of one class that
    were taken for one. Those of a task that was learnt before have another `task` than `trained_on`."""
    objective: float
    """Validation score of the task's metric at this epoch, larger is better."""
    last: bool
    """Nothing comes after this report."""
    state: Callable[[], dict[str, torch.Tensor]]
    """Everything that can change in this trial, by name, copied to the CPU; fit for safetensors and for `resume`."""
    normalization: tuple[list[float], list[float]]
    """Mean and std by channel, of images in [0, 1], that the network's images were given."""
    model: Callable[[], dict[str, torch.Tensor]]
    """The whole network, frozen stages too, copied to the CPU: what `families.build(...).load_state_dict` takes."""


@dataclass(frozen=True)
class Reporter:
    """Makes the reports of one trial."""

    lesson: TrainingContext
    feeds: dict[str, Feed]
    data: "TaskData"
    last: int
    """The last epoch."""
    seconds: Callable[[], float]
    """Gives how long the trial has taken so far."""
    earlier: Sequence[EarlierScores] = ()
    """The tasks that the network had learnt before, in their order."""

    def __call__(self, epoch: Epoch) -> Report:
        """Score the network as it is after an epoch.

        Raises:
            FloatingPointError: a loss is not finite; names the split and the epoch.
        """
        with spent("evaluation"):
            scores, odd, taken = self._scores(epoch)
            earlier = list(self._earlier(epoch.number == self.last))
        images = None if self.lesson.config.regime == "zero_shot" else len(self.data.train.index)  # it reads no label
        frozen = dict(zip(("frozen_before", "frozen_after"), epoch.frozen, strict=True))
        common = {"epoch": epoch.number, "step": epoch.step, "phase": epoch.phase, "trained_on": self.data.task}
        common |= {"train_images": images, "seconds": self.seconds(), "task": self.data.task}
        common |= frozen | {"alarms": " | ".join([*epoch.alarms, *odd]) or None}
        rows = [common | {"split": split, "metric": key, "score": value} for (split, key), value in scores.items()]
        rows += [common | {"alarms": None} | row for row in (*taken, *earlier)]
        whole = lambda: copied(self.lesson.net.state_dict())  # noqa: E731
        objective = scores["val", self.data.metric]
        given = self.lesson.feed.mean.flatten().tolist(), self.lesson.feed.std.flatten().tolist()
        return Report(epoch.number, rows, objective, epoch.number == self.last, epoch.state, given, whole)

    def _scores(self, epoch: Epoch) -> tuple[dict[tuple[str, str], float], list[str], list[dict[str, Any]]]:
        """Give every score by split and metric, what is odd about the answers, and the test's as rows of counts."""
        taken: list[dict[str, Any]] = []
        lesson, ends, metric = self.lesson, epoch.number == self.last, self.data.metric
        scores, odd = {("train", name): score for name, score in epoch.scores.items()}, []
        for split in ("val", "test") if ends and "test" in self.feeds else ("val",):
            feed = self.feeds[split]
            logits, targets = self._predicted(split, epoch.number), feed.targets.cpu().numpy()
            found = evaluation.score(logits, targets, (metric, *self.data.also, "loss"))
            if not math.isfinite(found["loss"]):
                raise FloatingPointError(f"{split} loss is {found['loss']} after epoch {epoch.number}")
            scores |= {(split, name): score for name, score in found.items()}
            if split == "test" and targets.ndim == 1:
                taken = [
                    {"split": split, "metric": "count", "truth": truth, "answer": answer, "score": count}
                    for truth, answer, count in evaluation.counts(logits, targets, self.data.classes)
                ]
            if split == "val" and (epoch.number > 0 or ends):
                odd += evaluation.constant_class(logits, targets)
        if ends and epoch.number > 0:
            size, generator = lesson.config.batch_size, lesson.generator("modes", epoch.number)
            gap = evaluation.mode_gap(lesson.net, lesson.feed, size, generator)
            scores |= {("train", name): score for name, score in gap.items()}
            odd += evaluation.gap_alarm(gap)
        return scores, odd, taken

    def _earlier(self, last: bool) -> Iterator[dict[str, Any]]:
        for learnt in self.earlier:
            for (split, metric), score in learnt.scores(self.lesson.net, last).items():
                yield {"task": learnt.data.task, "split": split, "metric": metric, "score": score}

    def _predicted(self, split: str, epoch: int) -> np.ndarray:
        """Give the logits of a split; validation's images are augmented where the configuration says so."""
        lesson, feed = self.lesson, self.feeds[split]
        if split != "val" or lesson.config.validation_augment == "off":
            return evaluation.predict(lesson.net, feed, self._outputs(split))
        fresh = lesson.generator("validation", epoch)
        asked = replace(lesson.config, views=None, augment=1.0)  # whatever training does
        shown = inputs(lesson.net, feed, asked, lesson.ranges, fresh, epoch, None)
        return evaluation.predict(lesson.net, feed, pixels=shown.pixels)

    def _outputs(self, split: str) -> Outputs | None:
        """What frozen stages make of a split; the test is scored once: only the whole backbone's are kept for it."""
        cache, net, feed = self.lesson.cache, self.lesson.net, self.feeds[split]
        if cache is None or (split == "test" and net.prefix < len(net.stages)):
            return None
        return cache.outputs(net, feed, {"val": self.data.val_file, "test": "test"}[split], None, feed.pixels)
