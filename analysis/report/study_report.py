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
    networks,
    plateau,
    pretraining_gains,
    stats,
    versions,
)
from analysis.numbers.cell_table import cell_table, failures, marks, not_run, note, state_table
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import is_stand_in, sources
from analysis.report import pages
from analysis.shell import files

__all__ = ("cell_table", "note", "write")  # a study prints the first two at its end
EMBEDDED = 4_500_000  # bytes of pictures in a report; the page names the files of further ones
PAIRS = 40  # rows of the table of improvements that a report shows
Sections = list[tuple[draw.Kind, list[draw.Picture], list[str]]]  # the strings are sentences below the figure


def write(table: StudyTable, folder: Path) -> list[Path]:
    """Write a study's report, figures and tables into its folder; each file is replaced as a whole.

    Args:
        table: the study's.
        folder: the study's folder.

    Returns:
        The paths written, the report first.
    """
    source = _source(table)
    sections, tables = [], _tables(table)
    drawn: list[draw.Picture] = []
    figures = list(draw.KINDS)
    figures += draw.OF_NETWORKS if len(tables["networks"]) else ()
    figures += draw.OF_VERSIONS if len(tables["versions"]) else ()
    figures += draw.OF_CLASSES if len(table.counts) else ()
    figures += draw.OF_PRETRAINING if len(table.pretraining) else ()
    if len(table.earlier):
        tables["forgetting"] = forgetting.numbers(table)
        figures += draw.OF_CHAINS
    for kind in figures:
        data = kind.data(table)
        tables[f"figure-{kind.stem}"] = data
        pictures = list(draw.pictures(kind, data, source))
        drawn += pictures
        sections.append((kind, pictures, kind.notes(table)))
    html = _html(table, source, sections)
    paths = [files.put(folder / "report.html", html.encode())]
    for picture in drawn:
        kinds = (("png", picture.png), ("svg", picture.svg))
        paths += [files.put(folder / "figures" / f"{picture.stem}.{ending}", content) for ending, content in kinds]
    paths += [files.put(folder / "tables" / f"{name}.csv", pages.csv(rows, source)) for name, rows in tables.items()]
    _clear_old_pages(folder / "figures", paths)
    return paths


def _source(table: StudyTable) -> str:
    """The data that scores come from, and the further data of pretraining and of earlier tasks."""
    known = sources(table.trial_rows)
    parts = ["; ".join(known) or "not named in the table"]
    for words, rows in (("weights were trained on", table.pretraining), ("earlier tasks are of", table.earlier)):
        if further := [line for line in sources(rows) if line not in known]:
            parts.append(f"{words} {'; '.join(further)}")
    return "; ".join(parts)


def _tables(table: StudyTable) -> dict[str, pd.DataFrame]:
    return {
        "cells": table.cells,
        "trials": table.trials,
        "failed": failures(table),
        "states": state_table(table),
        "not_run": table.not_run,
        "improvement": comparisons.improvements(table),
        "metrics": metrics.numbers(table),
        "curves": mean_curves.numbers(table),
        "overtaking": overtaking.numbers(table),
        "basins": lr_response.numbers(lr_response.data(table)),
        "versions": versions.numbers(table),
        "causes": versions.causes(table),
        "alarms": alarms.records(table),
        "plateau": plateau.numbers(table),
        "gains": pretraining_gains.differences(table),
        "choices": choices.numbers(table),
        "networks": networks.data(table),
        "savings": label_savings.numbers(table),
    }


def _html(table: StudyTable, source: str, sections: Sections) -> str:
    states = table.trials["state"].value_counts()
    return pages.render(
        "report.html.j2",
        name=", ".join(table.trial_rows["space"].dropna().unique()) or "study",
        source=source,
        stand_in=is_stand_in(source),
        running=int(states.get("running", 0)),
        empty=table.trial_rows.empty,
        opening=overview.opening(table),
        frozen=alarms.frozen(table),
        moved=bool(alarms.moved(table)),
        states=state_table(table),
        questions=questions.answers(table),
        choices=choices.text(table),
        choice_rule=choices.RULE,
        networks=networks.text(table),
        network_note=networks.NOTE,
        cells=(cells := cell_table(table)),
        marks=marks(cells),
        metrics=metrics.text(table),
        metric=format.unit(table.objective),
        kind=stats.KIND,
        caution=stats.CAUTION,
        sections=list(_embedded(sections)),
        failed=failures(table),
        not_run=not_run(table),
        plateaus=plateau.text(table),
        plateau_kind=plateau.KIND,
        gains=pretraining_gains.text(table),
        gain_sentences=pretraining_gains.sentences(table),
        gain_kind=pretraining_gains.KIND,
        **_comparisons(table),
        **_alarms(table),
        **_chains(table),
    )


def _comparisons(table: StudyTable) -> dict[str, Any]:
    """The template's variables that compare contenders and versions."""
    version_table = versions.text(table)
    return {
        "improvements": overview.improvements(table),
        "improvement_kind": stats.IMPROVEMENT,
        "pairs": PAIRS,
        "separation": stats.SEPARATION,
        "versions": version_table,
        "version_marks": marks(version_table),
        "causes": versions.causes_text(table),
        "cost_kind": versions.KIND,
        "everything": versions.ALL,
    }


def _alarms(table: StudyTable) -> dict[str, Any]:
    return {"alarms": alarms.text(table), "meanings": alarms.meanings(table)}


def _chains(table: StudyTable) -> dict[str, Any]:
    """The template's variables about tasks that were learnt earlier."""
    return {
        "forgotten": forgetting.text(table),
        "forgetting_kind": forgetting.KIND,
        "forgetting_source": forgetting.SOURCE,
        "earlier_tasks": list(table.earlier["task"].unique()),
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
        part["networks"] = kind in draw.OF_NETWORKS
        part |= {"first": kind is draw.KINDS[0]}  # the scores that the answers refer to
        yield {"title": kind.title, "none": kind.empty, "shown": embedded, "notes": notes} | part


def _clear_old_pages(folder: Path, written: list[Path]) -> None:
    """Remove pictures of an earlier report that this one no longer has, so that none is mistaken for current."""
    for kind in draw.ALL:
        for ending in ("png", "svg"):
            for path in [folder / f"{kind.stem}.{ending}", *folder.glob(f"{kind.stem}-[0-9]*.{ending}")]:
                if path not in written:
                    path.unlink(missing_ok=True)
