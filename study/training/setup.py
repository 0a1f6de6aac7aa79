"""The start of a trial: its network with initial weights and head, and its splits on the device.

Knows neither epochs nor scores.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from study.data.device_split import Feed, feed
from study.errors import UserError
from study.models import families, fixed_heads, heads, input_contract, tuning, weights
from study.models.net import Net, set_batchnorm
from study.seeds import stream
from study.space.config import Config
from study.training import regimes

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Parts(NamedTuple):
    """Network and splits, on the device."""

    net: Net
    feeds: dict[str, Feed]
    """By split: train, val, and test where the trial may open it."""
    alarms: list[str]
    """Raised before training, as `kind: detail`."""


def assemble(config: Config, data: "TaskData", seed: int, device: str, source: Path | None = None) -> Parts:
    """Check the configuration, draw the initial weights, and put network and splits on the device.

    Args:
        config: every hyperparameter.
        data: train and validation arrays, and test's.
        seed: the trial's.
        device: of torch.
        source: entry of the store with the initial weights; None: they are the family's own.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
    """
    family = families.of(config)
    regime = regimes.regime(config, len(family.stages))
    net = _net(config, regime if source is None else regime._replace(weights="none"), data, seed)
    if source is not None and regime.weights != "none":
        weights.fill(net, source)
    add_low_rank(net, config, regime, seed)
    splits = feeds(config, family, data, device)
    alarms: list[str] = []
    if regime.weights != "none":
        sample = splits["train"].pixels(slice(0, None, max(1, len(data.train.index) // 256)))
        contract = family if source is None else replace(family, source_size=None)  # our own weights saw this size
        alarms += input_contract.deviations(contract, config, data.train.images.shape[1], sample)
    if regime.head == "new" and config.head_rate == 0:
        alarms.append("untrained_head: the new head stays as it was drawn")
    if regime.head == "source":
        assert isinstance(net.head, nn.Linear)
        labels = data.source_labels.get(families.published(regime.weights), {})
        net.head, head_alarms = fixed_heads.source_head(net.head, data.classes, labels, config.head_classes)
        alarms += head_alarms
    net.lay_out(device, family.contiguous)
    if regime.head == "prototype":
        net.head = fixed_heads.prototypes(net, splits["train"], len(data.classes))
    return Parts(net, splits, alarms)


def add_low_rank(net: Net, config: Config, regime: regimes.Regime, seed: int) -> None:
    """Give a network the low-rank additions that its regime trains, drawn from their own random stream; often none."""
    for phase in regime.phases:
        if phase.tuned == "lora":
            torch.manual_seed(stream(seed, "lora"))
            trained = net.stages[config.freeze_depth or 0 :]
            tuning.adapt(list(trained), config.lora_rank, config.lora_alpha, config.lora_layers)


def new_head(config: Config, data: "TaskData", seed: int) -> nn.Module:
    """Draw a trial's new head from its own random stream, so that it can be drawn without the backbone."""
    torch.manual_seed(stream(seed, "head"))
    return heads.make(
        config.head, families.of(config).features, config.head_classes or len(data.classes), config.dropout
    )


def _net(config: Config, regime: regimes.Regime, data: "TaskData", seed: int) -> Net:
    size, outputs = config.upsample or data.train.images.shape[1], config.head_classes or len(data.classes)
    options = families.options_from(config.family, vars(config))
    families.check(config.family, regime.weights, size, **options)
    if outputs < len(data.classes):
        raise UserError(f"head_classes {outputs} are too few for task {data.task} of {len(data.classes)} classes")
    torch.manual_seed(stream(seed, "init"))  # torch's layers draw from its global generator
    head = config.head if regime.head == "new" else "linear"
    source = regime.head == "source"
    net = families.build(
        config.family, regime.weights, outputs, config.dropout, source_head=source, head=head, **options
    )
    if regime.head == "new":
        net.head = new_head(config, data, seed)
    set_batchnorm(net, config.batchnorm_momentum, config.batchnorm_epsilon)
    return net


def feeds(config: Config, family: families.Family, data: "TaskData", device: str) -> dict[str, Feed]:
    """Put a task's splits on the device: train, val, and test where it is open.

    Args:
        config: normalization, colour, upsample.
        family: of the configuration.
        data: of the task.
        device: of torch.
    """
    grey, (mean, std) = config.colour == "grey", input_contract.channels(config, family, data)
    splits = {"train": data.train, "val": data.val} | ({"test": data.test} if data.test else {})
    files = {"train": "train", "val": data.val_file, "test": "test"}
    return {
        name: feed(split, f"{data.key}/{files[name]}", device, mean, std, config.upsample, grey)
        for name, split in splits.items()
    }
