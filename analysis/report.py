"""A study's report: what was studied, the table of cells, what its numbers allow to be said, its files.

Knows the words and where they go; knows nothing of how a figure is drawn.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from analysis import figures, plots, stats, style, table

EMBEDDED = 4_500_000  # bytes of pictures in a report; further ones are named by their file
SHOWN = 2000  # characters of an error's text


CELL_NOTE = (
    "val: the winner's validation score at its last epoch; repl. val, test: means over n replicates of it with fresh "
    "seeds; c/p/f: search trials complete/pruned/failed; scores in %."
)


def cell_table(df: pd.DataFrame) -> pd.DataFrame:
    """The cells as short texts, for a terminal of 120 columns and for the report.

    Returns:
        One row per cell, all columns text: what is compared, the winner's tuned values, its validation score, the
        replicates' mean validation score, their test score with its interval, how many (n), what was published for the
        cell (where anything was), and the search trials as complete/pruned/failed (`+ running` while there are any).
        Shares are in per cent. `CELL_NOTE` explains the headings.
    """
    metric = table.objective(df)
    found = table.cells(df)
    keys = list(table.grid(df).columns[1:])
    keys = [name for name in keys if found[name].nunique(dropna=False) > 1] or keys  # what all cells share says nothing
    known = bool(found["published"].notna().any())
    settings = [name for name in found.columns[found.columns.get_loc("winner") + 1 :] if name in table.CONFIG]
    rows = [_cell_row(row, keys, settings, metric, known) for row in found.to_dict("records")]
    heads = [style.SHORT.get(name, name) for name in keys]
    heads += ["winner", *(style.SHORT.get(name, name) for name in settings)]
    heads += ["val", "repl. val", "test [95 %]", "n", *["published"] * known, "c/p/f"]
    return pd.DataFrame(rows, columns=heads, dtype="string")


def _cell_row(row: dict[str, Any], keys: list[str], settings: list[str], metric: str, known: bool) -> list[str]:
    named = [style.fraction(row[key]) if key == "label_fraction" else style.number(row[key]) for key in keys]
    winner = style.NONE if pd.isna(row["winner"]) else str(row["winner"]).rsplit("-", 1)[-1]
    test = stats.Interval(row["test_mean"], row["test_low"], row["test_high"], row["replicates"])
    running = f" + {row['running']} running" if row["running"] else ""
    return [
        *named,
        winner,
        *(style.number(row[name]) for name in settings),
        style.score(row["val"], metric),
        style.score(row["replicates_val"], metric),
        style.spread(test, metric),
        str(row["replicates"]),
        *[style.score(row["published"], metric)] * known,
        f"{row['complete']}/{row['pruned']}/{row['failed']}{running}",
    ]


def state_table(df: pd.DataFrame) -> pd.DataFrame:
    """The number of trials of each role (rows) and state (columns), as text."""
    found = table.trials(df)
    states = list(table.CHOICES["state"])
    counted = pd.crosstab(found["role"], found["state"]).reindex(columns=states, fill_value=0)
    counted = counted.reindex([role for role in table.CHOICES["role"] if role in counted.index])
    return counted.assign(all=counted.sum(axis=1)).astype("string").reset_index()


def failures(df: pd.DataFrame) -> pd.DataFrame:
    """One row per failed trial with what it said, cut where that is very long."""
    found = table.trials(df)
    found = found[found["state"] == "failed"][["trial", "role", "cell", "epoch", "error"]]
    return found.assign(error=found["error"].str.slice(0, SHOWN)).astype("string").fillna(style.NONE)


def opening(df: pd.DataFrame) -> list[str]:
    """What was studied, in sentences: the cells, what was tuned in them, what was fixed, which score selects."""
    told = [_studied(df)]
    settings = table.tuned(df)
    told += [f"Tuned inside each cell: {', '.join(settings)}."] if settings else []
    if fixed := _fixed(df):
        told += [f"The same in all trials: {', '.join(fixed)}."]
    metric = table.objective(df)
    told += [
        f"In each cell the complete search trial with the highest validation {metric} at its last epoch wins; its "
        "replicates are trained with fresh seeds, and they alone are scored on the test split."
    ]
    cells = df["cell"].nunique()
    untested = cells - table.replicates(df).dropna(subset="test")["cell"].nunique()
    return told + ([f"{untested} of {cells} cells have no test score yet."] if untested else [])


def _studied(df: pd.DataFrame) -> str:
    found = table.grid(df)
    told = [f"{key} ({', '.join(_value(key, value) for value in _sorted(found[key]))})" for key in found.columns[1:]]
    grid = f": {' × '.join(told)}" if told else ""
    return f"{len(found)} cell{'s' * (len(found) != 1)}{grid}."


def _value(key: str, value: Any) -> str:
    return style.fraction(value) if key == "label_fraction" else style.number(value)


def _sorted(values: pd.Series) -> list[Any]:
    return sorted(values.dropna().unique(), key=table.rank)


def _fixed(df: pd.DataFrame) -> list[str]:
    named = table.grid(df).columns
    single = [name for name in table.CONFIG if name not in named and df[name].nunique() == 1]
    return [f"{name}={style.number(df[name].dropna().iloc[0])}" for name in single if df[name].notna().all()]


def claims(df: pd.DataFrame) -> list[str]:
    """Per label fraction (and what else is compared): the regime with the highest test mean, and whether it stands out.

    A claim needs two regimes with test scores; where an interval is unknown or two overlap, it says so.
    """
    data = plots.label_fraction_data(df)
    groups = data[data["split"] == "test"].groupby(["panel", "label_fraction"], sort=False)
    return [_claim(place, rows.sort_values("mean", ascending=False)) for place, rows in groups if len(rows) > 1]


def _claim(place: tuple[str, float], rows: pd.DataFrame) -> str:
    first, second = (stats.Interval(row.mean, row.low, row.high, row.n) for row in rows.head(2).itertuples())
    metric, names = rows["metric"].iloc[0], rows["regime"]
    where = f"At {style.fraction(place[1])} of the labels" + (f" ({place[0]})" if place[0] != style.title({}) else "")
    shared, n = stats.overlap(first, second), style.counts((first.n, second.n))
    if shared is None:
        return f"{where} nothing can be concluded: at n = {n} the best two regimes have no interval for both."
    told = [
        f"{name} {style.spread(one, metric)}, n = {one.n}" for name, one in zip(names, (first, second), strict=False)
    ]
    verdict = f"intervals overlap: not separated at n = {n}" if shared else "intervals do not overlap"
    return f"{where} the highest mean test {style.unit(metric)} is {told[0]}; next {told[1]}: {verdict}."


def write(df: pd.DataFrame, folder: Path) -> list[Path]:
    """Write a study's report, figures and tables into its folder; each file is replaced as a whole.

    Args:
        df: a table as `table.load` gives it.
        folder: the study's folder.

    Returns:
        The paths written, the report first.
    """
    source = "; ".join(table.sources(df)) or "not named in the table"
    sections, tables = [], _tables(df)
    drawn: list[figures.Picture] = []
    for kind in figures.KINDS:
        data = kind.data(df)
        tables[f"figure-{kind.stem}"] = data
        pages = list(figures.pictures(kind, data, source))
        drawn += pages
        sections.append((kind, pages))
    html = _html(df, source, sections)
    paths = [_put(folder / "report.html", html.encode())]
    paths += [_put(folder / "figures" / f"{picture.stem}.png", picture.png) for picture in drawn]
    paths += [_put(folder / "tables" / f"{name}.csv", _csv(found, source)) for name, found in tables.items()]
    _clear_old_pages(folder / "figures", paths)
    return paths


def _tables(df: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"cells": table.cells(df), "trials": table.trials(df), "failed": failures(df), "states": state_table(df)}


def _html(df: pd.DataFrame, source: str, sections: list[tuple[figures.Kind, list[figures.Picture]]]) -> str:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    states = table.trials(df)["state"].value_counts()
    return pages.get_template("report.html.j2").render(
        name=", ".join(df["space"].dropna().unique()) or "study",
        source=source,
        stand_in=table.is_stand_in(source),
        running=int(states.get("running", 0)),
        empty=df.empty,
        opening=opening(df),
        states=state_table(df),
        claims=claims(df),
        cells=cell_table(df),
        metric=style.unit(table.objective(df)),
        kind=stats.KIND,
        sections=list(_embedded(sections)),
        failed=failures(df),
    )


def _embedded(sections: list[tuple[figures.Kind, list[figures.Picture]]]) -> Iterator[dict[str, Any]]:
    """The figures with their pictures as text, as long as the report stays small enough to send."""
    used = 0
    for kind, drawn in sections:
        shown = []
        for picture in drawn:
            text = base64.b64encode(picture.png).decode()
            used += len(text)
            shown.append({"picture": picture, "text": text if used <= EMBEDDED else None})
        yield {"title": kind.title, "none": kind.none, "shown": shown}


def _csv(found: pd.DataFrame, source: str) -> bytes:
    """A table as CSV with its data source in every row; text that a spreadsheet would run as a formula is defused."""
    found = found.assign(data=source)
    for name in found.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in found.dtypes]]:
        text = found[name].astype("string")
        found[name] = text.mask(text.str.match(r"[=+\-@\t\r]", na=False), "'" + text)
    return found.to_csv(index=False).encode()


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
    return path


def _clear_old_pages(folder: Path, written: list[Path]) -> None:
    """Remove pictures of an earlier report that this one has no longer, so that none is taken for current."""
    for kind in figures.KINDS:
        for path in [folder / f"{kind.stem}.png", *folder.glob(f"{kind.stem}-[0-9]*.png")]:
            if path not in written:
                path.unlink(missing_ok=True)
