"""A trial's report after an epoch: its scores on every split it may open, as rows. Knows no files."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from study.data.device_split import Feed
from study.models import families, tuning
from study.models.net import copied
from study.storage.events import Costs, Row, RowFields, Score
from study.training import evaluation
from study.training.cost_meter import CostMeter
from study.training.earlier_tasks import EarlierScores
from study.training.epoch_inputs import inputs
from study.training.feature_cache import Outputs
from study.training.loop import Epoch, TrainingContext
from study.training.timing import spent

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Report(NamedTuple):
    """A trial's report after an epoch. Call `state` and `model` before asking for the next report."""

    epoch: int
    """0 is the network as loaded."""
    rows: list[Row]
    """One row for each score: epoch, step, phase, trained_on, train_images, seconds, task, frozen_before, frozen_after,
    alarms, split, metric, score. Rows of the metric `count` also have truth and answer: the number of test images of
    class `truth` that were classified as `answer`. In rows of an earlier task, `task` differs from `trained_on`."""
    objective: float
    """Validation score of the task's metric at this epoch, larger is better."""
    last: bool
    """Whether the trial ends with this report."""
    state: Callable[[], dict[str, torch.Tensor]]
    """Copies everything that can change in this trial to the CPU, by name; fit for safetensors and for `resume`."""
    normalization: tuple[list[float], list[float]]
    """Mean and std by channel, in [0, 1], that the network's input images are normalized with."""
    model: Callable[[], dict[str, torch.Tensor]]
    """Copies the whole network to the CPU, frozen stages too, as `families.build(...).load_state_dict` takes it."""
    costs: Costs | None = None
    """What the network is and costs."""


@dataclass(frozen=True)
class Reporter:
    """Makes the reports of one trial."""

    context: TrainingContext
    feeds: dict[str, Feed]
    data: "TaskData"
    last: int
    """The last epoch."""
    seconds: Callable[[], float]
    """Gives the trial's duration so far."""
    meter: CostMeter
    """Measures what training costs."""
    earlier: Sequence[EarlierScores] = ()
    """Tasks that the initial weights had learnt, in their order."""

    def __call__(self, epoch: Epoch) -> Report:
        """Score the network as it is after an epoch.

        Raises:
            FloatingPointError: a loss is not finite; names the split and the epoch.
        """
        with spent("evaluation"):
            scores, alarms, counts = self._scores(epoch)
            earlier = list(self._earlier(epoch.number == self.last))
        reads_labels = self.context.config.regime != "zero_shot"
        images = len(self.data.train.index) if reads_labels else None
        frozen_before, frozen_after = epoch.frozen
        common: RowFields = {
            "epoch": epoch.number,
            "step": epoch.step,
            "phase": epoch.phase,
            "trained_on": self.data.task,
            "train_images": images,
            "seconds": self.seconds(),
            "task": self.data.task,
            "frozen_before": frozen_before,
            "frozen_after": frozen_after,
            "alarms": " | ".join([*epoch.alarms, *alarms]) or None,
        }
        own: list[Score] = [{"split": split, "metric": name, "score": score} for (split, name), score in scores.items()]
        rows: list[Row] = [{**common, **score} for score in own]
        rows += [{**common, "alarms": None, **score} for score in counts]
        rows += [{**common, "alarms": None, "task": task, **score} for task, score in earlier]
        feed = self.context.feed
        return Report(
            epoch=epoch.number,
            rows=rows,
            objective=scores["val", self.data.metric],
            last=epoch.number == self.last,
            state=epoch.state,
            normalization=(feed.mean.flatten().tolist(), feed.std.flatten().tolist()),
            model=lambda: copied(tuning.merged(self.context.net)),
            costs=self.meter.after(epoch),
        )

    def _scores(self, epoch: Epoch) -> tuple[dict[tuple[str, str], float], list[str], list[Score]]:
        """Give scores by split and metric, alarms about the predictions, and the test's confusion counts as rows."""
        counts: list[Score] = []
        context, ends, metric = self.context, epoch.number == self.last, self.data.metric
        scores, alarms = {("train", name): score for name, score in epoch.scores.items()}, []
        for split in ("val", "test") if ends and "test" in self.feeds else ("val",):
            feed = self.feeds[split]
            logits, targets = self._logits(split, epoch.number), feed.targets.cpu().numpy()
            by_metric = evaluation.score(logits, targets, (metric, *self.data.also, "loss"))
            if not math.isfinite(by_metric["loss"]):
                raise FloatingPointError(f"{split} loss is {by_metric['loss']} after epoch {epoch.number}")
            scores |= {(split, name): score for name, score in by_metric.items()}
            if split == "test" and targets.ndim == 1:
                counts = [
                    {"split": split, "metric": "count", "truth": truth, "answer": answer, "score": count}
                    for truth, answer, count in evaluation.counts(logits, targets, self.data.classes)
                ]
            if split == "val" and (epoch.number > 0 or ends):
                alarms += evaluation.constant_class(logits, targets)
        if ends and epoch.number > 0:
            size, generator = context.config.batch_size, context.generator("modes", epoch.number)
            outputs = self._outputs("train") if context.config.augment == 0 else None  # else they are of other views
            gap = evaluation.mode_gap(context.net, context.feed, size, generator, outputs=outputs)
            scores |= {("train", name): score for name, score in gap.items()}
            alarms += evaluation.gap_alarm(gap)
        return scores, alarms, counts

    def _earlier(self, last: bool) -> Iterator[tuple[str, Score]]:
        """Yield scores of the earlier tasks, each with its task."""
        for task in self.earlier:
            for (split, metric), score in task.scores(self.context.net, last).items():
                yield task.data.task, {"split": split, "metric": metric, "score": score}

    def _logits(self, split: str, epoch: int) -> np.ndarray:
        """Give the logits of a split; validation images are augmented where the configuration says so."""
        context, feed = self.context, self.feeds[split]
        if split != "val" or context.config.validation_augment == "off":
            return evaluation.predict(context.net, feed, self._outputs(split, loaded=epoch == 0))
        config = replace(context.config, views=None, augment=1.0)  # whatever training does
        generator = context.generator("validation", epoch)
        augmented = inputs(context.net, feed, config, ranges=context.ranges, generator=generator, epoch=epoch)
        return evaluation.predict(context.net, feed, pixels=augmented.pixels)

    def _outputs(self, split: str, loaded: bool = False) -> Outputs | None:
        """Give the cached outputs of frozen stages; the test, scored once, uses only those of a whole backbone.

        Args:
            split: train, val or test.
            loaded: whether the network is as it was loaded. The outputs of all stages are then those of any trial that
                begins with the published weights.
        """
        cache, net, feed = self.context.cache, self.context.net, self.feeds[split]
        if cache is None or (split == "test" and net.prefix < len(net.stages)):
            return None
        images, depth = {"train": "train", "val": self.data.val_file, "test": "test"}[split], net.prefix
        config = self.context.config
        plain = config.regime not in ("scratch", "lora")  # low-rank additions are drawn anew for each trial
        published = plain and families.published(config.weights) == "imagenet"
        if loaded and published and families.of(config).whole:
            net.eval()
            depth = len(net.stages)
        return cache.outputs(net, feed, images, None, feed.pixels, depth)
