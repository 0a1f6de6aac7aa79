"""What a network costs on any data: its backbone's size, its operations for an image, and its weights' licence.

Counting runs the network without values. That takes up to two seconds, so that a count is an entry of the store.
"""

import functools
import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from study.models import families
from study.space.config import Config
from study.storage import reading, store
from study.storage.study_folder import code_fingerprint

_SIDES = ("image_size", "upsample")
"""Options that say nothing beyond the size of the image."""
NOT_STATED = "not stated"
"""The licence of published weights whose publisher states none."""


class Counts(NamedTuple):
    """The size of a backbone."""

    parameters: int
    macs: int
    """Multiply-accumulate operations, for one image."""


def counts(name: str, size: int, options: Mapping[str, Any]) -> Counts | None:
    """Count the parameters of a backbone, and its operations for one image; None if it cannot run without values.

    Args:
        name: a family.
        size: side of the image as the network sees it, pixels.
        options: of the family, as `families.options_from` selects them.
    """
    read = {key: value for key, value in options.items() if value is not None and key not in _SIDES}
    counted = _counted(name, size, json.dumps(read, sort_keys=True), str(store.root()))
    return Counts(**counted) if counted else None


@functools.cache
def _counted(name: str, size: int, options: str, root: str) -> dict[str, int]:
    key = {"counts_of": name, "size": size, "options": options, "torch": metadata.version("torch")}
    key |= families.versions(name) or {"code": code_fingerprint()}
    try:
        return dict(store.make_once("networks", key, lambda _: _count(name, size, json.loads(options))).meta)
    except OSError:  # a store that cannot be written costs time only
        return _count(name, size, json.loads(options))


def _count(name: str, size: int, options: dict[str, Any]) -> dict[str, int]:
    """Count, as plain values; empty if the network cannot run without values."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    images = torch.empty(1, 3, size, size, device="meta")
    try:
        sides = {"image_size": size} if "image_size" in families.options(name) else {}
        stages = _without_values(name, options | sides)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            activations: Any = images
            for stage in stages:
                activations = stage.eval().requires_grad_(False)(activations)
    except Exception:  # whatever a network's code raises that needs values
        return {}
    parameters = sum(parameter.numel() for stage in stages for parameter in stage.parameters())
    return {"parameters": parameters, "macs": counter.get_total_flops() // 2}


def _without_values(name: str, options: dict[str, Any]) -> list[Any]:
    """Make a backbone on the meta device; a few constructors need values, and these are made in full first."""
    import torch

    family = families.load(name, **options)
    state = torch.get_rng_state()  # the trial's own numbers must not depend on whether this was counted before
    try:
        with torch.device("meta"):
            return family.backbone("none")[0]
    except (NotImplementedError, RuntimeError):
        return [stage.to("meta") for stage in family.backbone("none")[0]]
    finally:
        torch.set_rng_state(state)


def licence(config: Config, initial: str, source: Path | None) -> str | None:
    """Name the licence of the published weights that a trial starts from; None if it starts from none.

    Args:
        config: the trial's.
        initial: the weights that its regime starts from, one of the family's; "none" are random.
        source: entry of the store with other weights, which were trained from published ones or from none.
    """
    family = families.of(config)
    first = initial if source is None or initial in family.weights else _first(source)
    if first is None:
        return NOT_STATED
    if families.published(first) == "none" or first not in family.weights:
        return None
    return family.licence or NOT_STATED


def _first(source: Path) -> str | None:
    """Name the weights that the first training began with which led to those of an entry; None if none did."""
    key: Any = reading.read_json(source / store.MANIFEST)["key"]
    while key.get("before"):
        key = key["before"]
    return str(key["config"]["weights"]) if "config" in key else None
