"""What `study.rank` prints of a ranking: two plain tables of at most 100 columns, and sentences. Computes nothing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME = 25
"""Columns of a network's name; a longer one has a line of its own."""
SCORES = ("network", "linear probe", "behind the best", "kNN")
COSTS = ("network", "features", "probes", "images/s", "G MACs", "M param.", "width", "licence")


def lines(table: "pd.DataFrame") -> Iterator[str]:
    """Write a ranking, the best network first."""
    records, about = table.to_dict("records"), table.attrs
    yield f"percent {about['metric']} on {about['images']:,} images of {about['groups']:,} groups, each in its turn"
    yield f"tested by probes fitted to about {about['trained_on']:,} images of other groups ({about['folds']} folds)"
    yield ""
    yield from _table(SCORES, [_scores(record) for record in records])
    yield ""
    yield from _table(COSTS, [_costs(record) for record in records])
    yield ""
    yield "Brackets are 95 % intervals for images like these; groups were resampled, probes not fitted again."
    if len(records) > 1:
        comparisons = f"{len(records) - 1} comparisons" if len(records) > 2 else "one comparison"
        yield f"Behind the best: on the same resamples, with intervals for {comparisons}."
    if about["scarce"]:
        some = ", ".join(about["scarce"][:5]) + (" …" if len(about["scarce"]) > 5 else "")
        yield f"Fewer groups than folds, so that some folds do not train on or test them: {some}."
    yield verdict(records)


def verdict(records: Sequence[dict[Any, Any]]) -> str:
    """Say which networks cannot be told apart from the best."""
    best, rest = records[0]["network"], records[1:]
    equal = [record["network"] for record in rest if record["as_good"]]
    if not rest:
        return f"{best} has nothing to be compared with."
    if not equal:
        return f"{best} is ahead of all others."
    return f"{best} has the highest score; not to be told apart from it: {', '.join(equal)}."


def _scores(record: dict[Any, Any]) -> tuple[str, ...]:
    behind = "–" if record["best"] else _interval(record, "behind")
    mark = " =" if record["as_good"] and not record["best"] else ""
    return (record["network"], _interval(record, "probe"), behind + mark, _interval(record, "knn"))


def _costs(record: dict[Any, Any]) -> tuple[str, ...]:
    macs = "–" if record["macs"] is None or record["macs"] != record["macs"] else f"{record['macs'] / 1e9:.2f}"
    return (
        record["network"],
        f"{record['feature_seconds']:.1f} s" if record["computed"] else "stored",
        f"{record['probe_seconds']:.1f} s",
        f"{record['images_per_second']:.0f}",
        macs,
        f"{record['parameters'] / 1e6:.1f}",
        str(record["features"]),
        str(record["licence"]),
    )


def _interval(record: dict[Any, Any], name: str) -> str:
    value, low, high = (100 * record[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    wide = min(NAME, max(len(row[0]) for row in [header, *rows]))
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(1, len(header))]
    for name, *cells in [header, *rows]:
        if len(name) > wide:
            yield name
            name = ""
        cells = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield "  ".join([name.ljust(wide), *cells]).rstrip()
