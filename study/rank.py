"""Which of these networks is promising, in minutes: `python -m study.rank --data DIR --families A,B,C`.

Frozen features of the training images, a linear probe and kNN by cross-validation; never the test. `study.rank` from
Python gives the same as a DataFrame. Imports neither torch nor pandas before the options are checked.
"""

import io
import json
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shell import command, files
from analysis.shell.callable_module import make_callable
from study.cli import candidates, rank_options
from study.cli.rank_options import RankOptions
from study.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def rank(
    families: str | Sequence[str],
    *,
    data: str | Path | None = None,
    task: str | None = None,
    labels: float = 1.0,
    image_size: int = rank_options.SIZE,
    upsample: int | None = None,
    weights: str = "pretrained",
    set: Sequence[str] = (),
    seed: int = 0,
    cpus: int | None = None,
) -> "pd.DataFrame":
    """Rank networks by probes of their frozen features, as `python -m study.rank` does; writes no results.

    Args:
        families: names, each as FAMILY or FAMILY@WEIGHTS; or a text with commas between them.
        data: folder of the images, or a file that lists them; None draws the task's stand-in.
        task: of `study.data.tasks`; None is `folder`.
        labels: share of the labelled images that probes are fitted to.
        image_size: side of the images, pixels.
        upsample: side to which they are enlarged in front of the network, pixels.
        weights: of families that are written without.
        set: further hyperparameters, each as KEY=VALUE.
        seed: of the split, as of a study.
        cpus: threads; None takes all.

    Returns:
        One row a network, by the linear probe: `network`, `probe`, `behind` (the best) and `knn` as shares, each with
        `…_low` and `…_high`; `as_good` (cannot be told apart from the best); what it costs. `attrs` names the metric.

    Raises:
        UserError: a mistake in an argument, or in the data; names it.
    """
    written = families.split(",") if isinstance(families, str) else list(families)
    options = RankOptions(
        families=written,
        data=None if data is None else Path(data).expanduser(),
        task=task,
        labels=labels,
        image_size=image_size,
        upsample=upsample,
        weights=weights,
        set=set,
        seed=seed,
        cpus=cpus,
    )
    whole = rank_options.question(options)
    from study.cli import ranking
    from study.cli.console import Console

    return ranking.carry_out(options, whole, Console(file=io.StringIO()))


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code, as `study.run`'s."""
    with command.ending("study.rank") as end:
        end.interrupted = "interrupted; features so far are in the store, and the same command goes on"
        args = vars(rank_options.parser().parse_args(argv))
        out, record, layout = args.pop("out"), args.pop("json"), args.pop("layout")
        args["set"] = [*args["set"], *([] if layout is None else [f"layout={layout}"])]
        options = RankOptions(**args | {"families": [each for each in args["families"].split(",") if each]})
        _run(options, out / rank_options.SPACE_FILE, record)
    return end.code


def _run(options: RankOptions, space_file: Path, json_file: Path | None) -> None:
    """Rank, print and write the ranking, and propose a study."""
    _refuse_folder("--json", json_file)
    _refuse_folder("--out", space_file)
    whole = rank_options.question(options)
    from study.cli import ranking, ranking_table
    from study.cli.console import Console

    console = Console()
    write: Callable[[str], None] = partial(console.print, soft_wrap=True)
    table = ranking.carry_out(options, whole, console)
    write("")
    for line in ranking_table.lines(table):
        write(line)
    best = table["family"][table["as_good"]].tolist()
    proposed = candidates.narrowed(whole, best[: candidates.MOST])
    if json_file is not None:
        record = {"about": table.attrs, "networks": table.to_dict("records")}
        files.put(json_file, json.dumps(record, indent=1, ensure_ascii=False).encode())
        write(f"wrote {json_file}")
    files.put(space_file, candidates.text(proposed).encode())
    if len(best) > candidates.MOST:
        write(f"The study has the first {candidates.MOST} of {len(best)} that cannot be told apart.")
    write(f"{'The study of these' if len(best) > 1 else 'Its study'}: {again(options, space_file)}")


def again(options: RankOptions, space_file: Path) -> str:
    """Write the command of the proposed study."""
    words = ["python", "-m", "study.run", "--space", str(space_file)]
    words += [] if options.data is None else ["--data", str(options.data)]
    return shlex.join(words + ([] if options.seed == 0 else ["--seed", str(options.seed)]))


def _refuse_folder(option: str, file: Path | None) -> None:
    """Refuse a place where no file can be written, before anything is computed."""
    if file is not None and file.is_dir():
        raise UserError(f"{option}: {file} is a folder, where a file is to be written")
    if file is not None and (odd := next((each for each in file.parents if each.exists() and not each.is_dir()), None)):
        raise UserError(f"{option}: {odd} is a file, where a folder is to be")


make_callable(__name__)

if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
