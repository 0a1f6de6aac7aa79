"""What networks cost and which is best at a quarter of the cost, from the table alone; see `plain`."""

from collections.abc import Iterator

import pandas as pd

from tests.analysis.plain import NONE, Study, few, mean, spread
from tests.analysis.plain_tables import Rival, Rows, less, separated

MEASURED = ("train_images_per_second", "predict_images_per_second", "peak_memory")


def panels(study: Study) -> dict[str, list[str]]:
    """The cells by what else is compared, the highest mean test score first."""
    cells: dict[str, list[str]] = {}
    for cell in study.cells if "family" in study.keys else ():
        cells.setdefault(study.title(cell, "family"), []).append(cell)
    return {panel: sorted(cells, key=lambda cell: -middle(study, cell)) for panel, cells in cells.items()}


def middle(study: Study, cell: str) -> float:
    return study.again(cell)["test"].mean()


def cost(study: Study, cell: str, name: str) -> object:
    """A cost of a cell's replicates: what is measured as the median of what each reported last."""
    rows = study.own[study.own["trial"].isin(study.again(cell)["trial"])].sort_values("epoch")
    last = rows.dropna(subset=name).groupby("trial")[name].last()
    return pd.NA if last.empty else last.median() if name in MEASURED else last.iloc[0]


def digits(value: object, unit: float = 1) -> str:
    number = float(value) / unit
    return f"{number:.3g}" if number < 100 else f"{number:,.0f}"


def costs(study: Study) -> Rows:
    rows = []
    for panel, cells in panels(study).items():
        for cell in cells:
            macs, test = cost(study, cell, "macs"), middle(study, cell)
            others = [(cost(study, one, "macs"), middle(study, one)) for one in cells if one != cell]
            licence, share = cost(study, cell, "licence"), cost(study, cell, "frozen_share")
            rows.append(
                {
                    "where": panel,
                    "network": study.cells[cell]["family"],
                    "test [95 %]": spread(mean(study.again(cell)["test"]), study.metric),
                    "n": str(len(study.again(cell))),
                    "front": "" if any(one <= macs and high >= test for one, high in others) else "yes",
                    "G MACs": digits(macs, 1e9),
                    "M parameters": digits(cost(study, cell, "parameters"), 1e6),
                    "frozen": f"{float(f'{100 * share:.2g}'):g} %",
                    "images/s": digits(cost(study, cell, "predict_images_per_second")),
                    "training images/s": digits(cost(study, cell, "train_images_per_second")),
                    "GB": digits(cost(study, cell, "peak_memory"), 1e9),
                    "licence": NONE if pd.isna(licence) else {"not stated": "licence not stated"}.get(licence, licence),
                }
            )
    return rows


def rival(study: Study, one: str, other: str) -> Rival:
    names = [study.cells[cell]["family"] for cell in (one, other)]
    a, b = (study.again(cell).set_index("seed")["test"] for cell in (one, other))
    return Rival(*names, other, a, b, *less(a, b))


def standing(one: Rival) -> int:
    return int(one.less[1] > 0 and one.less[2] - one.less[1] > 1e-9) + separated(one.a, one.b)


def verdict(study: Study, name: str, cells: list[str]) -> str:
    """Whether the first of some cells, which is called `name`, wins, leads or ties."""
    matches = [rival(study, cells[0], other) for other in cells[1:]]
    tied = [one for one in matches if not standing(one)]
    if not tied:
        best = matches[0]
        verb = "wins" if standing(best) == 2 else "leads"
        return f"{name} {verb}: {spread(best.less, study.metric)} points above {best.other}"
    names = [f"{one.other} ({spread(one.less, study.metric)} points below)" for one in tied]
    several = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    n = few(pd.Series([len(scores) for one in tied for scores in (one.a, one.b)]))
    return f"{name} has the highest mean but cannot be told apart at n = {n} from {several}"


def best(study: Study) -> Iterator[str]:
    for panel, cells in panels(study).items():
        limit = cost(study, cells[0], "macs") / 4
        cheap, name = [cell for cell in cells if cost(study, cell, "macs") <= limit], study.cells[cells[0]]["family"]
        claim = f"At {panel} {verdict(study, name, cells)}; "
        quarter = f"at most a quarter of the MACs of {name}"
        if not cheap:
            yield f"{claim}no network has {quarter}."
            continue
        apart = rival(study, cells[0], cheap[0])
        called = f"{apart.other} ({digits(cost(study, cheap[0], 'macs'), 1e9)} G MACs)"
        claim += f"of {len(cheap)} with {quarter}, {verdict(study, called, cheap)}; " if cheap[1:] else ""
        claim += f"{called} alone has {quarter}; " if not cheap[1:] else ""
        below = f"{spread(apart.less, study.metric)} points below"
        tie = f"{apart.other} cannot be told apart from {name} ({below})."
        yield claim + (f"{apart.other} lies {below} {name}." if standing(apart) else tie)
