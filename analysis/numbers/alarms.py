"""What a study noticed about its own trials: alarms, and whether what was frozen stayed as it was.

Knows the kinds of alarm and what they mean; knows nothing of scores, figures or files.
"""

import pandas as pd

from analysis.numbers import format, grid, summary

MEANING = {
    "constant_class": "the model predicts one class for all validation images.",
    "batchnorm_gap": "accuracy on the same training images is more than 10 points lower in eval mode than in train "
    "mode: the BatchNorm statistics that evaluation uses are not those of the data. Looked for at the last epoch "
    "alone, so pruned trials have none.",
    "batchnorm_drift": "BatchNorm statistics of frozen stages moved although their weights did not.",
    "not_optimized": "a parameter that should train is in no group of the optimizer.",
    "not_moved": "a parameter that should train is what it was at the start.",
    "input_size": "images have another size than those that the weights were trained on.",
    "input_normalization": "images are normalized otherwise than the weights were trained with.",
    "input_range": "the values of the images lie off the range that the weights were trained with.",
    "labels_unmapped": "the task maps no labels to source classes: its class 0 is taken for source class 0, and so on.",
}
ONCE = tuple(MEANING)[2:]  # raised once, at a trial's or a phase's start, not in every report that they are true for


def records(df: pd.DataFrame) -> pd.DataFrame:
    """Every alarm once per trial.

    Returns:
        One row per trial and kind, by cell and trial: `kind`, `cell`, `trial`, `role`, `epoch` (the first that has it;
        may be empty), `at_end` (whether the trial's last report still has it; empty for kinds that are raised once),
        `detail` (what was said at the first epoch).
    """
    found = summary.ran(df).dropna(subset="alarms")
    found = found.sort_values("epoch", kind="stable").drop_duplicates(["trial", "epoch", "alarms"])
    found = found.assign(said=found["alarms"].str.split(" | ", regex=False)).explode("said")
    parts = found["said"].astype("string").str.strip().str.extract(r"(?s)^(?P<kind>[^:]*)(?:: *(?P<detail>.*))?$")
    found = found.assign(kind=parts["kind"], detail=parts["detail"].fillna(""))
    found = found[found["kind"].str.len() > 0]
    found = found.assign(at_end=_at_end(found, df)).drop_duplicates(["trial", "kind"])
    order = {cell: place for place, cell in enumerate(grid.grid(df)["cell"])}
    found = found.assign(place=found["cell"].map(order)).sort_values(["place", "trial", "kind"], kind="stable")
    return found[["kind", "cell", "trial", "role", "epoch", "at_end", "detail"]].reset_index(drop=True)


def _at_end(found: pd.DataFrame, df: pd.DataFrame) -> pd.Series:
    """Per row of alarms, whether its trial has the kind at the last epoch that it reported."""
    latest = found.groupby(["trial", "kind"])["epoch"].transform("max")
    still = latest == found["trial"].map(df.groupby("trial")["epoch"].max())
    return still.astype("boolean").mask(found["kind"].isin(ONCE))


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The alarms as short texts, those that are still there at the end first.

    Returns:
        One row per kind and cell: of how many trials, from which epoch, how many of these trials have it in their last
        report (a dash for kinds that are raised once), and an example's detail.
    """
    rows, titles = [], grid.titles(df)
    trials = summary.trials(df)["cell"].value_counts()
    for (kind, cell), group in records(df).groupby(["kind", "cell"], sort=False):
        epochs, first = format.counts(group["epoch"]), group.iloc[0]
        number = f"{len(group)} of {trials[cell]}"
        end, example = group["at_end"].dropna(), f"{first['trial']}: {first['detail']}".rstrip(": ")
        still = format.NONE if end.empty else f"{end.sum()} of {len(group)}"
        rows.append((_gone(end), kind, titles[cell], number, epochs, still, example))
    heads = ["gone", "alarm", "cell", "trials", "first at epoch", "at the end", "example"]
    shown = pd.DataFrame(rows, columns=heads, dtype="string").sort_values("alarm", key=_place, kind="stable")
    return shown.sort_values("gone", kind="stable").drop(columns="gone")


def _gone(end: pd.Series) -> str:
    """The rank of alarms by their `at_end`: some still there, raised once, all gone."""
    return "1" if end.empty else "0" if end.any() else "2"


def one_class(df: pd.DataFrame) -> set[str]:
    """The cells of which every replicate with a test score predicts one class in its last report."""
    tested, found = summary.replicates(df).dropna(subset="test"), records(df)
    stuck = found.loc[(found["kind"] == "constant_class") & found["at_end"].fillna(False), "trial"]
    alone = tested["trial"].isin(stuck).groupby(tested["cell"]).all()
    return set(alone.index[alone])


def meanings(df: pd.DataFrame) -> list[str]:
    """A sentence per kind of alarm that occurs."""
    kinds = records(df)["kind"].drop_duplicates().sort_values(key=_place, kind="stable")
    return [f"{kind}: {MEANING.get(kind, 'noticed by the study.')}" for kind in kinds]


def _place(kinds: pd.Series) -> pd.Series:
    return kinds.map({kind: place for place, kind in enumerate(MEANING)}).fillna(len(MEANING))


def moved(df: pd.DataFrame) -> list[str]:
    """The trials in which what was frozen had more than one hash within a phase: before, after, in any row."""
    several = _hashes(df).groupby(["trial", "phase"], dropna=False)["hash"].nunique() > 1
    return sorted(several.index[several].get_level_values("trial").unique())


def _hashes(df: pd.DataFrame) -> pd.DataFrame:
    """Every hash of something frozen, with its `trial` and `phase`."""
    found = [df[["trial", "phase"]].assign(hash=df[name]) for name in ("frozen_before", "frozen_after")]
    return pd.concat(found).dropna(subset="hash")


def frozen(df: pd.DataFrame) -> str:
    """Whether what was frozen stayed as it was, in a sentence."""
    number = _hashes(df)["trial"].nunique()
    if not number:
        return "Frozen state: no trial froze anything."
    if found := moved(df):
        those = f"{format.plural(number, 'trial')} that freeze{'s' * (number == 1)} something"
        return f"Frozen state: what was frozen MOVED in {len(found)} of {those}: {', '.join(found)}."
    several = f"all {number:,} trials that freeze" if number > 1 else "the 1 trial that freezes"
    return f"Frozen state: hash equal before and after, and throughout each phase, in {several} something."
