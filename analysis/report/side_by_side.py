"""Several studies on one page: their cells in one table, their test scores in one figure, each study's own answers.

Scores of different data, tasks or metrics get a panel each and are never compared. Knows nothing of arguments.
"""

import base64
import os
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.answers import overview, questions
from analysis.figures import draw, looks
from analysis.numbers import comparisons, format, grid, stats, summary, table
from analysis.numbers.cell_table import cell_table
from analysis.numbers.memo import remembering
from analysis.report import pages
from analysis.shell import files

PER_CELL = 0.2  # inches of height
CLAIMS = 4  # of a question that the page shows; further ones are in the study's own report
# Of a cell's row in `cell_table`: what every study's has.
SCORES = ["images", "winner", "val", "repl. val", "test [95 %]", "n", "published", "c/p/f"]
NO_SCORE = "no study has a test score yet"


class Study(NamedTuple):
    """One of the studies: what it is called here, its folder, its whole table, and the rows of its own trials."""

    name: str
    folder: Path
    whole: pd.DataFrame
    df: pd.DataFrame


def studies(tables: dict[Path, pd.DataFrame]) -> list[Study]:
    """Name each study by its folder, or where several folders have one name by its whole path."""
    names = [folder.resolve().name for folder in tables]
    told = [str(folder) if names.count(name) > 1 else name for folder, name in zip(tables, names, strict=True)]
    trials = [table.apart(df)[0] for df in tables.values()]
    return [Study(*each) for each in zip(told, tables, tables.values(), trials, strict=True)]


def write(tables: dict[Path, pd.DataFrame], out: Path) -> list[Path]:
    """Write the page of several studies, its figure and its tables into a folder.

    Args:
        tables: each study's folder and its table as `table.load` gives it; their reports lie in these folders.
        out: the folder of the page.

    Returns:
        The paths written, the page first.
    """
    with remembering():
        shown = studies(tables)
        scores = data(shown)
        drawn = _pictures(scores)
        html = pages.render(
            "beside.html.j2",
            studies=[_told(study, out) for study in shown],
            sources=_sources(shown),
            cells=text(shown),
            caution=stats.CAUTION,
            pictures=_embedded(drawn),
            no_score=NO_SCORE,
        )
    paths = [files.put(out / "report.html", html.encode())]
    for picture in drawn:
        for ending, content in (("png", picture.png), ("svg", picture.svg)):
            paths.append(files.put(out / "figures" / f"{picture.stem}.{ending}", content))
    for name, found in (("cells", numbers(shown)), (f"figure-{KIND.stem}", scores)):
        paths.append(files.put(out / "tables" / f"{name}.csv", pages.csv(found)))
    for path in (out / "figures").glob(f"{KIND.stem}*"):
        if path not in paths:  # of an earlier page
            path.unlink()
    return paths


def _told(study: Study, out: Path) -> dict[str, Any]:
    """What the page says of a study by itself, and where its own report lies."""
    df, path = study.df, os.path.relpath(study.folder / "report.html", out)
    return {
        "name": study.name,
        "link": quote(Path(path).as_posix()),
        "source": (source := _source(df)),
        "stand_in": table.is_stand_in(source),
        "running": int((summary.trials(df)["state"] == "running").sum()),
        "empty": df.empty,
        "cells": overview.opening(df)[0],
        "questions": [_brief(question) for question in questions.answers(study.whole)],
    }


def _brief(question: questions.Question) -> dict[str, Any]:
    """A question and what is claimed, without the numbers that it rests on."""
    told, more = [answer.claim for answer in question.answers], len(question.answers) - CLAIMS
    return {"asked": question.asked, "claims": told[:CLAIMS], "more": max(more, 0)}


def _source(df: pd.DataFrame) -> str:
    return "; ".join(table.sources(df)) or "not named in the table"


def _sources(shown: list[Study]) -> list[str]:
    """The different data that the studies have, in order."""
    return list(dict.fromkeys(_source(study.df) for study in shown))


def numbers(shown: list[Study]) -> pd.DataFrame:
    """The cells of all studies: `study`, `data`, `metric`, and the columns of `summary.cells`, empty where unknown."""
    found = []
    for study in shown:
        each = summary.cells(study.df)
        told = {"study": study.name, "data": _source(study.df), "metric": summary.objective(study.df)}
        found.append(each.assign(**told)[[*told, *each.columns]])
    return pd.concat([each.astype("object") for each in found], ignore_index=True).infer_objects()


def text(shown: list[Study]) -> pd.DataFrame:
    """The same as short texts: the study, what its cell compares, its task and metric, and its scores."""
    found = []
    for study in shown:
        each = cell_table(study.df).reindex(columns=SCORES)
        titles = grid.titles(study.df)
        each.insert(0, "study", study.name)
        each.insert(1, "task", ", ".join(study.df["trained_on"].dropna().unique()) or format.NONE)
        each.insert(2, "cell", list(titles))
        each.insert(3, "metric", format.unit(summary.objective(study.df)))
        found.append(each.astype("string"))
    whole = pd.concat(found, ignore_index=True)
    return whole.drop(columns=[name for name in SCORES if whole[name].isna().all()]).fillna(format.NONE)


def data(shown: list[Study]) -> pd.DataFrame:
    """The test scores of all cells that have any.

    Returns:
        One row per cell, in the order of studies and cells: `panel` (task, metric and data), `study`, `look` (the
        study's), `bar` (its name and the cell's), `cell`, `task`, `data`, `split`, `metric`, `mean`, `low`, `high`
        (95 % t interval over replicates; empty without), `n`.
    """
    found = []
    for number, study in enumerate(shown, 1):
        each = comparisons.scored(study.df)
        each = each[each["split"] == "test"]
        first = study.df[study.df["split"] == "test"].drop_duplicates("cell").set_index("cell")[["task", "data"]]
        bar = study.name + " · " + each["cell"].map(grid.titles(study.df)).astype("string")
        found.append(each.assign(study=study.name, look=str(number), bar=bar).join(first, on="cell"))
    whole = pd.concat([each[COLUMNS].astype("object") for each in found], ignore_index=True)
    whole.insert(0, "panel", whole["task"].astype("string") + ", " + whole["metric"] + ", " + whole["data"])
    return whole.astype(dict.fromkeys(("mean", "low", "high"), "float64"))


COLUMNS = ["study", "look", "bar", "cell", "task", "data", "split", "metric", *stats.Interval._fields]


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One dot with its interval per cell, in its study's look."""
    at = pd.Series(range(len(data)), index=data.index)
    for _, rows in data.groupby("study", sort=False):
        look, y = looks.look(rows["look"].iloc[0]), at[rows.index]
        ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
        reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]]
        ax.errorbar(rows["mean"], y, xerr=reach, color=look.colour, fmt=look.marker, capsize=2.5, elinewidth=1)
    ax.set_yticks(at, list(data["bar"]))
    ax.set_ylim(len(data) - 0.4, -0.6)
    ax.grid(axis="x", visible=True)
    if data["metric"].iloc[0] in stats.SHARES:
        ax.xaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_xlabel(f"test {format.unit(data['metric'].iloc[0])}")


def caption(data: pd.DataFrame) -> str:
    """What the dots are, and which may be held against each other."""
    return (
        f"Test {data['metric'].iloc[0]} on {data['task'].iloc[0]}: mean and {stats.KIND} over n = "
        f"{format.counts(data['n'])} replicates of each cell's winner, or of the values as published, with fresh seeds"
        ". Studies may differ in more than their cells' names say; other data, tasks and metrics have a figure each "
        "and are not to be compared with this one."
    )


def alt(data: pd.DataFrame) -> str:
    """Every dot in words."""
    told = [
        f"{row.bar} {format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return f"Test {format.unit(data['metric'].iloc[0])} of {len(data)} cells: {'; '.join(told)}."


KIND = draw.Kind(
    "test-scores",
    "Test scores side by side",
    lambda df: df,
    plot,
    caption,
    alt,
    shared_x=False,
    empty=NO_SCORE,
    height=lambda data: 0.9 + PER_CELL * len(data),
)


def _pictures(scores: pd.DataFrame) -> list[draw.Picture]:
    """A picture per task, metric and data, so that no axis is shared by what may not be compared."""
    drawn: list[draw.Picture] = []
    for number, (_, rows) in enumerate(scores.groupby("panel", sort=False), 1):
        kind = KIND._replace(stem=f"{KIND.stem}-{number}")
        shown = rows.assign(panel=f"{rows['task'].iloc[0]}, {rows['metric'].iloc[0]}")
        drawn += draw.pictures(kind, shown, str(rows["data"].iloc[0]))
    return drawn


def _embedded(drawn: list[draw.Picture]) -> list[dict[str, Any]]:
    return [{"picture": picture, "text": base64.b64encode(picture.png).decode()} for picture in drawn]
