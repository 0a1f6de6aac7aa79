"""Ranks networks: weights and images are prepared, features extracted, and probes compared, as one row a network."""

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from study.cli import candidates, checks, prepare
from study.cli.candidates import Candidate
from study.cli.options import Options
from study.cli.question import of_data
from study.cli.rank_options import RankOptions
from study.errors import UserError
from study.pretraining import sources
from study.pretraining.imported import WeightsFile, of_file
from study.space import Space
from study.space.config import config
from study.space.space import Cell
from study.storage import store
from study.storage.study_folder import code_fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from study.cli.console import Console
    from study.data.prepare import TaskData
    from study.training.frozen_features import FrozenFeatures
    from study.training.ranking import Answers, Exam, Ranking
    from study.training.resampling import Interval


def carry_out(options: RankOptions, whole: Space, console: "Console") -> "pd.DataFrame":
    """Fetch weights, prepare the images, and rank."""
    store.check()
    from study.data import prepare as data_sets
    from study.data import splits
    from study.pretraining import fetch

    cells = [of_data(cell, options.data) for cell in candidates.frozen(whole)]
    absent = fetch.fetch_weights(cells)
    if absent:
        number, problem = next(iter(absent.items()))
        raise UserError(f"{problem}; or leave {cells[number].values['family']} out of --families")
    prepare.import_weights(cells, partial(console.print, soft_wrap=True))
    prepare.inspect(cells, options.data, _no_check, console, options.seed)
    (prepared,) = prepare.prepare([config(cells[0].values)], options.data, _no_check, console)
    checks.check_data(cells, [prepared] * len(cells))
    cut = splits.cut(config(cells[0].values | cells[0].baseline))
    data = data_sets.open_data(prepared, cut, options.seed, options.seed, sealed=True)
    console.print(f"ranking on {prepared.source}", soft_wrap=True)
    return _examined(options, cells, data, console)


def _examined(options: RankOptions, cells: list[Cell], data: "TaskData", console: "Console") -> "pd.DataFrame":
    """Extract each network's features and fit its probes; gives one row a network."""
    import torch
    from threadpoolctl import threadpool_limits

    from study.training import frozen_features, ranking
    from study.training.trial import CacheSettings

    exam = ranking.exam(data, options.seed)
    cache = CacheSettings(int(1e9 * Options.cache_gb), Options.cache_half, code_fingerprint(), Options.exact)
    device, threads = "cuda" if torch.cuda.is_available() else "cpu", torch.get_num_threads()
    cpus = options.cpus or len(os.sched_getaffinity(0))
    costs, answers = [], []
    torch.set_num_threads(cpus)
    try:
        with threadpool_limits(cpus):
            for cell in cells:
                trial, source = config(cell.values | cell.baseline), sources.of(cell)
                path = of_file(source).path if isinstance(source, WeightsFile) else None
                name = candidates.Candidate(trial.family, trial.weights)
                with _progress(console, str(name), len(data.train.index) + len(data.val.index)) as advance:
                    features = frozen_features.extract(
                        trial, data, options.seed, device=device, cache=cache, source=path, progress=advance
                    )
                answers.append(ranking.answers(features.values, exam, cpus))
                costs.append((name, features))
                console.print(f"{name}: {_took(features, answers[-1].seconds)}", soft_wrap=True)
    finally:
        torch.set_num_threads(threads)
    return _frame(costs, answers, ranking.ranked(answers, exam), exam)


def _frame(
    costs: "list[tuple[Candidate, FrozenFeatures]]", answers: "list[Answers]", ranking: "Ranking", exam: "Exam"
) -> "pd.DataFrame":
    """Give one row a network, the best first; what is the same for all is in `attrs`."""
    import pandas as pd

    rows = []
    for number in ranking.order:
        candidate, features = costs[number]
        row: dict[str, Any] = {"network": str(candidate), "family": candidate.family, "weights": candidate.weights}
        row |= {"best": number == ranking.linear.best, "as_good": bool(ranking.linear.as_good[number])}
        row |= _ends("probe", ranking.linear.scores[number]) | _ends("behind", ranking.linear.behind[number])
        row |= _ends("knn", ranking.neighbours.scores[number])
        row |= {"feature_seconds": features.seconds, "probe_seconds": answers[number].seconds}
        row |= {"computed": features.computed, "images_per_second": features.images_per_second}
        row |= {"macs": features.macs, "parameters": features.parameters, "features": features.values.shape[1]}
        rows.append(row | {"licence": features.licence})
    table = pd.DataFrame(rows)
    groups = len(set(exam.groups.tolist()))
    table.attrs = {"metric": exam.metric, "images": len(exam.rows), "groups": groups, "trained_on": exam.trained_on}
    table.attrs |= {"folds": len(exam.folds), "scarce": exam.scarce}
    return table


def _ends(name: str, interval: "Interval") -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _took(features: "FrozenFeatures", seconds: float) -> str:
    """Say how long a network took."""
    count = len(features.values)
    made = f"{features.computed:,} of {count:,} images" if features.computed else f"{count:,} images from the store"
    return f"features of {made} in {features.seconds:.1f} s, probes in {seconds:.1f} s"


@contextlib.contextmanager
def _progress(console: "Console", name: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many images are done, on a terminal."""
    from rich.progress import Progress

    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"features of {name}", total=total)
        yield partial(_advance, progress, bar)


def _advance(progress: Any, bar: Any, images: int) -> None:
    progress.advance(bar, images)


def _no_check() -> None:
    """Let preparation go on; Ctrl-C ends it."""
