"""Predictions and scores of a network on a split, and alarms about predictions that look wrong.

Knows nothing of the training loop or of configurations.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from study.data.device_split import BATCH, Feed, precision
from study.models.net import LEAST, Activations, Net, batchnorms
from study.training import metrics
from study.training.feature_cache import Outputs

GAP = 0.1
"""Accuracy in train mode minus accuracy in eval mode on the same images, above which there is an alarm."""
STEADY = 32
"""Smallest batch of `mode_gap`, images; the statistics of fewer are noise."""


def predict(
    net: Net, feed: Feed, outputs: Outputs | None = None, pixels: Callable[[slice], torch.Tensor] | None = None
) -> np.ndarray:
    """Give the logits in eval mode, in the split's order.

    Args:
        net: left in eval mode.
        feed: the split.
        outputs: of first stages for this split, as they are now; None runs all stages.
        pixels: gives other images for the same samples; None takes the feed's.

    Returns:
        (samples, outputs) float32.
    """
    net.eval()
    pixels = pixels or feed.pixels
    with torch.inference_mode(), precision(feed):
        logits = []
        for rows in _batches(feed):
            small = outputs and outputs.start > net.prefix and rows.stop - rows.start < LEAST
            # stages that are not frozen run on such a batch as it is, frozen ones on a padded one: see `Net.begin`
            activations = outputs.batch(rows) if outputs and not small else feed.normalized(pixels(rows))
            logits.append(net(activations, outputs.start if outputs and not small else 0).float())
        return torch.cat(logits).cpu().numpy()


def score(logits: np.ndarray, targets: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """Compute each named metric of `study.training.metrics`."""
    return {name: metrics.metric(name)(logits, targets) for name in names}


def counts(logits: np.ndarray, targets: np.ndarray, classes: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Count how often each class is predicted for each true class.

    Args:
        logits: (samples, outputs).
        targets: (samples,) int.
        classes: names of the classes. An output beyond them, of a head with more outputs, is named by its number.

    Yields:
        True class, predicted class and number of samples, for each pair that occurs.
    """
    pairs, numbers = np.unique(np.stack([targets, logits.argmax(axis=1)]), axis=1, return_counts=True)
    for truth, answer, count in zip(*pairs, numbers, strict=True):
        yield classes[truth], classes[answer] if answer < len(classes) else f"output {answer}", int(count)


def constant_class(logits: np.ndarray, targets: np.ndarray) -> list[str]:
    """Raise an alarm where all predictions are the same class but the targets are not."""
    if targets.ndim == 2:
        same = len(logits) > 1 and bool((np.ptp(logits, axis=0) == 0).all())
        return [f"constant_class: all {len(targets)} validation images get the same answer"] * same
    answers = np.unique(logits.argmax(axis=1))
    if len(answers) > 1 or len(np.unique(targets)) < 2:
        return []
    return [f"constant_class: all {len(targets)} validation images are class {answers[0]}"]


def mode_gap(
    net: Net,
    feed: Feed,
    batch: int,
    generator: torch.Generator,
    most: int = 512,
    outputs: Outputs | None = None,
) -> dict[str, float]:
    """Give the accuracy on the same training images with BatchNorm in train mode and in eval mode.

    Dropout is off in both modes, and the network does not change. The two differ by the statistics alone: those of each
    batch against the running ones.

    Args:
        net: left in eval mode, as it was.
        feed: the training split.
        batch: batch size of the training; at least `STEADY` is used.
        generator: draws the images.
        most: largest number of images.
        outputs: of the frozen first stages for this split; None runs all stages.

    Returns:
        The two metrics; empty where training puts no BatchNorm into train mode.
    """
    net.train()
    layers = [layer for layer in batchnorms(net) if layer.training and layer.track_running_stats]
    net.eval()
    rows = torch.randperm(len(feed.rows), generator=generator)[:most].to(feed.rows.device)
    batches = [part for part in rows.split(max(batch, STEADY)) if len(part) > 1]
    if not layers or not batches:
        return {}
    originals = [{name: buffer.clone() for name, buffer in layer.named_buffers()} for layer in layers]
    accuracies = {}
    for mode in ("train", "eval"):
        for layer in layers:
            layer.train(mode == "train")
        accuracies[f"accuracy_{mode}_mode"] = _accuracy(net, feed, batches, outputs)
    for layer, buffers in zip(layers, originals, strict=True):
        for name, buffer in layer.named_buffers():
            buffer.copy_(buffers[name])
    return accuracies


def gap_alarm(scores: dict[str, float]) -> list[str]:
    """Raise an alarm where eval mode is worse than train mode by more than `GAP`."""
    if not scores or scores["accuracy_train_mode"] - scores["accuracy_eval_mode"] <= GAP:
        return []
    train, evaluated = (100 * scores[f"accuracy_{mode}_mode"] for mode in ("train", "eval"))
    return [f"batchnorm_gap: accuracy {train:.1f} % in train mode, {evaluated:.1f} % in eval mode"]


def _accuracy(net: Net, feed: Feed, batches: Sequence[torch.Tensor], outputs: Outputs | None) -> float:
    def logits(rows: torch.Tensor) -> torch.Tensor:
        activations: Activations = outputs.batch(rows) if outputs else feed.normalized(feed.pixels(rows))
        return net(activations, outputs.start if outputs else 0)  # type: ignore[no-any-return]

    with torch.no_grad(), precision(feed):
        right = [_right(logits(rows), feed.targets[rows]) for rows in batches]
    return float(torch.stack(right).sum()) / sum(map(len, batches))


def _right(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Count the correct images. With several labels, sum each image's share of correct labels."""
    if targets.ndim == 1:
        return (logits.argmax(1) == targets).sum().float()
    known = targets >= 0
    return (((logits > 0) == (targets > 0)) & known).sum(1).div(known.sum(1).clamp(min=1)).sum()


def _batches(feed: Feed) -> list[slice]:
    size, count = BATCH[feed.images.device.type], len(feed.rows)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
