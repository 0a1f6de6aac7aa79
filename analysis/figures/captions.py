"""What is said of a figure: its caption, and a text for those who cannot see it.

Knows the numbers that a figure draws; knows nothing of its ink, of pages or of a report.
"""

import pandas as pd

from analysis.numbers import format, stats, summary


def label_fraction_caption(data: pd.DataFrame) -> str:
    """What the points, lines and bars of score against label fraction are, and over how many trials."""
    name, key = "Test" if data["split"].iloc[0] == "test" else "Validation", data["key"].iloc[0]
    several = data["label_fraction"].nunique() > 1
    against = "against the share of labels asked for" if several else f"per {key}"
    said = f"{name} {data['metric'].iloc[0]} {against}. {_images(data)}"
    if name == "Validation":
        return said + (
            "No replicate has a test score yet: points are the validation scores of the cells' winners, n = 1 each, "
            "without interval; a winner was picked for being high, so they lean upwards." + _untrained(data)
        )
    shifted = f" {format.many(key).capitalize()} are shifted sideways so that bars can be seen." if several else ""
    return said + f"{_points(data)} Bars: {stats.KIND} over replicates." + _untrained(data) + shifted


def _points(data: pd.DataFrame) -> str:
    replicates = f"{format.counts(data['n'])} {'replicates' if data['n'].max() > 1 else 'replicate'}"
    whose = {
        (True, False): "of each cell's winner with fresh seeds",
        (True, True): "of each cell's winner, or of the values as published, with fresh seeds",
        (False, True): "of the values as published with fresh seeds",
    }[(data["role"] != "published").any(), (data["role"] == "published").any()]
    return f"Points: mean over n = {replicates} {whose}, on the test split."


def _images(data: pd.DataFrame) -> str:
    """How many images a fraction came to, and that validation has no part in it."""
    each = data.dropna(subset=["label_fraction", "fewest"]).groupby("label_fraction")
    told = [f"{format.fraction(share)}: {format.counts([*rows['fewest'], *rows['most']])}" for share, rows in each]
    drawn = f"Training images with labels, drawn in whole groups, at least one a class: {'; '.join(told)}. "
    return (drawn if told else "") + "The validation split keeps its full labels at every fraction. "


def _untrained(data: pd.DataFrame) -> str:
    """Why some points have no bars although they were repeated."""
    untrained = data["regime"].isin(summary.UNTRAINED)
    names = [", ".join(dict.fromkeys(data.loc[rows, "contender"])) for rows in (untrained, data["fixed"] & ~untrained)]
    how = "a level line" if data["label_fraction"].nunique() > 1 else "a point"
    told = f" {names[0]} trains nothing and reads no labels: {how} without interval." if names[0] else ""
    same = "trains nothing and all seeds read the same labels: equal scores, no interval"
    return told + (f" {names[1]} {same}." if names[1] else "")


def label_fraction_alt(data: pd.DataFrame) -> str:
    """Every point of score against label fraction in words."""
    panels = data["panel"].nunique() > 1
    told = [
        f"{row.contender} {f'({row.panel}) ' if panels else ''}"
        f"{'' if pd.isna(row.label_fraction) else _at(row.label_fraction)}"
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return f"{format.unit(data['metric'].iloc[0])} against label fraction per {data['key'].iloc[0]}: {'; '.join(told)}."


def _at(share: float) -> str:
    return f"at {format.fraction(share)} of the labels "


def curves_caption(data: pd.DataFrame) -> str:
    """What the lines of the learning curves are, and how many."""
    kinds = data.drop_duplicates("trial")["kind"].value_counts()
    again, published = (int(kinds.get(kind, 0)) for kind in ("replicate", "published"))
    searched = data["trial"].nunique() - again - published
    counted = [
        f"{format.plural(searched, 'search trial')}",
        f"{format.plural(again, 'replicate')} of the winners",
    ]
    counted += [f"{format.plural(published, 'trial')} as published"] if published else []
    return (
        f"Validation {data['metric'].iloc[0]} per epoch, one panel per cell. Every line is one trial (n = "
        f"{', '.join(counted)}), so there is "
        "no interval: the spread of the thin coloured lines is the spread over seeds. "
        f"Grey: the other trials of the search, dashed where pruned.{_on_test(data)}"
    )


def _on_test(data: pd.DataFrame) -> str:
    """How many panels have the test's scores in the place of validation's."""
    found, panels = data[data["val_is_test"]], data["panel"].nunique()
    number, said = found["panel"].nunique(), format.on_test(set(found["kind"]) == {"published"})
    several = "is", "its curve is"
    if number > 1:
        several = "are", "their curves are"
    told = f" {number} of {format.plural(panels, 'panel')} {several[0]} {said}: {several[1]} the test's."
    return told if number else ""


def _ends(data: pd.DataFrame) -> str:
    """Per panel, the winner's last score: the words of a small-multiples figure."""
    best = data[data["kind"] == "winner"].sort_values("epoch").drop_duplicates("cell", keep="last")
    told = [f"{row.panel} {format.score(row.score, row.metric)}" for row in best.itertuples()]
    return f" Winners at their last epoch: {'; '.join(told)}." if told else " No cell has a winner yet."


def curves_alt(data: pd.DataFrame) -> str:
    """How high the winners' curves end."""
    said = f"Learning curves, {format.unit(data['metric'].iloc[0])} on validation per epoch."
    return said + _ends(data) + _on_test(data)


def _marks(data: pd.DataFrame) -> str:
    told = format.kinds(data["kind"].value_counts().items())
    return (
        f"Each mark is one search trial (n = {len(data)}: {told}), so there is no interval; "
        "other tuned values differ between marks. Star: the cell's winner. "
        f"Crosses: pruned, at the score of the epoch where they were stopped.{_on_test(data)}"
    )


def lr_caption(data: pd.DataFrame) -> str:
    """What the marks over the learning rate are, and how many."""
    return f"Last validation {data['metric'].iloc[0]} against the learning rate. {_marks(data)}"


def depth_caption(data: pd.DataFrame) -> str:
    """What the marks and the line over the freezing depth are, and how many marks."""
    return (
        f"Last validation {data['metric'].iloc[0]} against the number of frozen stages, for cells that read it. "
        f"{_marks(data)} The line joins the best complete trial at each depth."
    )


def lr_alt(data: pd.DataFrame) -> str:
    """At which learning rate the winners are, and how high."""
    best = data[data["kind"] == "winner"]
    told = "; ".join(f"{row.panel} {format.number(row.lr)}" for row in best.itertuples())
    return f"Last validation score against learning rate per cell. Winners' rates: {told or 'none yet'}." + _ends(data)


def depth_alt(data: pd.DataFrame) -> str:
    """At which depth the winners are, and how high."""
    best = data[data["kind"] == "winner"]
    told = "; ".join(f"{row.panel} {row.freeze_depth}" for row in best.itertuples())
    return f"Last validation score against freezing depth. Winners' depths: {told or 'none yet'}." + _ends(data)
