"""What images a network's weights expect, what a trial gives it, and where the two differ. Knows no training."""

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
"""Images that fill less of the range than this are off: bytes divided by 255 twice, say."""


def normalization(family: Family, name: str) -> tuple[Channels, Channels]:
    """Give the mean that is subtracted from images in [0, 1], and the std that they are then divided by.

    Raises:
        UserError: an unknown name.
    """
    if name == "weights":
        return family.mean, family.std
    if name not in _OTHERS:
        raise UserError(f"unknown normalization {name!r}; one of {', '.join(CHOICES['normalization'])}")
    return _OTHERS[name]


def deviations(family: Family, config: Config, size: int, pixels: "torch.Tensor") -> list[str]:
    """Say where a trial's images are off what its pretrained weights saw; none for random weights.

    Args:
        family: of the trial.
        config: normalization and upsample.
        size: of the images as they are stored, pixels.
        pixels: (n, 3, size, size) float in [0, 1], some of the training images.

    Returns:
        Alarms, as `kind: detail`.
    """
    found = []
    shown = config.upsample or size
    if family.source_size is not None and shown != family.source_size:
        found.append(f"input_size: {shown} px, the weights saw {family.source_size} px")
    wanted = family.mean, family.std
    if config.normalization == DATA:
        found.append(f"input_normalization: by the images' own mean and std, the weights expect {_range(*wanted)}")
    elif (given := normalization(family, config.normalization)) != wanted:
        found.append(f"input_normalization: images in {_range(*given)}, the weights expect {_range(*wanted)}")
    low, high = pixels.min().item(), pixels.max().item()
    if not low >= 0 or not high <= 1 or high - low < LEAST_SPAN:
        found.append(f"input_range: pixels lie in [{low:.2g}, {high:.2g}] where [0, 1] is expected")
    return found


def _range(mean: Sequence[float], std: Sequence[float]) -> str:
    """Write the range of normalized values: `[-1, 1]`, over all channels."""
    low = min((0 - m) / s for m, s in zip(mean, std, strict=True))
    high = max((1 - m) / s for m, s in zip(mean, std, strict=True))
    return f"[{low:.3g}, {high:.3g}]"


MEASURED = 1000
"""Images of which mean and std are taken, about."""


def channels(config: Config, family: Family, data: "TaskData") -> tuple[Channels, Channels]:
    """Give the mean and std, by channel, that a network's images are normalized with.

    Args:
        config: normalization, colour.
        family: of the configuration.
        data: of which mean and std are taken where the configuration says so: of some training images, evenly spread.
    """
    if config.normalization != DATA:
        return normalization(family, config.normalization)
    from study.data.device_split import feed  # imports torch

    some = data.train.index[:: max(1, len(data.train.index) // MEASURED)]
    part = data.train._replace(index=some)
    shown = feed(part, f"{data.key}/train", "cpu", (0.0,) * 3, (1.0,) * 3, grey=config.colour == "grey")
    pixels = shown.pixels(slice(None)).transpose(0, 1).flatten(1)
    mean, std = pixels.mean(1).tolist(), pixels.std(1).clamp(min=1e-3).tolist()
    return tuple(mean), tuple(std)  # type: ignore[return-value]
