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

from analysis import figures, plots, stats, style, summary, table

CAUTION = (
    "Intervals that do not overlap are a conservative sign of a difference; comparisons are not corrected for their "
    "number."
)
EMBEDDED = 4_500_000  # bytes of pictures in a report; further ones are named by their file
SHOWN = 2000  # characters of an error's text


CELL_NOTE = (
    "images: training images whose labels were used; val: the winner's validation score at its last epoch; "
    "repl. val, test: means over n replicates of it with fresh seeds; c/p/f: search trials complete/pruned/failed; "
    "scores in %. " + CAUTION
)


def cell_table(df: pd.DataFrame) -> pd.DataFrame:
    """The cells as short texts, for a terminal of 120 columns and for the report.

    Returns:
        One row per cell, all columns text: what is compared, the training images whose labels were used (where
        any are known), the winner's tuned values, its validation score, the
        replicates' mean validation score, their test score with its interval, how many (n), what was published for the
        cell (where anything was), and the search trials as complete/pruned/failed (`+ running` while there are any).
        Shares are in per cent. `CELL_NOTE` explains the headings.
    """
    metric = summary.objective(df)
    found = summary.cells(df)
    keys = list(summary.grid(df).columns[1:])
    keys = [name for name in keys if found[name].nunique(dropna=False) > 1] or keys  # what all cells share says nothing
    settings = [name for name in found.columns[found.columns.get_loc("winner") + 1 :] if name in table.CONFIG]
    rows = [_cell_row(row, keys, settings, metric) for row in found.to_dict("records")]
    heads = [style.SHORT.get(name, name) for name in [*keys, "train_images", "winner", *settings]]
    heads += ["val", "repl. val", "test [95 %]", "n", "published", "c/p/f"]
    unknown = [name for name in ("train_images", "published") if found[name].isna().all()]
    return pd.DataFrame(rows, columns=heads, dtype="string").drop(columns=[style.SHORT.get(n, n) for n in unknown])


def _cell_row(row: dict[str, Any], keys: list[str], settings: list[str], metric: str) -> list[str]:
    named = [_value(key, row[key]) for key in keys]
    winner = style.NONE if pd.isna(row["winner"]) else str(row["winner"]).rsplit("-", 1)[-1]
    test = stats.Interval(row["test_mean"], row["test_low"], row["test_high"], row["replicates"])
    running = f" + {row['running']} running" if row["running"] else ""
    return [
        *named,
        style.counts([row["train_images"]]),
        winner,
        *(style.number(row[name]) for name in settings),
        style.score(row["val"], metric),
        style.score(row["replicates_val"], metric),
        style.spread(test, metric),
        str(row["replicates"]),
        style.score(row["published"], metric),
        f"{row['complete']}/{row['pruned']}/{row['failed']}{running}",
    ]


def state_table(df: pd.DataFrame) -> pd.DataFrame:
    """The number of trials of each role (rows) and state (columns), as text."""
    found = summary.trials(df)
    states = list(table.CHOICES["state"])
    counted = pd.crosstab(found["role"], found["state"]).reindex(columns=states, fill_value=0)
    counted = counted.reindex([role for role in table.CHOICES["role"] if role in counted.index])
    return counted.assign(all=counted.sum(axis=1)).astype("string").reset_index()


def failures(df: pd.DataFrame) -> pd.DataFrame:
    """One row per failed trial with what it said, cut where that is very long."""
    found = summary.trials(df)
    found = found[found["state"] == "failed"][["trial", "role", "cell", "epoch", "error"]]
    return found.assign(error=found["error"].str.slice(0, SHOWN)).astype("string").fillna(style.NONE)


def opening(df: pd.DataFrame) -> list[str]:
    """What was studied, in sentences: the cells, what was tuned in them, what was fixed, which score selects."""
    told = [_studied(df)]
    settings = summary.tuned(df)
    told += [f"Tuned inside each cell: {', '.join(settings)}."] if settings else []
    if fixed := _fixed(df):
        told += [f"The same in all trials: {', '.join(fixed)}."]
    metric = summary.objective(df)
    told += [
        f"In each cell the complete search trial with the highest validation {metric} at its last epoch wins; its "
        "replicates are trained with fresh seeds, and they alone are scored on the test split."
    ]
    cells = df["cell"].nunique()
    untested = cells - summary.replicates(df).dropna(subset="test")["cell"].nunique()
    has = "has" if untested == 1 else "have"
    told += [f"{untested} of {style.plural(cells, 'cell')} {has} no test score yet."] if untested else []
    return told + equal_fractions(df)


def equal_fractions(df: pd.DataFrame) -> list[str]:
    """Which label fractions came to the same number of training images, in cells that differ in nothing else."""
    names = list(summary.grid(df).columns[1:])
    if "label_fraction" not in names:
        return []
    by = [*(name for name in names if name != "label_fraction"), "train_images"]
    found = summary.cells(df).dropna(subset=["label_fraction", "train_images"])
    groups = [
        (rows["train_images"].iloc[0], _sorted(rows["label_fraction"])) for _, rows in found.groupby(by, dropna=False)
    ]
    equal = {(images, " and ".join(map(style.fraction, shares))) for images, shares in groups if len(shares) > 1}
    return [
        f"Cells at {shares} of the labels trained on equally many images ({images:,}): these fractions are not told "
        "apart."
        for images, shares in sorted(equal)
    ]


def _studied(df: pd.DataFrame) -> str:
    found = summary.grid(df)
    told = [f"{key} ({', '.join(_value(key, value) for value in _sorted(found[key]))})" for key in found.columns[1:]]
    grid = f": {' × '.join(told)}" if told else ""
    return f"{style.plural(len(found), 'cell')}{grid}."


def _value(key: str, value: Any) -> str:
    return style.fraction(value) if key == "label_fraction" else style.number(value)


def _sorted(values: pd.Series) -> list[Any]:
    return sorted(values.dropna().unique(), key=summary.rank)


def _fixed(df: pd.DataFrame) -> list[str]:
    named = summary.grid(df).columns
    single = [name for name in table.CONFIG if name not in named and df[name].nunique() == 1]
    return [f"{name}={style.number(df[name].dropna().iloc[0])}" for name in single if df[name].notna().all()]


def claims(df: pd.DataFrame) -> list[str]:
    """Per label fraction (and what else is compared): the regime with the highest test mean, and whether it stands out.

    A claim needs two regimes with test scores; where an interval is unknown or two overlap, it says so. A regime that
    trains nothing has a score without spread; that one number is held against the other's interval.
    """
    data = plots.label_fraction_data(df)
    data = data[data["split"] == "test"].reset_index(drop=True).sort_values("mean", ascending=False, kind="stable")
    anywhere = data["label_fraction"].isna()
    places = data[~anywhere].sort_index().drop_duplicates(["panel", "label_fraction"])
    found = [
        ((panel, share), data[(data["panel"] == panel) & (anywhere | (data["label_fraction"] == share))])
        for panel, share in zip(places["panel"], places["label_fraction"], strict=True)
    ]
    return [_claim(place, rows) for place, rows in found if len(rows) > 1]


def _claim(place: tuple[str, float], rows: pd.DataFrame) -> str:
    metric, best = rows["metric"].iloc[0], list(rows.head(2).itertuples())
    where = f"At {style.fraction(place[1])} of the labels" + (f" ({place[0]})" if place[0] != style.title({}) else "")
    trained = [row for row in best if row.regime not in summary.UNTRAINED]
    shared, n = stats.overlap(*map(_ends, best)), style.counts(row.n for row in trained)
    if shared is None:
        return f"{where} nothing can be concluded: at n = {n} the best two regimes have no interval for both."
    told = [
        f"{row.regime} {style.spread(stats.Interval(row.mean, row.low, row.high, row.n), metric)}, "
        + (f"n = {row.n}" if row in trained else "nothing trained")
        for row in best
    ]
    apart, together = VERDICTS[len(trained)]
    verdict = f"{together}: not separated at n = {n}" if shared else apart
    return f"{where} the highest mean test {style.unit(metric)} is {told[0]}; next {told[1]}: {verdict}."


VERDICTS = {  # by how many of the two train anything: where they are apart, and where not
    2: ("intervals do not overlap", "intervals overlap"),
    1: ("the score lies outside the interval", "the score lies within the interval"),
    0: ("fixed scores that differ", "fixed scores that are equal"),
}


def _ends(row: Any) -> stats.Interval:
    """A row's interval; of a regime that trains nothing the one score that every seed gives."""
    fixed = row.regime in summary.UNTRAINED
    return stats.Interval(row.mean, row.mean if fixed else row.low, row.mean if fixed else row.high, row.n)


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
    return {"cells": summary.cells(df), "trials": summary.trials(df), "failed": failures(df), "states": state_table(df)}


def _html(df: pd.DataFrame, source: str, sections: list[tuple[figures.Kind, list[figures.Picture]]]) -> str:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    states = summary.trials(df)["state"].value_counts()
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
        metric=style.unit(summary.objective(df)),
        kind=stats.KIND,
        caution=CAUTION,
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
