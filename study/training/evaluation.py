"""Scores a network on a split, without augmentation, and tells what is odd about its answers.

Knows nothing of training or configurations.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from study.data.device_split import BATCH, Feed, precision
from study.models.net import Net, batchnorms
from study.training import metrics
from study.training.feature_cache import Outputs

GAP = 0.1
"""Where eval mode is worse than train mode on the same images by more, that is an alarm."""
STEADY = 32
"""Images in a batch of `mode_gap` at least: the statistics of fewer are noise."""


def predict(
    net: Net, feed: Feed, outputs: Outputs | None = None, pixels: Callable[[slice], torch.Tensor] | None = None
) -> np.ndarray:
    """Give the logits in eval mode, in the split's order.

    Args:
        net: left in eval mode.
        feed: the split.
        outputs: what the frozen first stages made of it, where that is at hand.
        pixels: gives other images than the feed's, for the same samples.

    Returns:
        (samples, outputs) float32.
    """
    net.eval()
    start, given = 0 if outputs is None else outputs.start, pixels or feed.pixels
    with torch.inference_mode(), precision(feed):
        shown = (outputs.batch(part) if outputs else feed.normalized(given(part)) for part in _parts(feed))
        parts = [net(passed, start).float() for passed in shown]
        return torch.cat(parts).cpu().numpy()


def score(logits: np.ndarray, targets: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """Give each named metric of `study.training.metrics`."""
    return {name: metrics.metric(name)(logits, targets) for name in names}


def counts(logits: np.ndarray, targets: np.ndarray, classes: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Count which classes were taken for which.

    Args:
        logits: (samples, outputs).
        targets: (samples,) int.
        classes: of the targets; an output beyond them, of a head with too many, is called by its number.

    Yields:
        A class, what images of it were taken for, and how many; nothing for pairs that do not occur.
    """
    pairs, found = np.unique(np.stack([targets, logits.argmax(axis=1)]), axis=1, return_counts=True)
    for truth, answer, count in zip(*pairs, found, strict=True):
        yield classes[truth], classes[answer] if answer < len(classes) else f"output {answer}", int(count)


def constant_class(logits: np.ndarray, targets: np.ndarray) -> list[str]:
    """Raise an alarm where all answers are one class though the truth is not."""
    if targets.ndim == 2:
        same = len(logits) > 1 and bool((np.ptp(logits, axis=0) == 0).all())
        return [f"constant_class: all {len(targets)} validation images get the same answer"] * same
    answers = np.unique(logits.argmax(axis=1))
    if len(answers) > 1 or len(np.unique(targets)) < 2:
        return []
    return [f"constant_class: all {len(targets)} validation images are class {answers[0]}"]


def mode_gap(net: Net, feed: Feed, batch: int, generator: torch.Generator, most: int = 512) -> dict[str, float]:
    """Give the accuracy on the same training images with BatchNorm in train mode and in eval mode.

    Dropout is off in both and nothing is learnt or kept, so that what differs is the statistics alone: the batches' own
    against the running ones.

    Args:
        net: left in eval mode, as it was.
        feed: the training split.
        batch: images at a time, as in training, but `STEADY` at least.
        generator: draws the images.
        most: how many images are used at most.

    Returns:
        The two metrics; empty where no BatchNorm is ever in train mode.
    """
    net.train()
    layers = [layer for layer in batchnorms(net) if layer.training and layer.track_running_stats]
    net.eval()
    rows = torch.randperm(len(feed.rows), generator=generator)[:most].to(feed.rows.device)
    parts = [part for part in rows.split(max(batch, STEADY)) if len(part) > 1]
    if not layers or not parts:
        return {}
    kept = [{name: buffer.clone() for name, buffer in layer.named_buffers()} for layer in layers]
    found = {}
    for mode in ("train", "eval"):
        for layer in layers:
            layer.train(mode == "train")
        found[f"accuracy_{mode}_mode"] = _accuracy(net, feed, parts)
    for layer, buffers in zip(layers, kept, strict=True):
        for name, buffer in layer.named_buffers():
            buffer.copy_(buffers[name])
    return found


def gap_alarm(scores: dict[str, float]) -> list[str]:
    """Raise an alarm where eval mode is worse than train mode by more than `GAP`."""
    if not scores or scores["accuracy_train_mode"] - scores["accuracy_eval_mode"] <= GAP:
        return []
    train, evaluated = (100 * scores[f"accuracy_{mode}_mode"] for mode in ("train", "eval"))
    return [f"batchnorm_gap: accuracy {train:.1f} % in train mode, {evaluated:.1f} % in eval mode"]


def _accuracy(net: Net, feed: Feed, parts: list[torch.Tensor]) -> float:
    with torch.no_grad(), precision(feed):
        right = [_right(net(feed.normalized(feed.pixels(part))), feed.targets[part]) for part in parts]
    return float(torch.stack(right).sum()) / sum(map(len, parts))


def _right(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Count the images that are told right; of several labels, add up the shares that are."""
    if targets.ndim == 1:
        return (logits.argmax(1) == targets).sum().float()
    known = targets >= 0
    return (((logits > 0) == (targets > 0)) & known).sum(1).div(known.sum(1).clamp(min=1)).sum()


def _parts(feed: Feed) -> list[slice]:
    size = BATCH[feed.images.device.type]
    return [slice(start, start + size) for start in range(0, len(feed.rows), size)]
