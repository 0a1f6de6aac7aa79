"""What a study noticed about its own trials: alarms, and whether frozen state stayed unchanged.

Knows the kinds of alarm and what they mean.
"""

import pandas as pd

from analysis.numbers import format, summary
from analysis.numbers.study_table import StudyTable, once

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
ONCE = tuple(MEANING)[2:]  # raised once, when a trial or a phase starts; the others in every report that they hold for


@once
def records(table: StudyTable) -> pd.DataFrame:
    """Every alarm once per trial.

    Returns:
        One row per trial and kind, sorted by cell and trial: `kind`, `cell`, `trial`, `role`, `epoch` (the first with
        the alarm; may be empty), `at_end` (whether the trial's last report still has it; empty for kinds that are
        raised once), `detail` (the alarm's text at the first epoch).
    """
    rows = summary.ran(table.trial_rows).dropna(subset="alarms")
    rows = rows.sort_values("epoch", kind="stable").drop_duplicates(["trial", "epoch", "alarms"])
    rows = rows.assign(alarm=rows["alarms"].str.split(" | ", regex=False)).explode("alarm")
    parts = rows["alarm"].astype("string").str.strip().str.extract(r"(?s)^(?P<kind>[^:]*)(?:: *(?P<detail>.*))?$")
    rows = rows.assign(kind=parts["kind"], detail=parts["detail"].fillna(""))
    rows = rows[rows["kind"].str.len() > 0]
    rows = rows.assign(at_end=_at_end(rows, table.trial_rows)).drop_duplicates(["trial", "kind"])
    ranks = {cell: rank for rank, cell in enumerate(table.grid["cell"])}
    rows = rows.assign(rank=rows["cell"].map(ranks)).sort_values(["rank", "trial", "kind"], kind="stable")
    return rows[["kind", "cell", "trial", "role", "epoch", "at_end", "detail"]].reset_index(drop=True)


def _at_end(alarms: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Whether the trial of each row of alarms has that kind at the last epoch that it reported."""
    latest = alarms.groupby(["trial", "kind"])["epoch"].transform("max")
    still = latest == alarms["trial"].map(rows.groupby("trial")["epoch"].max())
    return still.astype("boolean").mask(alarms["kind"].isin(ONCE))


def text(table: StudyTable) -> pd.DataFrame:
    """The alarms as short texts, those that are still there at the end first.

    Returns:
        One row per kind and cell: the number of trials with the alarm, the epochs at which it was first raised, how
        many of these trials have it in their last report (a dash for kinds that are raised once), and an example's
        detail.
    """
    rows, titles = [], table.titles()
    trials = table.trials["cell"].value_counts()
    for (kind, cell), group in records(table).groupby(["kind", "cell"], sort=False):
        first, at_end = group.iloc[0], group["at_end"].dropna()
        rows.append(
            {
                "gone": _gone(at_end),
                "alarm": kind,
                "cell": titles[cell],
                "trials": f"{len(group)} of {trials[cell]}",
                "first at epoch": format.counts(group["epoch"]),
                "at the end": format.NONE if at_end.empty else f"{at_end.sum()} of {len(group)}",
                "example": f"{first['trial']}: {first['detail']}".rstrip(": "),
            }
        )
    heads = ["gone", "alarm", "cell", "trials", "first at epoch", "at the end", "example"]
    texts = pd.DataFrame(rows, columns=heads, dtype="string").sort_values("alarm", key=_ranks, kind="stable")
    return texts.sort_values("gone", kind="stable").drop(columns="gone")


def _gone(at_end: pd.Series) -> str:
    """The sorting key of alarms by their `at_end`: some still there, raised once, all gone."""
    return "1" if at_end.empty else "0" if at_end.any() else "2"


@once
def one_class(table: StudyTable) -> set[str]:
    """The cells in which every replicate with a test score predicts one class in its last report."""
    tested, alarms = table.replicates.dropna(subset="test"), records(table)
    stuck = alarms.loc[(alarms["kind"] == "constant_class") & alarms["at_end"].fillna(False), "trial"]
    alone = tested["trial"].isin(stuck).groupby(tested["cell"]).all()
    return set(alone.index[alone])


def meanings(table: StudyTable) -> list[str]:
    """One sentence for each kind of alarm that occurs."""
    kinds = records(table)["kind"].drop_duplicates().sort_values(key=_ranks, kind="stable")
    return [f"{kind}: {MEANING.get(kind, 'noticed by the study.')}" for kind in kinds]


def _ranks(kinds: pd.Series) -> pd.Series:
    return kinds.map({kind: rank for rank, kind in enumerate(MEANING)}).fillna(len(MEANING))


def moved(table: StudyTable) -> list[str]:
    """The trials whose frozen state had more than one hash within a phase, before or after, in any row."""
    several = _hashes(table.trial_rows).groupby(["trial", "phase"], dropna=False)["hash"].nunique() > 1
    return sorted(several.index[several].get_level_values("trial").unique())


def _hashes(rows: pd.DataFrame) -> pd.DataFrame:
    """Every hash of frozen state, with its `trial` and `phase`."""
    parts = [rows[["trial", "phase"]].assign(hash=rows[name]) for name in ("frozen_before", "frozen_after")]
    return pd.concat(parts).dropna(subset="hash")


def frozen(table: StudyTable) -> str:
    """Whether frozen state stayed unchanged, in a sentence."""
    number = _hashes(table.trial_rows)["trial"].nunique()
    if not number:
        return "Frozen state: no trial froze anything."
    if trials := moved(table):
        freezing = f"{format.plural(number, 'trial')} that freeze{'s' * (number == 1)} something"
        return f"Frozen state: what was frozen MOVED in {len(trials)} of {freezing}: {', '.join(trials)}."
    freezing = f"all {number:,} trials that freeze" if number > 1 else "the 1 trial that freezes"
    return f"Frozen state: hash equal before and after, and throughout each phase, in {freezing} something."
