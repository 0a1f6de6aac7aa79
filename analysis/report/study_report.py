"""A study's report: its parts on a page, and the files beside it.

Knows which parts a report has and where they go, and nothing of their sentences or of how a figure is drawn.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.answers import choices, label_savings, overview, questions
from analysis.figures import draw, lr_response, mean_curves, overtaking
from analysis.numbers import (
    alarms,
    comparisons,
    forgetting,
    format,
    metrics,
    plateau,
    pretraining_gains,
    stats,
    summary,
    table,
    versions,
)
from analysis.numbers.cell_table import cell_table, failures, marks, not_run, note, state_table
from analysis.numbers.memo import remembering
from analysis.report import pages
from analysis.shell import files

__all__ = ("cell_table", "note", "write")  # a study prints the first two at its end
EMBEDDED = 4_500_000  # bytes of pictures in a report; the page names the files of further ones
PAIRS = 40  # rows of the table of improvements that a report shows
Sections = list[tuple[draw.Kind, list[draw.Picture], list[str]]]  # the strings are sentences below the figure


def write(df: pd.DataFrame, folder: Path) -> list[Path]:
    """Write a study's report, figures and tables into its folder; each file is replaced as a whole.

    Args:
        df: a table from `table.load`.
        folder: the study's folder.

    Returns:
        The paths written, the report first.
    """
    with remembering():
        return _write(df, folder)


def _write(df: pd.DataFrame, folder: Path) -> list[Path]:
    whole, (df, pretraining) = df, table.apart(df)
    earlier = whole[table.earlier(whole)]
    source = _source(df, {"weights were trained on": pretraining, "earlier tasks are of": earlier})
    sections, tables = [], _tables(df)
    drawn: list[draw.Picture] = []
    figures = list(draw.KINDS)
    figures += draw.OF_VERSIONS if len(tables["versions"]) else ()
    figures += draw.OF_CLASSES if table.counts(whole).any() else ()
    figures += draw.OF_PRETRAINING if len(pretraining) else ()
    if len(earlier):
        tables["forgetting"] = forgetting.numbers(whole)
        figures += draw.OF_CHAINS
    for kind in figures:
        rows = draw.rows(kind, whole)
        data = kind.data(rows)
        tables[f"figure-{kind.stem}"] = data
        pictures = list(draw.pictures(kind, data, source))
        drawn += pictures
        sections.append((kind, pictures, kind.notes(rows)))
    html = _html(whole, source, sections)
    paths = [files.put(folder / "report.html", html.encode())]
    for picture in drawn:
        kinds = (("png", picture.png), ("svg", picture.svg))
        paths += [files.put(folder / "figures" / f"{picture.stem}.{ending}", content) for ending, content in kinds]
    paths += [files.put(folder / "tables" / f"{name}.csv", pages.csv(rows, source)) for name, rows in tables.items()]
    _clear_old_pages(folder / "figures", paths)
    return paths


def _source(df: pd.DataFrame, others: dict[str, pd.DataFrame]) -> str:
    """The data that scores come from, and the further data of other rows.

    Args:
        df: the trials' own rows.
        others: by the words that introduce their data, the rows of pretraining and of earlier tasks.
    """
    known = table.sources(df)
    parts = ["; ".join(known) or "not named in the table"]
    for words, rows in others.items():
        if further := [line for line in table.sources(rows) if line not in known]:
            parts.append(f"{words} {'; '.join(further)}")
    return "; ".join(parts)


def _tables(df: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {
        "cells": summary.cells(df),
        "trials": summary.trials(df),
        "failed": failures(df),
        "states": state_table(df),
        "not_run": summary.not_run(df),
        "improvement": comparisons.improvements(df),
        "metrics": metrics.numbers(df),
        "curves": mean_curves.table(df),
        "overtaking": overtaking.numbers(df),
        "basins": lr_response.numbers(lr_response.data(df)),
        "versions": versions.numbers(df),
        "causes": versions.causes(df),
        "alarms": alarms.records(df),
        "plateau": plateau.table(df),
        "gains": pretraining_gains.differences(df),
        "choices": choices.numbers(df),
        "savings": label_savings.numbers(df),
    }


def _html(whole: pd.DataFrame, source: str, sections: Sections) -> str:
    df, _ = table.apart(whole)
    states = summary.trials(df)["state"].value_counts()
    return pages.render(
        "report.html.j2",
        name=", ".join(df["space"].dropna().unique()) or "study",
        source=source,
        stand_in=table.is_stand_in(source),
        running=int(states.get("running", 0)),
        empty=df.empty,
        opening=overview.opening(df),
        frozen=alarms.frozen(df),
        moved=bool(alarms.moved(df)),
        states=state_table(df),
        questions=questions.answers(whole),
        choices=choices.text(df),
        choice_rule=choices.RULE,
        cells=(cells := cell_table(df)),
        marks=marks(cells),
        metrics=metrics.text(df),
        metric=format.unit(summary.objective(df)),
        kind=stats.KIND,
        caution=stats.CAUTION,
        sections=list(_embedded(sections)),
        failed=failures(df),
        not_run=not_run(df),
        plateaus=plateau.text(df),
        plateau_kind=plateau.KIND,
        gains=pretraining_gains.text(df),
        gain_sentences=pretraining_gains.sentences(df),
        gain_kind=pretraining_gains.KIND,
        **_comparisons(df),
        **_alarms(df),
        **_chains(whole),
    )


def _comparisons(df: pd.DataFrame) -> dict[str, Any]:
    """The template's variables that compare contenders and versions."""
    version_table = versions.text(df)
    return {
        "improvements": overview.improvements(df),
        "improvement_kind": stats.IMPROVEMENT,
        "pairs": PAIRS,
        "separation": stats.SEPARATION,
        "versions": version_table,
        "version_marks": marks(version_table),
        "causes": versions.causes_text(df),
        "cost_kind": versions.KIND,
        "everything": versions.ALL,
    }


def _alarms(df: pd.DataFrame) -> dict[str, Any]:
    return {"alarms": alarms.text(df), "meanings": alarms.meanings(df)}


def _chains(whole: pd.DataFrame) -> dict[str, Any]:
    """The template's variables about tasks that were learnt earlier."""
    return {
        "forgotten": forgetting.text(whole),
        "forgetting_kind": forgetting.KIND,
        "forgetting_source": forgetting.SOURCE,
        "earlier_tasks": list(whole.loc[table.earlier(whole), "task"].unique()),
    }


def _embedded(sections: Sections) -> Iterator[dict[str, Any]]:
    """The figures with their pictures as base64 text, as long as the report stays small enough to send."""
    used = 0
    for kind, drawn, notes in sections:
        embedded = []
        for picture in drawn:
            text = base64.b64encode(picture.png).decode()
            used += len(text)
            embedded.append({"picture": picture, "text": text if used <= EMBEDDED else None})
        part = {"chains": kind in draw.OF_CHAINS, "versions": kind in draw.OF_VERSIONS}  # these have parts of their own
        part |= {"first": kind is draw.KINDS[0]}  # the scores that the answers refer to
        yield {"title": kind.title, "none": kind.empty, "shown": embedded, "notes": notes} | part


def _clear_old_pages(folder: Path, written: list[Path]) -> None:
    """Remove pictures of an earlier report that this one no longer has, so that none is mistaken for current."""
    for kind in draw.ALL:
        for ending in ("png", "svg"):
            for path in [folder / f"{kind.stem}.{ending}", *folder.glob(f"{kind.stem}-[0-9]*.{ending}")]:
                if path not in written:
                    path.unlink(missing_ok=True)
