"""Results folders, somebody else's, in which names lead elsewhere or block who opens them."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs import results
from tests.bad_inputs.case import Case

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


def _case(module: str, name: str, make: Callable[[str], Callable[[Path], object]], said: str) -> Case:
    words = {"study.run": results.RESUME}.get(module, "out")
    what = "a pipe" if make is _pipe else "a link"
    return Case(f"{what} {name} for {module}", words, 4, f"out/{name}: {said}", make(name), module)


WRITTEN = {
    "study.run": (".owner", ".lock", "ledger", "ledger/000.jsonl", "report.html", "study.json", "models", "tune"),
    "study.watch": ("optuna.log", ".watch.lock", "tensorboard"),
    "analysis": ("report.html", "tables", "figures", "tables/cells.csv"),
    "study.records": ("table.parquet",),
}
PIPES = {"study.run": (".owner", "study.json"), "study.watch": ("optuna.log",), "analysis": ("report.html",)}
CASES = [
    *(_case(module, name, _linked, LEADS) for module, names in WRITTEN.items() for name in names),
    *(_case(module, name, _pipe, NEITHER) for module, names in PIPES.items() for name in names),
]
