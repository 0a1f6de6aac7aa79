"""What a study noticed about its own trials: alarms, and whether what was frozen stayed as it was.

Knows the kinds of alarm and what they mean; knows nothing of scores, figures or files.
"""

import pandas as pd

from analysis import grid, style, summary

MEANING = {
    "constant_class": "the model predicts one class for all validation images.",
    "batchnorm_gap": "train-mode and eval-mode accuracy on the same training images are far apart: the BatchNorm "
    "statistics that evaluation uses are not those of the data.",
    "batchnorm_drift": "BatchNorm statistics of frozen stages moved although their weights did not.",
    "not_optimized": "a parameter that should train is in no group of the optimizer.",
    "not_moved": "a parameter that should train is what it was at the start.",
    "input_size": "images have another size than those that the weights were trained on.",
    "input_normalization": "images are normalized otherwise than the weights were trained with.",
    "input_range": "the values of the images lie off the range that the weights were trained with.",
    "labels_unmapped": "classes of the task have no class of the source head, so nothing can predict them.",
}


def records(df: pd.DataFrame) -> pd.DataFrame:
    """Every alarm once per trial.

    Returns:
        One row per trial and kind, by cell and trial: `kind`, `cell`, `trial`, `role`, `epoch` (the first that has it;
        may be empty), `detail` (what was said there).
    """
    found = summary.ran(df).dropna(subset="alarms")
    found = found.sort_values("epoch", kind="stable").drop_duplicates(["trial", "epoch", "alarms"])
    found = found.assign(said=found["alarms"].str.split(" | ", regex=False)).explode("said")
    parts = found["said"].astype("string").str.strip().str.extract(r"(?s)^(?P<kind>[^:]*)(?:: *(?P<detail>.*))?$")
    found = found.assign(kind=parts["kind"], detail=parts["detail"].fillna(""))
    found = found[found["kind"].str.len() > 0].drop_duplicates(["trial", "kind"])
    order = {cell: place for place, cell in enumerate(grid.grid(df)["cell"])}
    found = found.assign(place=found["cell"].map(order)).sort_values(["place", "trial", "kind"], kind="stable")
    return found[["kind", "cell", "trial", "role", "epoch", "detail"]].reset_index(drop=True)


def text(df: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of alarm and cell, as texts: of how many trials, from which epoch, and an example's detail."""
    rows, titles = [], grid.titles(df)
    trials = summary.trials(df)["cell"].value_counts()
    for (kind, cell), group in records(df).groupby(["kind", "cell"], sort=False):
        epochs, first = style.counts(group["epoch"]), group.iloc[0]
        number = f"{len(group)} of {trials[cell]}"
        rows.append((kind, titles[cell], number, epochs, f"{first['trial']}: {first['detail']}".rstrip(": ")))
    shown = pd.DataFrame(rows, columns=["alarm", "cell", "trials", "first at epoch", "example"], dtype="string")
    return shown.sort_values("alarm", key=_place, kind="stable")


def meanings(df: pd.DataFrame) -> list[str]:
    """A sentence per kind of alarm that occurs."""
    kinds = records(df)["kind"].drop_duplicates().sort_values(key=_place, kind="stable")
    return [f"{kind}: {MEANING.get(kind, 'noticed by the study.')}" for kind in kinds]


def _place(kinds: pd.Series) -> pd.Series:
    return kinds.map({kind: place for place, kind in enumerate(MEANING)}).fillna(len(MEANING))


def moved(df: pd.DataFrame) -> list[str]:
    """The trials in which what was frozen had another hash after than before, in any row."""
    both = df.dropna(subset=["frozen_before", "frozen_after"])
    return sorted(both.loc[both["frozen_before"] != both["frozen_after"], "trial"].unique())


def frozen(df: pd.DataFrame) -> str:
    """Whether what was frozen stayed as it was, in a sentence."""
    number = df.dropna(subset=["frozen_before", "frozen_after"])["trial"].nunique()
    if not number:
        return "Frozen state: no trial froze anything."
    if found := moved(df):
        told = f"what was frozen MOVED in {len(found)} of {style.plural(number, 'trial')} that freeze"
        return f"Frozen state: {told} something: {', '.join(found)}."
    several = f"all {number} trials that freeze" if number > 1 else "the 1 trial that freezes"
    return f"Frozen state: hash equal before and after in {several} something."
