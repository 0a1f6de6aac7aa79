"""Machines on which a study cannot run as it is to run. Knows no spaces and no data."""

from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs.case import Case, nothing

NAMELESS = {"HOME": "", "XDG_CACHE_HOME": "", "STUDY_STORE": ""}
LONG = "x" * 60


def _case(
    name: str, said: str, environment: dict[str, str], make: Callable[[Path], object] = nothing, words: str = ""
) -> Case:
    return Case(name, f"--space {{tiny}} {words}".strip(), 2, said, make, environment=environment)


def _folder(name: str) -> Callable[[Path], object]:
    return lambda here: (here / name).mkdir()


def _file(name: str) -> Callable[[Path], object]:
    return lambda here: (here / name).write_text("mine")


CASES = [
    _case("a user without a home folder", "no home folder for decoded images and weights: name a folder", NAMELESS),
    _case(
        "a home folder that is a file", "cannot be written, since", NAMELESS | {"HOME": "{here}/home"}, _file("home")
    ),
    _case("a home folder that is relative", "no home folder for decoded images", NAMELESS | {"HOME": "home"}),
    _case(
        "a store below a home that is not known",
        "no home folder for STUDY_STORE=~/store",
        {"HOME": "", "STUDY_STORE": "~/store"},
    ),
    _case(
        "a temporary folder whose name is too long",
        "bytes is too long for the sockets of Ray",
        {"TMPDIR": f"{{here}}/{LONG}"},
        _folder(LONG),
    ),
    _case(
        "a folder of Ray's whose name is too long",
        "bytes is too long for the sockets of Ray",
        {"RAY_TMPDIR": f"{{here}}/{LONG}"},
    ),
    _case(
        "a temporary folder that is a file", "Ray's sockets and logs cannot be", {"RAY_TMPDIR": "{here}/f"}, _file("f")
    ),
    _case("a folder of Ray's that is relative", "Ray needs a name from / on, in ASCII", {"RAY_TMPDIR": "here"}),
    _case("a folder of Ray's in other letters", "Ray needs a name from / on, in ASCII", {"RAY_TMPDIR": "{here}/ü"}),
    _case("a store at a URI", "STUDY_STORE=s3://bucket/x: is a URI", {"STUDY_STORE": "s3://bucket/x"}),
    _case(
        "a cache that is relative, which counts for nothing",
        "no home folder for decoded images",
        NAMELESS | {"XDG_CACHE_HOME": "cache"},
    ),
    _case("no folder for temporary files at all", "cannot be written there", {"TMPDIR": "/dev/null/tmp"}),
]
