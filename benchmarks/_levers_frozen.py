"""Levers of `benchmarks.levers` that use that frozen stages cannot change: caches, heads at once, small checkpoints.

Knows nothing of how a figure becomes a line of the table.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import torch
from torch import Tensor

from benchmarks._pairs import Row, Setting, compare, seconds
from study.data.device_split import Feed
from study.models import families
from study.models.net import Net, copied
from study.space.config import Config
from study.storage import checkpoints
from study.training import fused_heads as fused
from study.training import report, setup, trial
from study.training.evaluation import predict
from study.training.feature_cache import Outputs
from study.training.loop import TrainingContext, fit

FAMILY = "efficientnet_lite0"
STAGES = len(families.load(FAMILY).stages)
DEPTHS = range(1, STAGES + 1)
KEPT = trial.CacheSettings(10**9, False, "levers")
LEAST, EPOCHS, ENDLESS = 0.3, 10, 10_000
State = Callable[[], dict[str, Tensor]]
HEADS, STARTED = (1, 4, 12, 32), 12
TRAINING = {1: "1.02×", 2: "1.08×", 3: "1.14×", 4: "1.57×", STAGES: "48×"}
"""(F + 2S) / 3S in multiplications, by depth: F all stages forward, S those that train, at 32 px."""
EVALUATION = {1: "1.06×", 2: "1.24×", 3: "1.42×", 4: "2.7×", STAGES: "143×"}
"""F / S likewise."""
CHECKPOINT = {0: "1.0×", STAGES // 2: "1.002×", STAGES: "21.7×"}
"""(P + 2T) / 3T in numbers: P of the network, T of what trains, of which AdamW keeps two more."""


def cached_training(setting: Setting) -> Iterator[Row]:
    """An epoch on kept outputs of the frozen stages, against running them on every batch, and so hashing them after."""
    for depth in DEPTHS:
        used, without = (partial(next, _epochs(setting, depth, kept)) for kept in (KEPT, trial.NO_CACHE))
        lever = f"frozen stages cached, {depth} of {STAGES}: training"
        yield compare(lever, f"{TRAINING[depth]} by FLOPs", "s an epoch", (used, without), setting.repeats)


def cached_evaluation(setting: Setting) -> Iterator[Row]:
    """Validation on kept outputs of the frozen stages, against running them on the images."""
    for depth in DEPTHS:
        lesson, val = _lesson(setting, depth, KEPT)
        assert lesson.cache is not None
        outputs = lesson.cache.outputs(lesson.net, val, setting.opened.val_file, None, val.pixels)
        used, without = (_predicting(lesson.net, val, shown, setting.device) for shown in (outputs, None))
        lever = f"frozen stages cached, {depth} of {STAGES}: validation"
        yield compare(lever, f"{EVALUATION[depth]} by FLOPs", "s", (used, without), setting.repeats)


def fused_heads(setting: Setting) -> Iterator[Row]:
    """Heads that are trained at once, against one trial after the other, all on kept features."""
    for heads in HEADS:
        expected = "1×" if heads == 1 else "2.7–3.5× (prototypes)"
        used, without = partial(_bundle, setting, heads), partial(_alone, setting)
        if heads == 1:  # the first one makes what is kept
            used(), without()
        yield compare(f"fused heads: {heads}", expected, "s a head and epoch", (used, without), setting.repeats)
    expected = f"up to {STARTED}×: a network is built once in place of {STARTED} times"
    ways = partial(_bundle_starts, setting, STARTED), partial(_starts_alone, setting)
    yield compare(f"setup of a head: in a bundle of {STARTED}", expected, "s a head", ways, setting.repeats)


def small_checkpoints(setting: Setting) -> Iterator[Row]:
    """What can change in a checkpoint, against the whole network; both with the optimizer's state."""
    for depth in (0, STAGES // 2, STAGES):
        small, whole = _states(setting, depth)
        places = [setting.scratch / f"checkpoints-{depth}-{way}" for way in ("small", "whole")]
        used, without = partial(_save, places[0], small, count(1)), partial(_save, places[1], whole, count(1))
        lever, expected = f"small checkpoints, {depth} of {STAGES} frozen", f"{CHECKPOINT[depth]} by bytes"
        used(), without()
        yield compare(f"{lever}: time", expected, "s", (used, without), setting.repeats)
        sizes = partial(_megabytes, places[0]), partial(_megabytes, places[1])
        yield compare(f"{lever}: size", expected, "MB", sizes, setting.repeats)


def frozen_compared(setting: Setting) -> Iterator[Row]:
    """Compare what is frozen with a copy after each epoch, against hashing it."""
    net = _lesson(setting, STAGES, KEPT)[0].net
    copies = [each.clone() for each in net.frozen_state()]
    ways = (lambda: all(map(torch.equal, copies, net.frozen_state()))), net.frozen_digest
    used, without = (partial(seconds, way, setting.device, LEAST) for way in ways)
    expected = "2×: two reads of 13.5 MB against hashing it once"
    yield compare("frozen state compared, not hashed", expected, "s", (used, without), setting.repeats)


def _config(depth: int) -> Config:
    values = {"task": "gtsrb", "family": FAMILY, "regime": "partial_freeze", "batch_size": 64, "augment": 0.0}
    return Config(**values, freeze_depth=depth)  # type: ignore[arg-type]


def _lesson(setting: Setting, depth: int, kept: trial.CacheSettings) -> tuple[TrainingContext, Feed]:
    """Give a network with its first stages frozen, ready to be trained, and the validation images."""
    config, opened = _config(depth), setting.opened
    net, feeds, _ = setup.assemble(config, opened, 0, setting.device)
    net.freeze(range(depth))
    return TrainingContext(net, feeds["train"], config, opened.augment, 0, trial.cache_of(config, opened, kept)), feeds[
        "val"
    ]


def _epochs(setting: Setting, depth: int, kept: trial.CacheSettings) -> Iterator[float]:
    """Time epochs for ever; the first, which makes what is kept, is not counted."""
    lesson, _ = _lesson(setting, depth, kept)
    epochs = fit(lesson, trial.plan(lesson.config, ENDLESS))
    next(epochs)
    while True:
        yield seconds(lambda: next(epochs), setting.device, LEAST)


def _predicting(net: Net, val: Feed, outputs: Outputs | None, device: str) -> Callable[[], float]:
    predict(net, val, outputs)
    return partial(seconds, lambda: predict(net, val, outputs), device, LEAST)


def _bundle(setting: Setting, heads: int) -> float:
    """Give the seconds of a head and epoch, from the first report on."""
    said = _heads(setting, heads)
    next(said)
    return seconds(lambda: list(said), setting.device) / heads / EPOCHS


def _alone(setting: Setting) -> float:
    said = _head(setting)
    next(said)
    return seconds(lambda: list(said), setting.device) / EPOCHS


def _bundle_starts(setting: Setting, heads: int) -> float:
    """Give the seconds of a head to the first report, before anything is trained."""
    said = _heads(setting, heads)
    return seconds(lambda: next(said), setting.device) / heads


def _starts_alone(setting: Setting) -> float:
    said = _head(setting)
    return seconds(lambda: next(said), setting.device)


def _heads(setting: Setting, heads: int) -> Iterator[fused.Said]:
    config = replace(_config(STAGES), regime="feature_extraction", freeze_depth=None)
    members = [fused.Member(replace(config, lr=1e-3 * 1.1**number), number) for number in range(heads)]
    return fused.run(members, setting.opened, EPOCHS, device=setting.device, cache=KEPT)


def _head(setting: Setting) -> Iterator[report.Report]:
    config = replace(_config(STAGES), regime="feature_extraction", freeze_depth=None)
    return trial.run(config, setting.opened, 0, epochs=EPOCHS, device=setting.device, cache=KEPT)


def _states(setting: Setting, depth: int) -> tuple[State, State]:
    """Give what makes the state of a trial after an epoch: ours, and that of the whole network."""
    lesson, _ = _lesson(setting, depth, trial.NO_CACHE)
    net, epoch = lesson.net, next(fit(lesson, trial.plan(lesson.config, 1)))
    moments = {name: each for name, each in epoch.state().items() if name not in net.state_dict()}
    return epoch.state, lambda: copied({**net.state_dict(), **moments})


def _save(place: Path, state: State, numbers: Iterator[int]) -> float:
    """Give the seconds of a checkpoint, with the wait for the disk."""
    made = next(numbers)
    began = time.perf_counter()
    checkpoints.save(place, checkpoints.Checkpoint(state(), {"epoch": made}))
    return time.perf_counter() - began


def _megabytes(place: Path) -> float:
    return max(file.stat().st_size for file in place.glob("*/*")) / 1e6
