"""The options of `study.run`, from a command line or from keyword arguments."""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NoReturn

from analysis.shell import command
from study.cli import arguments
from study.errors import UserError
from study.space import Space
from study.space.config import CHOICES
from study.storage import remote
from study.storage.free_space import KEEP_GB
from study.text import encodes

SWITCHES = ("download", "resume", "cache_half", "exact", "deterministic")
DURATIONS = ("time_budget", "trial_timeout", "checkpoint_every")
PLACES = ("data", "source_data", "out")
_NAME = re.compile(r"[\w.-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class Options:
    """All that a study is run with: the options of `python -m study.run` and the arguments of `study.run`.

    Each field is the option of its name; `python -m study.run --help` describes it. Durations are seconds.
    """

    space: "str | Space | None" = None
    name: str | None = None
    """Of a space that comes as an object, which has no file whose name it could take."""
    list: bool = False
    data: Path | None = None
    inspect: bool = False
    source_data: Path | None = None
    download: bool = False
    out: Path | str | None = None
    resume: bool = False
    scale: str = "demo"
    only: Sequence[str] = ()
    set: Sequence[str] = ()
    trials: int | None = None
    epochs: int | None = None
    replicates: int | None = None
    seed: int = 0
    cpus_per_trial: float = 1.0
    gpus_per_trial: float | str | None = None
    address: str | None = None
    time_budget: float | None = None
    trial_timeout: float | None = None
    checkpoint_every: float = 30.0
    keep_free: float = KEEP_GB
    cache_gb: float = 10.0
    cache_half: bool = False
    exact: bool = False
    deterministic: bool = False


KEYWORDS = tuple(each.name for each in fields(Options) if each.name not in ("space", "list", "inspect"))
"""Fields that `study.run` takes as keyword arguments."""


def signature() -> inspect.Signature:
    """Give the signature of `study.run`: the space, and each keyword with its default."""
    keyword, positional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    defaults = {each.name: each.default for each in fields(Options)}
    keywords = [inspect.Parameter(name, keyword, default=defaults[name]) for name in KEYWORDS]
    return inspect.Signature([inspect.Parameter("space", positional), *keywords])


def parse(argv: Sequence[str] | None) -> Options:
    """Read the command line; a mistake in it ends the process with exit code 2."""
    parser = command.Parser(
        prog="python -m study.run", description="A hyperparameter study of transfer learning.", allow_abbrev=False
    )
    return _parsed(parser, sys.argv[1:] if argv is None else argv)


def from_keywords(space: "str | Path | Space", **values: Any) -> Options:
    """Give the options that keyword arguments mean, checked as those of the command are.

    Args:
        space: a name of `search_spaces/`, a path to a .py file, or a space itself.
        values: of fields of `Options`; a duration is a number of seconds or a text like "30m", `only` and `set` may be
            mappings, such as {"label_fraction": (0.1, 1.0)}.

    Raises:
        UserError: an unknown argument, or a value that the option does not take.
    """
    for key in values:
        if key not in KEYWORDS:
            raise UserError(f"unknown argument {key!r}; one of {', '.join(KEYWORDS)}")
    name = values.pop("name", None)
    if name is not None and not isinstance(space, Space):
        raise UserError(f"name {name!r} is for a space that is an object; this one has the name of its file")
    if name is not None and (not isinstance(name, str) or not _NAME.fullmatch(name)):
        raise UserError(f"name {name!r}: write up to 100 letters, digits, '-', '_' and '.'")
    words = [word for key, value in values.items() for word in _words(key, value)]
    options = _parsed(_Keywords(prog="study.run", allow_abbrev=False), words)
    return replace(options, space=space if isinstance(space, Space) else str(space), name=name)


class _Keywords(command.Parser):
    """Raises what the command's parser prints."""

    def error(self, message: str) -> NoReturn:
        raise UserError(re.sub(r"^argument --([\w-]+)", lambda match: match[1].replace("-", "_"), message))


def _words(key: str, value: object) -> list[str]:
    """Write a keyword argument as words of the command line."""
    option = f"--{key.replace('_', '-')}"
    if key in SWITCHES:
        if not isinstance(value, bool):
            raise UserError(f"{key} {value!r}: write True or False")
        return [option] if value else []
    if value is None:
        return []
    if key in ("only", "set"):
        return [f"{option}={item}" for item in _items(key, value)]
    if key in DURATIONS and isinstance(value, (int, float)) and not isinstance(value, bool):
        return [f"{option}={value:f}s"]
    if key in PLACES and not remote.is_uri(text := str(value)):
        value = Path(text).expanduser() if text else ""
    return [f"{option}={value}"]


def _items(key: str, value: Any) -> Iterator[str]:
    """Write `only` or `set` as KEY=VALUE each."""
    if isinstance(value, Mapping):
        for name, values in value.items():
            for each in values if isinstance(values, (list, tuple)) else [values]:
                yield f"{name}={each}"
    elif isinstance(value, (list, tuple)):
        yield from map(str, value)
    else:
        raise UserError(f"{key} {value!r}: write a mapping, such as {{'label_fraction': 0.1}}")


def _parsed(parser: command.Parser, words: Sequence[str]) -> Options:
    add = parser.add_argument
    add("--space", metavar="NAME", help="a space of search_spaces/, or a path to a .py file with a SPACE")
    add("--list", action="store_true", help="list the spaces, one line each")
    data = "folder of the real data set (default: the task's rendered stand-in)"
    add("--data", type=command.path, metavar="DIR", help=data)
    add("--inspect", action="store_true", help="describe your own images in --data, a folder or .csv file, and end")
    other = "folder of the real data set of another task, on which weights are trained first"
    add("--layout", choices=CHOICES["layout"], help="how your own images are read, where that could be in two ways")
    add("--source-data", type=command.path, metavar="DIR", help=other)
    add("--download", action="store_true", help="fetch the real data set into --data DIR first")
    add(
        "--out",
        type=arguments.place,
        metavar="DIR",
        help="where results go, or a URI such as s3:// (default: results/<space>)",
    )
    add("--resume", action="store_true", help="resume the study in --out")
    scale = "the space's small subset, or all of it (default: demo)"
    add("--scale", choices=("demo", "full"), default="demo", help=scale)
    add("--only", action="append", default=[], metavar="KEY=VALUE", help="keep the cells with this value; repeatable")
    fix = "fix a hyperparameter in all cells, as class_weights=balanced or group_pattern=REGEX; repeatable"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=fix)
    add("--trials", type=int, metavar="N", help="search trials per cell")
    add("--epochs", type=int, metavar="N", help="epochs of a trial that is not pruned")
    add("--replicates", type=int, metavar="N", help="retrainings of each cell's winner, scored on the test split")
    add("--seed", type=arguments.seed, default=0, metavar="N", help="random seed (default: 0)")
    add("--cpus-per-trial", type=arguments.above_0, default=1.0, metavar="X", help="default: 1")
    gpus = "may be a fraction, or auto: the smallest that memory allows (default: 1 where there are GPUs)"
    add("--gpus-per-trial", type=arguments.gpus, metavar="X", help=gpus)
    add("--address", metavar="ADDRESS", help="a running Ray cluster (default: this machine)")
    add("--time-budget", type=arguments.some_seconds, metavar="30m", help="stop, resumable, after 90s, 30m or 2h")
    add(
        "--trial-timeout",
        type=arguments.some_seconds,
        metavar="30m",
        help="end a trial that reports nothing for this long",
    )
    every = "time between two checkpoints of a trial (default: 30s)"
    add("--checkpoint-every", type=arguments.seconds, default=30.0, metavar="30s", help=every)
    free = f"stop when less than this many GB of disk are free (default: {KEEP_GB:g})"
    add("--keep-free", type=arguments.share, default=KEEP_GB, metavar="GB", help=free)
    add(
        "--cache-gb",
        type=arguments.share,
        default=10.0,
        metavar="GB",
        help="room for frozen stages' outputs (default: 10)",
    )
    add("--cache-half", action="store_true", help="cache them in half precision: scores differ a little")
    exact = "run frozen stages by PyTorch alone: scores to the bit those without a cache, and slower"
    add("--exact", action="store_true", help=exact)
    add("--deterministic", action="store_true", help="one trial at a time: on CPUs the same command, the same table")
    if odd := next((word for word in words if not encodes(word)), None):
        parser.error(f"{odd}: is not UTF-8, in which a study keeps its command; give it another name")
    values = vars(parser.parse_args(words))
    if (layout := values.pop("layout")) is not None:
        values["set"] = [*values["set"], f"layout={layout}"]
    return Options(**values | {"exact": values["exact"] or values["deterministic"]})
