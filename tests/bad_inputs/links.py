"""Results folders, somebody else's, in which names lead elsewhere or block who opens them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs import results
from tests.bad_inputs.case import GOLDEN, Case

LEADS = "is a link to"
NEITHER = "is neither a file nor a folder: delete it"
PLACED = "out/{name}: {said}"


def _linked(name: str) -> Callable[[Path], object]:
    """Put a link to somebody's own file, or folder, in the place of a file of a study."""

    def make(here: Path) -> None:
        path = results.study(here) / name
        folder = path.is_dir() or (not path.suffix and not name.startswith("."))
        own = here / "own"
        own.mkdir() if folder else own.write_text("mine")
        if path.is_dir():
            path.rename(here / "before")
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(own)

    return make


def _pipe(name: str) -> Callable[[Path], object]:
    def make(here: Path) -> None:
        path = results.study(here) / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)

    return make


def _other(name: str) -> Callable[[Path], object]:
    """Put a folder in the place of a file of a study, or a file in the place of a folder."""

    def make(here: Path) -> None:
        path = results.study(here) / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if path.suffix or name.startswith(".") else path.touch()

    return make


def _beside(here: Path) -> None:
    """Two studies, beside which a page would be written through a link."""
    for name in ("one", "two"):
        (here / name).mkdir()
        shutil.copy(GOLDEN / "chain" / "table.parquet", here / name)
    (here / "own").mkdir()
    (here / "beside").symlink_to("own")


def _out(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def made(here: Path) -> None:
        results.study(here)
        make(here / "there")

    return made


def _case(module: str, name: str, make: Callable[[str], Callable[[Path], object]], said: str) -> Case:
    words = {"study.run": results.RESUME}.get(module, "out")
    what = {_pipe: "a pipe", _linked: "a link"}.get(make, "something else as")
    return Case(f"{what} {name} for {module}", words, 4, f"out/{name}: {said}", make(name), module)


WRITTEN = {
    "study.run": (".owner", ".lock", "ledger", "ledger/000.jsonl", "report.html", "study.json", "models", "tune"),
    "study.watch": ("optuna.log", ".watch.lock", "tensorboard"),
    "analysis": ("report.html", "tables", "figures", "tables/cells.csv"),
    "study.records": ("table.parquet",),
}
PIPES = {"study.run": (".owner", "study.json"), "study.watch": ("optuna.log",), "analysis": ("report.html",)}
FOLDERS = {
    "study.run": ("table.parquet", "report.html", ".owner", ".lock"),
    "study.watch": ("optuna.log", ".watch.lock"),
    "analysis": ("report.html", "tables/cells.csv"),
    "study.records": ("table.parquet",),
}
FILES = {"study.run": ("tables", "models", "tune"), "study.watch": ("tensorboard",), "analysis": ("figures", "tables")}
OUTS: dict[str, Callable[[Path], object]] = {
    "a file": Path.touch,
    "a pipe": os.mkfifo,
    "a link to nowhere": lambda path: path.symlink_to("gone"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}
CASES = [
    *(_case(module, name, _other, "is no regular file: move") for module, names in FOLDERS.items() for name in names),
    *(_case(module, name, _other, "is no folder: move it away") for module, names in FILES.items() for name in names),
    *(
        Case(f"--out {what}", "out --out there", 2, "--out there: is a file, or leads", _out(make), "analysis")
        for what, make in OUTS.items()
    ),
    Case("a page of several behind a link", "one two", 4, "beside: is a link or no folder", _beside, "analysis"),
    *(_case(module, name, _linked, LEADS) for module, names in WRITTEN.items() for name in names),
    *(_case(module, name, _pipe, NEITHER) for module, names in PIPES.items() for name in names),
]
