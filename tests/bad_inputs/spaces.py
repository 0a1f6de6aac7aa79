"""Spaces that do not exist, do not load, or ask for what cannot be. Knows no data."""

from functools import partial
from pathlib import Path

from tests.bad_inputs.case import Case

BASE = {
    "task": "'gtsrb'",
    "compared": "{'label_fraction': (0.1, 0.2)}",
    "tuned": "{'lr': log_uniform(1e-3, 1e-2)}",
    "baseline": "{'lr': 5e-3}",
    "fixed": "{'family': 'small_cnn', 'regime': 'scratch', 'image_size': 16, 'batch_size': 32}",
    "trials": "2",
    "epochs": "2",
    "replicates": "1",
}


def text(**changes: str) -> str:
    """A space as Python writes it, with some of its fields written otherwise."""
    fields = "".join(f"    {name}={value},\n" for name, value in (BASE | changes).items())
    return f"from study.space import Space, choice, integers, log_uniform, uniform\nSPACE = Space(\n{fields})\n"


def write(content: str | bytes, here: Path, name: str = "mine.py") -> None:
    """Write a space file."""
    (here / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def _file(name: str, content: str | bytes, said: str) -> Case:
    return Case(name, "--space mine.py", 2, said, partial(write, content))


def _field(name: str, said: str, **changes: str) -> Case:
    return _file(name, text(**changes), said)


def _folder(here: Path) -> None:
    (here / "mine.py").mkdir()


def _fixed(**changes: object) -> str:
    told = {"family": "small_cnn", "regime": "scratch", "image_size": 16, "batch_size": 32} | changes
    return repr(told)


CASES = [
    Case("an unknown space", "--space gtsrp", 2, "unknown space 'gtsrp'; one of animals"),
    Case("a path in the place of a space", "--space ../../x", 2, "unknown space '../../x'; one of"),
    Case("a module of Python's", "--space os.system", 2, "unknown space 'os.system'; one of"),
    Case("an empty name", "--space ''", 2, "--space is missing; one of"),
    Case("a space file that is nowhere", "--space nowhere.py", 2, "space file 'nowhere.py' does not exist; name a .py"),
    Case("a folder in the place of a space file", "--space mine.py", 2, "space file 'mine.py' does not exist", _folder),
    _file("a space file that raises", "1 / 0\n", "space file 'mine.py' fails: ZeroDivisionError: division by zero"),
    _file("a space file that exits", "raise SystemExit(0)\n", "space file 'mine.py' fails: SystemExit: 0"),
    _file("a space file with a syntax error", "SPACE = (\n", "space file 'mine.py' fails: SyntaxError: '(' was never"),
    _file("a space file that is no text", b"\x89PNG\r\n\x1a\n\0\0", "space file 'mine.py' fails: SyntaxError"),
    _file(
        "a space file that imports what is not there", "import nowhere_to_be\n", "fails: ModuleNotFoundError: No module"
    ),
    _file("an empty space file", "", "space 'mine.py' has no SPACE = Space(…)"),
    _file("a SPACE of another type", "SPACE = {'task': 'gtsrb'}\n", "space 'mine.py' has no SPACE = Space(…)"),
    _file("a space with an unknown field", text(trails="2"), "fails: TypeError: Space.__init__() got an unexpected"),
    _field("an unknown task", "unknown task 'gtsbr'; one of animals", task="'gtsbr'"),
    _field(
        "no hyperparameter",
        "unknown hyperparameter 'learning_rate'; one of task",
        tuned="{'learning_rate': uniform(0, 1)}",
    ),
    _field(
        "bounds reversed",
        "range [0.01, 0.001]: the lower bound must be below the upper one",
        tuned="{'lr': log_uniform(1e-2, 1e-3)}",
    ),
    _field(
        "a rate from 0",
        "range [0.0, 0.01]: a logarithmic range must be above 0",
        tuned="{'lr': log_uniform(0.0, 1e-2)}",
    ),
    _field(
        "a bound of nan", "range bound nan (float) must be a finite float", tuned="{'lr': uniform(float('nan'), 1)}"
    ),
    _field("a baseline out of its range", "baseline lr=1.0 lies outside", baseline="{'lr': 1.0}"),
    _field("label fraction 0", "label_fraction 0.0 must be in (0, 1]", compared="{'label_fraction': (0.0, 0.2)}"),
    _field("label fraction 1.1", "label_fraction 1.1 must be in (0, 1]", compared="{'label_fraction': (0.1, 1.1)}"),
    _field(
        "values that are equal",
        "compared 'label_fraction' needs values that differ",
        compared="{'label_fraction': (0.1, 0.1)}",
    ),
    _field("an unknown regime", "unknown regime 'lpft'; one of", fixed=_fixed(regime="lpft")),
    _field("an unknown family", "unknown family 'resnet'; one of", fixed=_fixed(family="resnet")),
    _field(
        "unknown weights",
        "unknown weights 'places365' of family small_cnn",
        fixed=_fixed(regime="fine_tune", weights="places365"),
    ),
    _field("a batch of 1", "batch_size 1 must be at least 2", fixed=_fixed(batch_size=1)),
    _field("images of 4 px", "image_size 4 is outside [8, 1024]", fixed=_fixed(image_size=4)),
    _field(
        "images too small for the family",
        "images of 16 px are too small for family resnet18; at least 32",
        fixed=_fixed(family="resnet18"),
    ),
    _field("a head that is none", "head '12-x'", fixed=_fixed(head="12-x")),
    _field(
        "a freezing depth that is not there",
        "freeze_depth",
        fixed=_fixed(regime="partial_freeze", weights="none", freeze_depth=40),
    ),
    _field(
        "validation on the test",
        "validation 'test' belongs to cells with version=published alone",
        fixed=_fixed(validation="test"),
    ),
    _field("an unknown crop", "unknown crop 'circle' of task gtsrb; one of", fixed=_fixed(crop="circle")),
    _field("no epoch before pruning", "grace_period", grace_period="0"),
]
