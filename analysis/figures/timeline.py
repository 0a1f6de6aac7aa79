"""Which worker trained which trial when, so that idle workers are visible: numbers, ink and words.

Knows the times of a table's reports; knows nothing of what a worker did beside training.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import looks
from analysis.numbers import comparisons, format
from analysis.numbers.study_table import StudyTable

BAR = 0.8  # of the height of a worker's row
ROW = 0.22  # inches of height
MARGIN = 1.7  # inches of axis, legend and source line
ROLES: dict[str, dict[str, Any]] = {  # each in its contender's colour, distinct in grey too
    "search": {"hatch": None, "label": "search"},
    "replicate": {"hatch": "////", "label": "replicates"},
    "published": {"hatch": "xxxx", "label": "as published"},
}
UNITS = ((2 * 3600, "hours", 3600), (2 * 60, "minutes", 60), (0, "seconds", 1))  # least seconds, name, seconds of one


def data(table: StudyTable) -> pd.DataFrame:
    """The spans of time in which workers trained trials.

    Returns:
        One row per worker and trial, by cell and begin: `panel`, `cell`, `key`, `contender`, `look`, `trial`, `role`,
        `state`, `worker` (host:pid), `row` (the worker's, by its first begin, 0 first), `lane` and `lanes` (place among
        the trials that a worker trained at the same time, and their number), `begin`, `end` (seconds since the first
        begin of all), `n` (reports). A span ends with the last report. It begins with the first, less the seconds that
        this took by the trial's own clock. Of trials that are trained together each clock counts a share.
    """
    reports = table.trial_rows.dropna(subset=["worker", "time", "epoch", "seconds"])
    reports = reports.groupby(["trial", "epoch"], sort=True).agg(
        dict.fromkeys(("cell", "role", "state", "worker"), "first") | {"time": "max", "seconds": "max"}
    )
    took = reports["seconds"] - reports.groupby("trial")["seconds"].shift(fill_value=0)
    reports = reports.assign(begin=reports["time"] - took.clip(lower=0)).reset_index()
    columns = dict.fromkeys(("cell", "role", "state"), "first") | {"begin": "min", "time": "max", "epoch": "size"}
    spans = reports.groupby(["trial", "worker"], sort=True).agg(columns).reset_index()
    spans = spans.rename(columns={"time": "end", "epoch": "n"})
    spans[["begin", "end"]] -= spans["begin"].min()
    spans = spans.sort_values(["begin", "trial"], kind="stable").reset_index(drop=True)
    spans["row"] = pd.factorize(spans["worker"])[0]
    spans = spans.join(_lanes(spans))
    order = ["cell", "trial", "role", "state", "worker", "row", "lane", "lanes", "begin", "end", "n"]
    return comparisons.placed(spans[order], table).assign(panel=format.title({}))


def _lanes(spans: pd.DataFrame) -> pd.DataFrame:
    """The lane of each span among the spans of its worker that overlap it, directly or through others."""
    places = pd.DataFrame({"lane": 0, "lanes": 1}, index=spans.index)
    for _, rows in spans.groupby("row"):
        group: list[Any] = []
        ends: list[float] = []
        for span in rows.itertuples():
            if ends and span.begin >= max(ends):
                group, ends = [], []
            free = next((lane for lane, end in enumerate(ends) if end <= span.begin), len(ends))
            ends[free : free + 1] = [span.end]
            group.append(span.Index)
            places.loc[span.Index, "lane"] = free
            places.loc[group, "lanes"] = len(ends)
    return places


def busy(data: pd.DataFrame) -> pd.Series:
    """Per worker (the index, in order): the share of the time from the first begin to the last end that it trained."""
    whole = data["end"].max() - data["begin"].min()
    workers = data.sort_values("row").groupby("worker", sort=False)
    shares = {worker: _covered(rows) / whole if whole else 1.0 for worker, rows in workers}
    return pd.Series(shares, dtype="float64")


def _covered(rows: pd.DataFrame) -> float:
    """Seconds that are in at least one span."""
    total, until = 0.0, float("-inf")
    for begin, end in rows.sort_values("begin")[["begin", "end"]].itertuples(index=False):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def names(data: pd.DataFrame) -> list[str]:
    """The workers' names, by row: numbers, with their host if there are several hosts."""
    hosts = data.drop_duplicates("row").sort_values("row")["worker"].str.rpartition(":")[0]
    short = hosts.str.partition(".")[0] if hosts.nunique() > 1 else pd.Series("worker", index=hosts.index)
    number = short.groupby(hosts).cumcount() + 1
    return [f"{host} {place}" for host, place in zip(short, number, strict=True)]


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a row per worker and a bar per trial in its contender's colour; white is idle time."""
    unit, seconds = _unit(data)
    bars = data.assign(left=data["begin"] / seconds, width=(data["end"] - data["begin"]) / seconds)
    bars["height"] = BAR / bars["lanes"]
    bars["y"] = bars["row"] - BAR / 2 + (bars["lane"] + 0.5) * bars["height"]
    for (_, role), rows in bars.groupby(["contender", "role"], sort=False):
        colour, hatch = looks.look(rows["look"].iloc[0]).colour, ROLES[str(role)]["hatch"]
        line: dict[str, Any] = {"color": "white" if hatch else colour, "edgecolor": colour if hatch else "0.2"}
        ax.barh(rows["y"], rows["width"], rows["height"], rows["left"], hatch=hatch, lw=0.5 if hatch else 0.2, **line)
    _keys(data, ax)
    labels = names(data)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlim(left=0)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{unit} since the first trial began")


def _keys(data: pd.DataFrame, ax: Axes) -> None:
    """Draw bars without length for the legend: a colour per contender, a hatch per role."""
    for name, rows in data.groupby("contender", sort=False):
        ax.barh(0, 0, color=looks.look(rows["look"].iloc[0]).colour, label=str(name))
    for role, mark in ROLES.items():
        if mark["hatch"] and role in set(data["role"]):
            ax.barh(0, 0, color="white", edgecolor="0.2", lw=0.4, **mark)


def _unit(data: pd.DataFrame) -> tuple[str, int]:
    return next((unit, seconds) for least, unit, seconds in UNITS if data["end"].max() >= least)


def height(data: pd.DataFrame) -> float:
    """Inches that the workers' rows need."""
    return MARGIN + ROW * data["worker"].nunique()


def caption(data: pd.DataFrame) -> str:
    """What bars and gaps are, and how busy the workers were."""
    share, unit = busy(data), _unit(data)
    wall = (data["end"].max() - data["begin"].min()) / unit[1]
    least = f", the least busy {100 * share.min():.0f} %" if len(share) > 1 else ""
    return (
        f"What each worker trained when: n = {format.plural(data['trial'].nunique(), 'trial')} on "
        f"{format.plural(len(share), 'worker')} in {wall:.3g} {unit[0]}; measured, so there is no interval. Colours as "
        "in the other figures; hatched: replicates or trials as published. A bar ends with the trial's last report and "
        "begins with its first less what that took. White is idle, or spent on what no trial's clock counts, "
        f"such as the start of the worker. Trained {100 * share.mean():.0f} % of the time{least}. "
        "Bars of less height: trials trained together."
    )


def alt(data: pd.DataFrame) -> str:
    """How busy each worker was."""
    share = busy(data)
    trials = data.groupby("row")["trial"].nunique()
    workers = [
        f"{name} {format.plural(int(trials[row]), 'trial')}, busy {100 * share.iloc[row]:.0f} %"
        for row, name in enumerate(names(data))
    ]
    return f"Time line of workers, with the share of the time that each trained: {'; '.join(workers)}."
