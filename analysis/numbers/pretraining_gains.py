"""What trials that start from pretrained weights gain over trials that do not: differences, with intervals.

Knows the contender `none` of the keys `pretext` and `weights`; knows nothing of figures, pages or files.
"""

import pandas as pd

from analysis.numbers import alarms, format, grid, plateau, stats, summary

KEYS, WITHOUT = ("pretext", "weights"), "none"
EARLY = 0.25
"""Share of the epochs after which is asked how fast scores changed."""
KIND = "95 % Welch t interval of the difference"
QUESTIONS = {
    "loss": "validation loss after a quarter of the epochs",
    "score": "validation {metric} after a quarter of the epochs",
    "plateau": "first epoch within 1 % of its best validation {metric}",
    "best": "test {metric} at the end",
}


def differences(df: pd.DataFrame) -> pd.DataFrame:
    """With pretrained weights less without, at every place where both meet: the four questions that a seed asked.

    Args:
        df: the trials of a study.

    Returns:
        One row per place, question and weights: `place`, `question`, `metric`, `weights`, `without`, `with` (means),
        `difference`, `low`, `high` (95 % Welch t interval), `n_without`, `n_with`, `one_class` (either
        gives one class to all images at its end). Empty unless one of `KEYS` competes
        and `none` is among its values.
    """
    columns = ["place", "question", "metric", "weights", "without", "with"]
    columns += ["difference", "low", "high", "n_without", "n_with", "one_class"]
    found = grid.grid(df).set_index("cell")
    key = next((key for key in KEYS if key in found and (found[key] == WITHOUT).any()), None)
    if key is None:
        return pd.DataFrame(columns=columns)
    places = grid.titles(df, (key,))
    values, odd, rows = _values(df), alarms.one_class(df), []
    for place in grid.meetings(df, key):
        cells = found[places[found.index] == place]
        named = dict(zip(cells[key], cells.index, strict=True))
        base = named.pop(WITHOUT, None)
        for (question, metric), scores in values.items() if base else ():
            for weights, cell in named.items():
                if base in scores and cell in scores:
                    a, b = scores[cell], scores[base]
                    told = stats.difference(a, b, stats.bounds(metric))
                    about = (*told[:3], len(b), len(a), not odd.isdisjoint((base, cell)))
                    rows.append((place, question, metric, weights, b.mean(), a.mean(), *about))
    return pd.DataFrame(rows, columns=columns)


def _values(df: pd.DataFrame) -> dict[tuple[str, str], dict[str, pd.Series]]:
    """By question and metric, and by cell: the value of each replicate."""
    metric, again = summary.objective(df), summary.replicates(df)["trial"]
    found: dict[tuple[str, str], pd.DataFrame] = {}
    for question, name in (("loss", "loss"), ("score", metric)):
        rows = summary.scores(df, "val", name).dropna(subset=["epoch"])
        rows = rows[rows["epoch"] >= EARLY * rows.groupby("trial")["epoch"].transform("max")]
        found[question, name] = rows.drop_duplicates("trial")[["cell", "trial", "score"]]
    reached = plateau.runs(df)
    reached = reached[reached["share"] == plateau.SHARES[-1]]
    found["plateau", "epoch"] = reached.rename(columns={"epoch": "score"})[["cell", "trial", "score"]]
    known = set(df.loc[df["split"] == "test", "metric"].dropna())
    for name in [metric, *(each for each in stats.SHARES if each in known and each != metric)]:
        found["best", name] = summary.scores(df, "test", name).drop_duplicates("trial", keep="last")
    kept = {key: rows[rows["trial"].isin(again)] for key, rows in found.items()}
    return {key: {str(cell): group["score"] for cell, group in rows.groupby("cell")} for key, rows in kept.items()}


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The table of `differences` as short texts."""
    objective = summary.objective(df)
    rows = []
    for row in differences(df).rename(columns={"with": "given"}).itertuples(index=False):
        scores = [_number(each, row.metric) for each in (row.given, row.without)]
        spread = _number(row.difference, row.metric)
        if not pd.isna(row.low):
            spread += f" [{_number(row.low, row.metric)}, {_number(row.high, row.metric)}]"
        question = QUESTIONS[row.question].format(metric=row.metric if row.question == "best" else objective)
        rows.append((row.place, question, row.weights, *scores, spread, f"{row.n_with} and {row.n_without}"))
    heads = ["where", "question", "weights", "with", "without", "difference [95 %]", "n"]
    return pd.DataFrame(rows, columns=heads, dtype="string")


def _number(value: float, metric: str) -> str:
    digits = {"epoch": 1, "loss": 3}.get(metric)
    return format.score(value, metric) if digits is None else f"{value:.{digits}f}"


def sentences(df: pd.DataFrame) -> list[str]:
    """What pretraining gained on the test, and how much sooner its plateau came, one sentence per place and weights."""
    found, metric, told = differences(df), summary.objective(df), []
    for (place, weights), rows in found.groupby(["place", "weights"], sort=False):
        best = rows[(rows["question"] == "best") & (rows["metric"] == metric)]
        soon = rows[rows["question"] == "plateau"]
        if best.empty:
            continue
        gain = best.iloc[0]
        spread = format.spread(stats.Interval(gain["difference"], gain["low"], gain["high"], 0), metric)
        verdict = _verdict(gain, "a gain", "a loss", "no gain is claimed, since the interval includes 0")
        n = f"n = {gain['n_with']} and {gain['n_without']}"
        said = f"{place}, {weights}: {spread} points of test {metric}, {n}: {verdict}"
        if len(soon):
            late = soon.iloc[0]
            ends = plateau.spread(late["difference"], late["low"], late["high"])
            when = _verdict(late, "later", "sooner", "not told apart")
            if late["one_class"]:
                when = "nothing is claimed, since a run that gives one class is on its plateau from the start"
            said += f"; its plateau (99 % of its own best on validation) comes {ends} epochs after the other's: {when}"
        told.append(f"{said}.")
    return told


def _verdict(row: pd.Series, above: str, below: str, between: str) -> str:
    if not row["high"] - row["low"] > stats.WIDTH:
        return "nothing is claimed, since there is no interval"  # equal scores, or epochs, say nothing of a spread
    return above if row["low"] > 0 else below if row["high"] < 0 else between
