"""Families, tasks and pretexts in files of a user's own that are none, fail, or break their contract."""

from functools import partial
from pathlib import Path

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case
from tests.support.own_code import FAMILY, changed

FIXED = {"family": "./mynet.py", "regime": "scratch", "image_size": 16, "batch_size": 32}


def _write(content: str | bytes | None, here: Path, **changes: str) -> None:
    """Write a space, and the file that it names; None makes a folder of its name."""
    spaces.write(spaces.text(**{"fixed": repr(FIXED)} | changes), here)
    if content is None:
        (here / "mynet.py").mkdir()
    else:
        spaces.write(content, here, "mynet.py")


def _nearly_named(here: Path) -> None:
    _write("", here)
    (here / "mynet.py").rename(here / "mynet2.py")


def _with_neighbour(here: Path) -> None:
    _write("import beside_it\n" + FAMILY, here)
    spaces.write("", here, "beside_it.py")


def _family(name: str, content: str | bytes | None, said: str) -> Case:
    return Case(name, "--space mine.py", 2, said, partial(_write, content))


CASES = [
    Case(
        "a family's file that is nowhere",
        "--space mine.py",
        2,
        "family file './mynet.py' does not exist; the nearest: mynet2.py",
        _nearly_named,
    ),
    _family("a folder in the place of a family's file", None, "family file './mynet.py' is a folder; name a .py file"),
    _family(
        "a family's file that is no Python", b"\x89PNG\r\n\x1a\n\0\0", "family file './mynet.py' fails: SyntaxError"
    ),
    _family("a family's file with a syntax error", "FAMILY = (\n", "fails in line 1: SyntaxError: '(' was never"),
    _family(
        "a family's file that raises", "x = 1\n1 / 0\n", "'./mynet.py' fails in line 2: ZeroDivisionError: division"
    ),
    _family("a family's file that exits", "raise SystemExit(0)\n", "'./mynet.py' fails in line 1: SystemExit: 0"),
    _family(
        "a family's file without one", "x = 1\n", "family ./mynet.py has neither FAMILY = Family(…) nor a function"
    ),
    _family(
        "a family that is a number", "FAMILY = 3\n", "family ./mynet.py: FAMILY is of type int and must be a Family"
    ),
    _family(
        "a family with a text for a size", changed(("min_size=8", "min_size='8'")), "min_size '8' must be a number of"
    ),
    _family(
        "a stage too few", changed(("[first, second]", "[first]")), "backbone returns 1 stages, and the family names 2"
    ),
    _family(
        "other features than named", changed(("features=16", "features=17")), "gives (2, 16) and must give (2, 17)"
    ),
    _family(
        "a stage that fails", changed(("Conv2d(8, 16", "Conv2d(9, 16")), "family ./mynet.py: stage 2, with images of"
    ),
    _family(
        "a backbone that fails", changed(("    first =", "    lost()\n    first =")), "fails in line 9: NameError: name"
    ),
    Case(
        "a family's file that imports its neighbour",
        "--space mine.py",
        2,
        "beside_it",
        _with_neighbour,
    ),
    Case(
        "a task's file without its members",
        "--space mine.py",
        2,
        "task ./mynet.py lacks METRIC, AUGMENT, CROPS, read, stand_in",
        partial(_write, "x = 1\n", task="'./mynet.py'", fixed=repr(FIXED | {"family": "small_cnn"})),
    ),
    Case(
        "a pretext's file without its members",
        "--space mine.py",
        2,
        "pretext ./mynet.py lacks LABELS, OPTIONS, VIEWS, HEAD, answers, check, examples",
        partial(
            _write,
            "x = 1\n",
            fixed=repr(FIXED | {"family": "small_cnn", "regime": "fine_tune", "weights": "./mynet.py"}),
        ),
    ),
    Case(
        "a description of a file that is nowhere",
        "./nothing.py",
        2,
        "family file './nothing.py' does not exist",
        module="study.backbones",
    ),
]
