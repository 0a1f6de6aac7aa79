"""The options of `study.rank`, and the question that they pose: all networks as one space, checked without any data."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.shell import command
from study.cli import arguments, candidates, checks
from study.cli.question import fixed
from study.data import tasks
from study.errors import UserError
from study.pretraining import sources
from study.pretraining.imported import WeightsFile
from study.space import Space
from study.space.config import CHOICES

SIZE = 64
SPACE_FILE = "networks.py"
"""File of the proposed study's space."""


@dataclass(frozen=True, kw_only=True)
class RankOptions:
    """What networks are ranked, and on which images."""

    families: Sequence[str]
    data: Path | None = None
    task: str | None = None
    labels: float = 1.0
    image_size: int = SIZE
    upsample: int | None = None
    weights: str = "pretrained"
    set: Sequence[str] = ()
    seed: int = 0
    cpus: int | None = None


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    about = "Rank networks by probes of their frozen features on the training images."
    made = command.Parser(prog="python -m study.rank", description=about, allow_abbrev=False)
    add = made.add_argument
    names = "networks, e.g. resnet18,timm/convnext_atto; FAMILY@FILE or FAMILY@none has other weights"
    add("--families", required=True, metavar="A,B,C", help=names)
    add("--data", type=command.path, metavar="DIR", help="your own images, or the task's real data set")
    add("--task", metavar="NAME", help="a data set (default: folder, your own images)")
    add("--labels", type=float, default=1.0, metavar="SHARE", help="share of the training labels (default: 1)")
    add("--image-size", type=int, default=SIZE, metavar="PX", help=f"default: {SIZE}")
    add("--upsample", type=int, metavar="PX", help="enlarge images to this side in front of the network")
    add("--weights", default="pretrained", metavar="NAME", help="of families without @: pretrained (default) or none")
    fix = "fix another hyperparameter, e.g. group_pattern=REGEX; repeatable"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=fix)
    add("--layout", choices=CHOICES["layout"], help="how your images are read, where that could be in two ways")
    add("--seed", type=arguments.seed, default=0, metavar="N", help="random seed of the split (default: 0)")
    add("--cpus", type=int, metavar="N", help="threads (default: all)")
    add("--json", type=command.path, metavar="FILE", help="write the ranking there as well")
    out = f"folder of {SPACE_FILE}, the space of the proposed study (default: results/rank)"
    add("--out", type=command.path, default=Path("results/rank"), metavar="DIR", help=out)
    return made


def question(options: RankOptions) -> Space:
    """Give the study of all networks, checked as `study.run` checks it, before any image is read.

    Raises:
        UserError: a mistake in the options; names it.
    """
    if options.data is None and options.task is None:
        raise UserError("--data is missing: your own images; or --task NAME, with or without its data set in --data")
    if options.data is not None and not options.data.exists():
        raise UserError(f"--data {options.data}: no such folder")
    if options.cpus is not None and not 1 <= options.cpus <= (os.cpu_count() or 1):
        raise UserError(f"--cpus {options.cpus}: this machine has {os.cpu_count()}")
    task = options.task or "folder"
    tasks.load(task)
    networks = candidates.candidates(options.families, options.weights)
    values: dict[str, Any] = {"image_size": options.image_size, "label_fraction": options.labels}
    values |= {} if options.upsample is None else {"upsample": options.upsample}
    whole = fixed(candidates.space(networks, task, values), options.set)
    cells = whole.cells()
    for cell in cells:
        if (source := sources.of(cell)) is not None and not isinstance(source, WeightsFile):
            raise UserError(f"weights {source.name!r} are trained first; name published ones, none or a file")
    checks.check_read(cells)
    checks.check_cells(cells, whole.epochs)
    return whole
