"""Labels your own images with a study's best network: `python -m study.predict results/gtsrb picture.jpg folder/`.

`study.predict("results/gtsrb", "folder/")` gives the same as a DataFrame. Imports neither torch nor pandas before the
arguments are checked.
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shell import command
from analysis.shell.callable_module import make_callable
from analysis.shell.text import printable
from study.errors import DONE, FAILED, UserError
from study.space.config import config

if TYPE_CHECKING:
    import pandas as pd

    from study.cli.best_model import Chosen
    from study.models.cards import Card

TOP, THRESHOLD = 3, 0.5


def predict(
    model: str | Path,
    images: str | Path | Sequence[str | Path],
    *,
    cell: str | None = None,
    task: str | None = None,
    own_batchnorm: bool = False,
    threshold: float = THRESHOLD,
) -> "pd.DataFrame":
    """Label images with a study's best network, as `python -m study.predict` does.

    Args:
        model: a study's folder, e.g. results/gtsrb, or one of its models' own.
        images: image files, and folders with images at any depth.
        cell: this cell's model; None is the one with the highest mean validation score.
        task: of a chain of tasks, an earlier one, with its own head; None is the last.
        own_batchnorm: with `task`, the BatchNorm statistics of when it was learnt, too.
        threshold: where an image may have several labels, those from this probability on.

    Returns:
        One row an image, in the order of `images`: `image` (its path), `label` and `probability` (of the likeliest
        class), or `labels` (a tuple) where an image may have several; `error` (why the image could not be read, else
        empty); then the probability of each class, in a column `p(<class>)`.

    Raises:
        UserError: no such folder, cell or task, or no image.
        study.errors.Damaged: a file of the study is not what was written.
    """
    from study.cli import best_model
    from study.models import cards

    folder = best_model.choose(Path(model).expanduser(), cell).folder
    card = cards.read(folder)
    earlier = None if task in (None, card["task"]) else task
    if own_batchnorm and earlier is None:
        raise UserError("own_batchnorm: is of a task that was learnt before; name it with task")
    places = [images] if isinstance(images, (str, Path)) else list(images)
    paths, missing, _ = _paths([str(Path(place).expanduser()) for place in places])
    if missing:
        raise UserError("; ".join(missing))
    from study.cli import labelling  # imports torch and pandas

    return labelling.frame(labelling.Labelling(folder, earlier, own_batchnorm, paths, 1, threshold))


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 done, 1 some images could not be read, 2 a mistake in the command or no image at all, 4 a file
        of the study is damaged, 5 the storage fails, 75 interrupted.
    """
    with command.ending("study.predict") as end:
        end.interrupted = "interrupted; no file was written"
        end.code = _run(_parser().parse_args(argv), end)
    return end.code


def _parser() -> argparse.ArgumentParser:
    about = "Label images with a study's best network."
    parser = command.Parser(prog="python -m study.predict", description=about, allow_abbrev=False)
    add = parser.add_argument
    add("model", type=command.path, help="a study's folder, e.g. results/gtsrb, or one of its models' own")
    add("images", nargs="+", metavar="image", help="an image file, or a folder with images at any depth")
    add("--cell", metavar="NAME", help="this cell's model (default: that with the highest mean validation score)")
    add("--task", metavar="NAME", help="of a chain: an earlier task, with its own head (default: the last)")
    add("--own-batchnorm", action="store_true", help="with --task: the BatchNorm statistics of when it was learnt, too")
    add("--top", type=_count, metavar="K", help=f"show the K likeliest classes (default: {TOP}); one label an image")
    threshold = f"report labels from this probability on (default: {THRESHOLD}); several labels an image"
    add("--threshold", type=_share, metavar="P", help=threshold)
    add("--csv", type=command.path, metavar="FILE", help="write all probabilities there, in the place of the table")
    return parser


def _run(args: argparse.Namespace, end: command.Ending) -> int:
    from study.cli import best_model  # here, so that a stop while it is imported ends the command in one line
    from study.models import cards

    _check_csv(args.csv)
    chosen = best_model.choose(args.model, args.cell)
    card = cards.read(chosen.folder)
    before = None if args.task in (None, card["task"]) else args.task
    about: Card = {**card, **cards.earlier(card, chosen.folder, before)} if before else card
    _check_options(args, about, before)
    paths, missed, ignored = _paths(args.images)
    for line in missed:
        end.line(line, FAILED)
    if not paths:
        raise UserError("there is no image to predict")
    _tell(chosen, about, before)
    if ignored:
        print(printable(f"passed over: {', '.join(f'{count:,} {what}' for what, count in ignored.most_common())}"))
    from study.cli import labelling  # imports torch and pandas

    threshold = THRESHOLD if args.threshold is None else args.threshold
    images = labelling.Labelling(chosen.folder, before, args.own_batchnorm, paths, args.top or TOP, threshold)
    missed += labelling.write(images, args.csv, end)
    return FAILED if missed else DONE


def _check_csv(file: Path | None) -> None:
    """Refuse a name that may be a picture's, or a place that is not there, before minutes are spent."""
    if file is None:
        return
    if file.suffix.lower() != ".csv" or file.is_dir():
        raise UserError(f"--csv {file}: name a file that ends in .csv")
    if not file.parent.is_dir():
        raise UserError(f"--csv {file}: no folder {file.parent}")


def _check_options(args: argparse.Namespace, about: "Card", before: str | None) -> None:
    """Refuse options that nothing would read."""
    several = about["labels_per_image"] == "several"
    if several and args.top is not None:
        raise UserError(f"--top {args.top}: images of task {about['task']} have several labels; use --threshold P")
    if not several and args.threshold is not None:
        raise UserError(f"--threshold {args.threshold}: images of task {about['task']} have one label; use --top K")
    if args.own_batchnorm and before is None:
        raise UserError("--own-batchnorm: is of a task that was learnt before; name it with --task")


def _paths(names: list[str]) -> tuple[list[str], list[str], Counter[str]]:
    """Find the image files; returns them, what is wrong with what is none, and counts what folders have besides."""
    from study.data.layouts import folder_tree

    paths: list[str] = []
    missed: list[str] = []
    ignored = Counter[str]()
    for name in names:
        if os.path.isdir(name):
            images = sorted(path for _, found in folder_tree.walk(Path(name), ignored) for path in found)
            paths += images
            missed += [] if images else [f"{name}: has no image ({', '.join(sorted(folder_tree.SUFFIXES))})"]
        elif os.path.isfile(name):
            paths.append(name)
        else:
            missed.append(f"{name}: {'is no file' if os.path.exists(name) else 'does not exist'}")
    return paths, missed, ignored


def _tell(chosen: "Chosen", about: "Card", before: str | None) -> None:
    """Print which network it is, why, and how it gets the images."""
    trained, counted = config(about["config"]), f"task {about['task']}, {len(about['classes'])} classes"
    learnt = f", learnt before {trained.task}" if before else ""
    for line in (
        f"model {chosen.folder} ({trained.family}): {counted}{learnt}",
        chosen.why,
        "" if before else f"trained on {about.get('trained_on', 'unknown data')}",
        f"images are shown as {_cut(about)}, {about['image_size']} px",
    ):
        if line:
            print(printable(line))


def _cut(about: "Card") -> str:
    """Say which part of an image the network gets: a user's image has no box around its object."""
    if about["crop"] == "centre":
        return "the largest square in their middle"
    boxed = " (in training it was cut to a box around the thing, as yours should be)" if about["crop"] == "roi" else ""
    return f"a whole picture{boxed}, squeezed into a square"


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of classes; write 1, 3 or 5")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability; write 0.5")
    return value


make_callable(__name__)

if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
