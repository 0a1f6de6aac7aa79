"""Several studies on one page: their cells in one table, their test scores in one figure, each study's own answers.

Scores of different data, tasks or metrics get a panel each and are never compared.
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
from analysis.numbers import comparisons, format, stats
from analysis.numbers.cell_table import cell_table
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import is_stand_in, sources
from analysis.report import pages
from analysis.shell import files

PER_CELL = 0.2  # inches of height
CLAIMS = 4  # per question on the page; further ones are in the study's own report
# The columns of `cell_table` that every study has.
SCORES = ["images", "winner", "val", "repl. val", "test [95 %]", "n", "published", "c/p/f"]
NO_SCORE = "no study has a test score yet"


class Study(NamedTuple):
    """One of the studies: its name on this page, its folder, and its table."""

    name: str
    folder: Path
    table: StudyTable


def studies(tables: dict[Path, StudyTable]) -> list[Study]:
    """Name each study by its folder, or by its whole path where several folders have the same name."""
    names = [folder.resolve().name for folder in tables]
    distinct = [str(folder) if names.count(name) > 1 else name for folder, name in zip(tables, names, strict=True)]
    return [Study(name, folder, table) for name, (folder, table) in zip(distinct, tables.items(), strict=True)]


def write(tables: dict[Path, StudyTable], out: Path) -> list[Path]:
    """Write the page of several studies, its figure and its tables into a folder.

    Args:
        tables: each study's folder, which has its report, and its table.
        out: the folder of the page.

    Returns:
        The paths written, the page first.
    """
    named = studies(tables)
    scores = data(named)
    drawn = _pictures(scores)
    html = pages.render(
        "beside.html.j2",
        studies=[_study_part(study, out) for study in named],
        sources=_sources(named),
        cells=text(named),
        caution=stats.CAUTION,
        pictures=_embedded(drawn),
        no_score=NO_SCORE,
    )
    paths = [files.put(out / "report.html", html.encode())]
    for picture in drawn:
        for ending, content in (("png", picture.png), ("svg", picture.svg)):
            paths.append(files.put(out / "figures" / f"{picture.stem}.{ending}", content))
    for name, rows in (("cells", numbers(named)), (f"figure-{KIND.stem}", scores)):
        paths.append(files.put(out / "tables" / f"{name}.csv", pages.csv(rows)))
    for path in (out / "figures").glob(f"{KIND.stem}*"):
        if path not in paths:  # a picture of an earlier page
            path.unlink()
    return paths


def _study_part(study: Study, out: Path) -> dict[str, Any]:
    """The template's variables about one study, with the link to its own report."""
    table, path = study.table, os.path.relpath(study.folder / "report.html", out)
    return {
        "name": study.name,
        "link": quote(Path(path).as_posix()),
        "source": (source := _source(table)),
        "stand_in": is_stand_in(source),
        "running": int((table.trials["state"] == "running").sum()),
        "empty": table.trial_rows.empty,
        "cells": overview.opening(table)[0],
        "questions": [_brief(question) for question in questions.answers(table)],
    }


def _brief(question: questions.Question) -> dict[str, Any]:
    """A question and its claims, without the numbers that they rest on."""
    claims = [answer.claim for answer in question.answers]
    return {"text": question.text, "claims": claims[:CLAIMS], "more": max(len(claims) - CLAIMS, 0)}


def _source(table: StudyTable) -> str:
    return "; ".join(sources(table.trial_rows)) or "not named in the table"


def _sources(studies: list[Study]) -> list[str]:
    """The different data that the studies have, in order."""
    return list(dict.fromkeys(_source(study.table) for study in studies))


def numbers(studies: list[Study]) -> pd.DataFrame:
    """The cells of all studies: `study`, `data`, `metric`, and the columns of `StudyTable.cells`, empty if unknown."""
    tables = []
    for study in studies:
        cells = study.table.cells
        first = {"study": study.name, "data": _source(study.table), "metric": study.table.objective}
        tables.append(cells.assign(**first)[[*first, *cells.columns]])
    return pd.concat([cells.astype("object") for cells in tables], ignore_index=True).infer_objects()


def text(studies: list[Study]) -> pd.DataFrame:
    """The same as short texts: the study, its task, what the cell compares, the metric, and the cell's scores."""
    tables = []
    for study in studies:
        cells = cell_table(study.table).reindex(columns=SCORES)
        titles = study.table.titles()
        cells.insert(0, "study", study.name)
        cells.insert(1, "task", ", ".join(study.table.trial_rows["trained_on"].dropna().unique()) or format.NONE)
        cells.insert(2, "cell", list(titles))
        cells.insert(3, "metric", format.unit(study.table.objective))
        tables.append(cells.astype("string"))
    whole = pd.concat(tables, ignore_index=True)
    return whole.drop(columns=[name for name in SCORES if whole[name].isna().all()]).fillna(format.NONE)


def data(studies: list[Study]) -> pd.DataFrame:
    """The test scores of all cells that have any.

    Returns:
        One row per cell, in the order of studies and cells: `panel` (task, metric and data), `study`, `look` (the
        study's), `bar` (the study's name and the cell's), `cell`, `task`, `data`, `split`, `metric`, `mean`, `low`,
        `high` (95 % t interval over replicates; empty without one), `n`.
    """
    tables = []
    for number, study in enumerate(studies, 1):
        cells = comparisons.scored(study.table)
        cells = cells[cells["split"] == "test"]
        rows = study.table.trial_rows
        first = rows[rows["split"] == "test"].drop_duplicates("cell").set_index("cell")[["task", "data"]]
        bar = study.name + " · " + cells["cell"].map(study.table.titles()).astype("string")
        tables.append(cells.assign(study=study.name, look=str(number), bar=bar).join(first, on="cell"))
    whole = pd.concat([cells[COLUMNS].astype("object") for cells in tables], ignore_index=True)
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
    """What the dots are, and which of them may be compared."""
    return (
        f"Test {data['metric'].iloc[0]} on {data['task'].iloc[0]}: mean and {stats.KIND} over n = "
        f"{format.counts(data['n'])} replicates of each cell's winner, or of the values as published, with fresh seeds"
        ". Studies may differ in more than their cells' names say; other data, tasks and metrics have a figure each "
        "and are not to be compared with this one."
    )


def alt(data: pd.DataFrame) -> str:
    """Every dot in words."""
    dots = [
        f"{row.bar} {format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return f"Test {format.unit(data['metric'].iloc[0])} of {len(data)} cells: {'; '.join(dots)}."


KIND = draw.Kind(
    "test-scores",
    "Test scores side by side",
    lambda table: table.frame,
    plot,
    caption,
    alt,
    shared_x=False,
    empty=NO_SCORE,
    height=lambda data: 0.9 + PER_CELL * len(data),
)


def _pictures(scores: pd.DataFrame) -> list[draw.Picture]:
    """A picture per task, metric and data, so that scores that may not be compared share no axis."""
    drawn: list[draw.Picture] = []
    for number, (_, rows) in enumerate(scores.groupby("panel", sort=False), 1):
        kind = KIND._replace(stem=f"{KIND.stem}-{number}")
        panel = rows.assign(panel=f"{rows['task'].iloc[0]}, {rows['metric'].iloc[0]}")
        drawn += draw.pictures(kind, panel, str(rows["data"].iloc[0]))
    return drawn


def _embedded(drawn: list[draw.Picture]) -> list[dict[str, Any]]:
    return [{"picture": picture, "text": base64.b64encode(picture.png).decode()} for picture in drawn]
