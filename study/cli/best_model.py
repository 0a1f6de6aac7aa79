"""Which saved model of a study's folder is meant: that of the best cell on validation, or of a cell that is named.

Knows the study's table and the names of its models; knows nothing of tensors or images.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from study.errors import UserError
from study.models.cards import CARD

if TYPE_CHECKING:
    import pandas as pd


class Chosen(NamedTuple):
    """A model and why it is the one."""

    folder: Path
    why: str
    """A sentence; empty where the folder itself was named."""


def choose(place: Path, cell: str | None = None) -> Chosen:
    """Find the model of a study; scores on the test split play no part.

    Args:
        place: a study's folder, or a model's own.
        cell: the name of a cell; None is the one whose replicates have the highest mean validation score. Cells that
            were validated on the test split must be named.

    Raises:
        UserError: no such folder, or it has no model (of this cell).
        analysis.numbers.table.NoTableError: it is no study's folder.
        analysis.numbers.table.TableError: its table is damaged.
    """
    if (place / CARD).exists():
        if cell is not None:
            raise UserError(f"--cell {cell}: {place} is a model's own folder; give the study's, {place.parent.parent}")
        return Chosen(place, "")
    if not place.is_dir():
        raise UserError(f"no folder {place}: give a study's, e.g. results/gtsrb, or one of its models'")
    found = _models(place)
    if cell is not None:
        return _named(found, cell, place)
    fair = found[~found["val_is_test"]]
    if fair.empty:
        told = (
            f"all models of {place} were validated on the test split, so none is chosen by that: name one with --cell"
        )
        raise UserError(f"{told}; {_choices(found)}")
    return _best(fair, len(found), place)


def _models(place: Path) -> "pd.DataFrame":
    """One row per cell with a saved model, in the report's order: cell, trial, val (mean), n, metric, val_is_test."""
    from analysis.numbers import grid, summary, table
    from analysis.numbers.memo import remembering

    df, _ = table.apart(table.load(place))
    saved = [path.parent.name for path in place.glob(f"models/*/{CARD}")]
    with remembering():
        repeated = summary.replicates(df)
        if repeated[repeated["trial"].isin(saved)].empty:
            raise UserError(_none(df, place))
        scored = repeated.dropna(subset=["val"]).groupby("cell")["val"].agg(["mean", "count"])
        first = repeated[repeated["trial"].isin(saved)].sort_values("number").drop_duplicates("cell")
        found = grid.grid(df)[["cell"]].merge(first[["cell", "trial"]], on="cell")
        found = found.merge(scored.set_axis(["val", "n"], axis=1), on="cell")
        return found.assign(val_is_test=found["cell"].isin(summary.on_test(df)), metric=summary.objective(df))


def _none(df: "pd.DataFrame", place: Path) -> str:
    """Say that there is no model, and what there is."""
    from analysis.numbers import summary

    states = summary.trials(df)["state"].value_counts()
    told = ", ".join(f"{count} {state}" for state, count in states.items()) or "none"
    return f"{place} has no model: the first complete replicate of each cell leaves one in models/; trials: {told}"


def _named(found: "pd.DataFrame", cell: str, place: Path) -> Chosen:
    for row in found[found["cell"] == cell].itertuples():
        return Chosen(place / "models" / str(row.trial), f"cell {cell}, as named")
    raise UserError(f"--cell {cell}: {place} has no model of such a cell; {_choices(found)}")


def _best(found: "pd.DataFrame", of: int, place: Path) -> Chosen:
    from analysis.numbers import format, stats

    row = found.loc[found["val"].idxmax()]
    score = f"{row['metric']} {format.score(row['val'], row['metric'])}{' %' * (row['metric'] in stats.SHARES)}"
    n, cells = format.plural(int(row["n"]), "replicate"), format.plural(of, "cell")
    passed = f"; {of - len(found)} validated on the test split passed over" if of > len(found) else ""
    told = f"cell {row['cell']}: highest mean validation score ({score}, {n}) of {cells} with a model"
    return Chosen(place / "models" / str(row["trial"]), f"{told}{passed}; test scores play no part")


def _choices(found: "pd.DataFrame") -> str:
    return f"one of {'; '.join(map(repr, found['cell']))}"
