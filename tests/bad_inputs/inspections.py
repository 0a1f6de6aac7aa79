"""Inspections that cannot be made, or not be written down, and images that no study takes."""

from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs.case import Case, nothing
from tests.bad_inputs.data import folder
from tests.support.own_images import table


def _inspect(name: str, said: str, words: str, make: Callable[[Path], object] = nothing) -> Case:
    return Case(name, words, 2, said, make, "study.inspect")


def _of(name: str, said: str, words: str, more: Callable[[Path], object] = nothing) -> Case:
    """Give a case of a data set that has nothing wrong with it."""

    def make(here: Path) -> None:
        folder(here)
        more(here)

    return _inspect(name, said, f"data {words}", make)


def _touch(*names: str) -> Callable[[Path], object]:
    return lambda here: [(here / name).write_text("mine") for name in names]


def _copy(here: Path) -> None:
    image = folder(here) / "train" / "cat" / "0.png"
    (here / "data" / "test" / "cat" / "again.png").write_bytes(image.read_bytes())


def _listed(here: Path) -> None:
    paths = sorted((folder(here) / "train").rglob("*.png"))
    rows = "".join(f"{path.relative_to(here / 'data')},{path.parent.name}\n" for path in paths)
    table(here / "data", f"path,label\n{rows}")


KEYS = "is not about data; one of image_size, group_pattern"
CASES = [
    _inspect("nothing to inspect", "the following arguments are required: DATA", ""),
    _inspect("images to inspect nowhere", "no: no such folder or .csv file", "no"),
    _inspect("an inspection of ''", "argument DATA: '' names nothing", "''"),
    _inspect("an inspection of an empty folder", "no data set in data", "data", lambda here: (here / "data").mkdir()),
    _inspect("an inspection of a text", "is no folder and no .csv file", "a.txt", _touch("a.txt")),
    _inspect("an inspection of a list of nothing", "a.csv lists no image", "a.csv", _touch("a.csv")),
    _inspect("a copy in both splits, inspected", "1 images are in two splits", "data", _copy),
    _of("an unknown option of an inspection", "did you mean --html?", "--htm page.html"),
    _of("a page that is a folder", "--html data: is a folder, where a file", "--html data"),
    _of("a page in no folder", "--html no/page.html: no folder no", "--html no/page.html"),
    _of("a page in a file", "--html a/page.html: no folder a", "--html a/page.html", _touch("a")),
    _of("a page by another name", "--html page.png: the name must end in .html", "--html page.png"),
    _of("a page that is there", "--html page.html: exists", "--html page.html", _touch("page.html")),
    _of("a page where nothing is written", "--html /proc/page.html: cannot be written", "--html /proc/page.html"),
    _of("a page without a name", "argument --html: '' names nothing", "--html ''"),
    _of("a mended list that is a folder", "--mend data: is a folder, where a file", "--mend data"),
    _of("a mended list in no folder", "--mend no/a.csv: no folder no", "--mend no/a.csv"),
    _of("a mended list by another name", "--mend a.txt: the name must end in .csv", "--mend a.txt"),
    _of("a mended list that is there", "--mend a.csv: exists; name another", "--mend a.csv", _touch("a.csv")),
    _of(
        "a list of changes that is there",
        "--mend a.changes.csv: exists; name another",
        "--mend a.csv",
        _touch("a.changes.csv"),
    ),
    _of("a mended list where nothing is written", "--mend /proc/a.csv: cannot be written", "--mend /proc/a.csv"),
    _inspect(
        "a mended list over its own data",
        "is the data set itself, which is never changed",
        "data/labels.csv --mend data/labels.csv --force",
        _listed,
    ),
    _of("a hyperparameter of an inspection that is none", f"--set a=1: 'a' {KEYS}", "--set a=1"),
    _of("a hyperparameter that is not about data", f"--set lr=0.1: 'lr' {KEYS}", "--set lr=0.1"),
    _of("a hyperparameter of an inspection without a value", "--set image_size: write KEY=VALUE", "--set image_size"),
    _of("copies of an inspection that are none", "unknown copies 'ask'; one of stop, note", "--set copies=ask"),
    _of("an inspected size in words", "--set image_size=big: image_size", "--set image_size=big"),
    _of("an inspected size of 1", "--set image_size=1: image_size 1 is outside [8, 1024]", "--set image_size=1"),
    _of(
        "all held out of an inspection",
        "--set validation_share=1: validation_share 1 is outside",
        "--set validation_share=1",
    ),
    _of(
        "an inspected pattern that is none",
        "--set group_pattern=(p: group_pattern '(p' is no regular expression",
        "--set 'group_pattern=(p'",
    ),
    _of("an inspected pattern without a group", "has no group: put ( )", "--set group_pattern=p"),
    _of("an inspected pattern that matches nothing", "finds nothing in 16 of 16 paths", "--set 'group_pattern=(p)_'"),
    _of("a layout of an inspection that is none", "invalid choice: 'flat'", "--layout flat"),
]
