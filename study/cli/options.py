"""The command line of `study.run`: its options, and every check that needs no data, torch or Ray.

Knows what may be asked for, not how it is done.
"""

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

from analysis.shell import command
from study.cli import checks
from study.cli.catalogue import known, load
from study.data import tasks
from study.data.tasks import data_set
from study.errors import UserError
from study.pretraining import sources
from study.space import Space
from study.space.config import read
from study.space.space import Cell, Value, select
from study.storage import mirror, remote
from study.storage.free_space import KEEP_GB
from study.text import encodes

LAST_SEED = 2**63 - 1
LEAST_PART = 0.01
"""Of a CPU or a GPU, for one trial."""
LONGEST = 1e9
"""Seconds of a duration: 30 years."""
AUTO = "auto"
"""Of --gpus-per-trial: as many trials share a GPU as its memory holds."""


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; a mistake in it ends the process with exit code 2."""
    parser = command.Parser(
        prog="python -m study.run", description="A hyperparameter study of transfer learning.", allow_abbrev=False
    )
    add = parser.add_argument
    add("--space", metavar="NAME", help="a space of search_spaces/, or a path to a .py file with a SPACE")
    add("--list", action="store_true", help="list the spaces, one line each")
    add(
        "--data",
        type=command.path,
        metavar="DIR",
        help="the real data set there (default: the task's rendered stand-in)",
    )
    add("--inspect", action="store_true", help="show what is in --data, a folder or .csv file of your own, and end")
    add(
        "--source-data",
        type=command.path,
        metavar="DIR",
        help="likewise, of another task that weights are trained on first",
    )
    add("--download", action="store_true", help="fetch the real data set into --data DIR first")
    add("--out", type=_place, metavar="DIR", help="where results go, or a URI such as s3:// (default: results/<space>)")
    add("--resume", action="store_true", help="go on with the study in --out")
    add(
        "--scale",
        choices=("demo", "full"),
        default="demo",
        help="the space's small subset, or all of it (default: demo)",
    )
    add("--only", action="append", default=[], metavar="KEY=VALUE", help="keep the cells with this value; repeatable")
    told = "fix a hyperparameter in all cells, as class_weights=balanced or group_pattern=REGEX; repeatable"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=told)
    add("--trials", type=int, metavar="N", help="search trials a cell")
    add("--epochs", type=int, metavar="N", help="epochs of a trial that is not pruned")
    add("--replicates", type=int, metavar="N", help="retrainings of each cell's winner, scored on the test split")
    add("--seed", type=seed, default=0, metavar="N", help="of everything random (default: 0)")
    add("--cpus-per-trial", type=_above_0, default=1.0, metavar="X", help="default: 1")
    add(
        "--gpus-per-trial",
        type=_gpus,
        metavar="X",
        help="may be a part of one, or auto: as small a part as memory allows (default: 1 where there are GPUs)",
    )
    add("--address", metavar="ADDRESS", help="a running Ray cluster (default: this machine)")
    add("--time-budget", type=_some_seconds, metavar="30m", help="stop, resumable, after 90s, 30m or 2h")
    add("--trial-timeout", type=_some_seconds, metavar="30m", help="end a trial that has reported nothing for so long")
    add("--checkpoint-every", type=seconds, default=30.0, metavar="30s", help="of a trial's training (default: 30s)")
    add("--keep-free", type=_share, default=KEEP_GB, metavar="X", help="GB of disk, to stop before less is free")
    add("--cache-gb", type=_share, default=10.0, metavar="X", help="room for frozen stages' outputs (default: 10)")
    add("--cache-half", action="store_true", help="keep them in half precision: scores differ a little")
    add("--deterministic", action="store_true", help="one trial at a time: on CPUs the same command, the same table")
    words = sys.argv[1:] if argv is None else argv
    if odd := next((word for word in words if not encodes(word)), None):
        parser.error(f"{odd}: is not UTF-8, in which a study keeps its command; give it another name")
    return parser.parse_args(words)


def question(args: argparse.Namespace, here: bool = True) -> tuple[Space, list[Cell], Path]:
    """Give the space as asked for, its cells, and the absolute folder for the results.

    Args:
        args: as `parse` gave them.
        here: whether the study is to run on this machine, and its folders of images must be there.

    Raises:
        UserError: the arguments name something that does not exist or contradict each other.
    """
    if not args.space:
        raise UserError(f"--space is missing; one of {', '.join(known())}, or a path to a .py file")
    if here and args.data and not args.data.exists() and not args.download:
        raise UserError(f"--data {args.data}: no such folder (--download fetches the data set into it)")
    if here and args.download and args.data and args.data.is_file():
        raise UserError(f"--data {args.data}: is a file; name a folder to fetch into")
    if here and args.source_data and not args.source_data.is_dir():
        raise UserError(f"--source-data {args.source_data}: no such folder")
    if args.download and not args.data:
        raise UserError("--download needs --data DIR, the folder to fetch into")
    changes = {key: getattr(args, key) for key in ("trials", "epochs", "replicates") if getattr(args, key) is not None}
    found = load(args.space)
    checks.check_read(fixed(found, args.set).cells())
    space = fixed(replace(found.scaled(args.scale), **changes), args.set)
    cells = [_of_data(cell, args.data) for cell in select(space.cells(), args.only)]
    _check_source_data(args, cells)
    own = tasks.own(str(cells[0].values["task"]))
    pattern = next((value for cell in cells if (value := cell.values.get("group_pattern")) is not None), None)
    if own and pattern is not None and not args.data:
        raise UserError(f"group_pattern {pattern!r} names groups of your own images: say where they are with --data")
    if args.inspect and not (args.data and own):
        raise UserError("--inspect is for images of your own: --space folder, or one with task folder, and --data")
    return space, cells, folder(args)


def fixed(space: Space, asked: list[str]) -> Space:
    """Fix hyperparameters that a space neither compares nor tunes nor sets in some cells.

    Args:
        space: as it is.
        asked: KEY=VALUE, each a hyperparameter.

    Raises:
        UserError: an unknown one, one of another role, or a value of another type.
    """
    given: dict[str, Value] = {}
    for item in asked:
        key, equals, text = item.partition("=")
        if not equals:
            raise UserError(f"--set {item}: write KEY=VALUE, as in --set image_size=64")
        if key in space.compared:
            raise UserError(f"--set {item}: {key!r} is compared here; --only {item} keeps some of its values")
        own = [where for where, values in space.settings.items() if key in values]
        if key == "task" or key in space.tuned or own:
            role = "the space's own" if key == "task" else "tuned here" if key in space.tuned else f"set for {own[0]}"
            raise UserError(f"--set {item}: {key!r} is {role}; copy the space's file and change it there")
        try:
            given[key] = read(key, text)
        except UserError as error:
            raise UserError(f"--set {item}: {error}") from None
    return replace(space, fixed={**space.fixed, **given})


def _of_data(cell: Cell, data: Path | None) -> Cell:
    """Give a cell the task that the data set is for, where a task's data say that."""
    if data is None or not data.exists():
        return cell
    return replace(cell, values=cell.values | {"task": tasks.of_data(str(cell.values["task"]), data)})


def _check_source_data(args: argparse.Namespace, cells: list[Cell]) -> None:
    """Refuse real images that start from weights of a stand-in, unless that is asked for, and a folder for nothing."""
    found = {each.name: each for cell in cells if (source := sources.of(cell)) for each in source.line}
    own = {data_set(str(cell.values["task"])) for cell in cells}
    other = [each for each in found.values() if data_set(each.config.task) not in own]
    if args.source_data and not other:
        raise UserError(f"--source-data {args.source_data}: no weights of these cells are trained on another data set")
    if args.data and other and not args.source_data:
        told = f"weights {other[0].name!r} are trained on task {other[0].config.task}"
        raise UserError(f"{told}: name its real data set with --source-data DIR, since --data has that of the trials")


def folder(args: argparse.Namespace) -> Path:
    """The folder that the study works in, absolute."""
    if isinstance(args.out, str):
        return mirror.workplace(args.out)
    return (args.out or Path("results") / name(args)).absolute()


def name(args: argparse.Namespace) -> str:
    """The space's name: its own, or its file's."""
    return Path(args.space).stem


def seed(text: str) -> int:
    """Read a seed: torch and the table take 63 bits."""
    if not text.isdecimal() or len(text) > 4000 or int(text) > LAST_SEED:  # Python reads no longer ones
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; write a whole number from 0 to {LAST_SEED}")
    return int(text)


def _place(text: str) -> Path | str:
    return text if remote.is_uri(text) else command.path(text)


def _share(text: str, more: str = "") -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount; write 1, 2 or 0.5{more}")
    return value


def _amount(text: str, more: str = "") -> float:
    """Read how many CPUs or GPUs: Ray gives parts of one alone."""
    if (value := _share(text, more)) > 1 and value % 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount: above 1 only whole numbers; write 1, 2 or 0.5{more}")
    if 0 < value < LEAST_PART:
        raise argparse.ArgumentTypeError(f"{text!r} is too small a part; write {LEAST_PART:g} or more{more}")
    return value


def _gpus(text: str) -> float | str:
    return text if text == AUTO else _amount(text, ", or auto")


def _above_0(text: str) -> float:
    if (value := _amount(text)) == 0:
        raise argparse.ArgumentTypeError("0 is no amount of CPUs; write 1, 2 or 0.5")
    return value


def seconds(text: str) -> float:
    """Read a duration: `90s`, `30m` or `2h`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 30m or 2h")
    value = float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
    if value > LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is longer than anybody waits; write 90s, 30m or 2h")
    return value


def _some_seconds(text: str) -> float:
    """Read a duration after which something ends."""
    if (value := seconds(text)) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} ends before anything is done; write 90s, 30m or 2h")
    return value
