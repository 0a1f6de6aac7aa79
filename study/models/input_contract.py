"""Compares the images that a network's weights expect with the images that a trial gives it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from study.errors import UserError
from study.models.families import Family
from study.space.config import CHOICES, Config

if TYPE_CHECKING:
    import torch

    from study.data.prepare import TaskData

Channels = tuple[float, float, float]

_OTHERS: dict[str, tuple[Channels, Channels]] = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "bytes": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
DATA = "data"
LEAST_SPAN = 0.1
"""Images that fill less of the range than this are scaled wrongly, for example divided by 255 twice."""


def normalization(family: Family, name: str) -> tuple[Channels, Channels]:
    """Give the mean that is subtracted from images in [0, 1], and the std that they are then divided by.

    Raises:
        UserError: the name is unknown.
    """
    if name == "weights":
        return family.mean, family.std
    if name not in _OTHERS:
        raise UserError(f"unknown normalization {name!r}; one of {', '.join(CHOICES['normalization'])}")
    return _OTHERS[name]


def deviations(family: Family, config: Config, size: int, pixels: "torch.Tensor") -> list[str]:
    """List where a trial's images differ from those that its pretrained weights saw; empty for random weights.

    Args:
        family: of the trial.
        config: normalization and upsample are read.
        size: side of the stored images, pixels.
        pixels: (n, 3, size, size) float in [0, 1], some of the training images.

    Returns:
        Alarms, as `kind: detail`.
    """
    alarms = []
    side = config.upsample or size
    if family.source_size is not None and side != family.source_size:
        alarms.append(f"input_size: {side} px, the weights saw {family.source_size} px")
    expected = family.mean, family.std
    if config.normalization == DATA:
        alarms.append(f"input_normalization: by the images' own mean and std, the weights expect {_range(*expected)}")
    elif (actual := normalization(family, config.normalization)) != expected:
        alarms.append(f"input_normalization: images in {_range(*actual)}, the weights expect {_range(*expected)}")
    low, high = pixels.min().item(), pixels.max().item()
    if not low >= 0 or not high <= 1 or high - low < LEAST_SPAN:
        alarms.append(f"input_range: pixels lie in [{low:.2g}, {high:.2g}] where [0, 1] is expected")
    return alarms


def _range(mean: Sequence[float], std: Sequence[float]) -> str:
    """Write the range of normalized values: `[-1, 1]`, over all channels."""
    low = min((0 - m) / s for m, s in zip(mean, std, strict=True))
    high = max((1 - m) / s for m, s in zip(mean, std, strict=True))
    return f"[{low:.3g}, {high:.3g}]"


MEASURED = 1000
"""Approximate number of images that mean and std are computed from."""


def channels(config: Config, family: Family, data: "TaskData") -> tuple[Channels, Channels]:
    """Give the mean and std, by channel, that a network's images are normalized with.

    Args:
        config: normalization and colour are read.
        family: of the configuration.
        data: with normalization "data", mean and std are those of its training images, evenly sampled.
    """
    if config.normalization != DATA:
        return normalization(family, config.normalization)
    from study.data.device_split import feed  # imports torch

    rows = data.train.index[:: max(1, len(data.train.index) // MEASURED)]
    sample = data.train._replace(index=rows)
    images = feed(sample, f"{data.key}/train", "cpu", (0.0,) * 3, (1.0,) * 3, grey=config.colour == "grey")
    pixels = images.pixels(slice(None)).transpose(0, 1).flatten(1)
    mean, std = pixels.mean(1).tolist(), pixels.std(1).clamp(min=1e-3).tolist()
    return tuple(mean), tuple(std)  # type: ignore[return-value]
