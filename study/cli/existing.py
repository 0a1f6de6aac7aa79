"""Reads what a study has recorded, and refuses a study that has lost some of it.

A study has the same facts more than once: the table was made from the ledger, and no trial has a checkpoint or a
network before the ledger has its start.
"""

from collections.abc import Iterable
from pathlib import Path

from analysis.numbers import table
from study.errors import Damaged
from study.storage import checksums, ledger
from study.storage.study_folder import read_study

PER_TRIAL = ("checkpoints", "models")
"""Folders with a folder for each trial."""


def read(folder: Path, networks: bool = True) -> list[ledger.Event]:
    """Read what a study has recorded, and look at what else it keeps.

    Args:
        folder: of the study.
        networks: whether they must be whole: those of a study that was fetched from a URI may be on their way.

    Raises:
        Damaged: a file of the study is not what was written, or is gone; names it.
    """
    known = (folder / "study.json").exists()
    events = ledger.load(folder / "ledger", read_study(folder) if known else None)
    if known:
        refuse_lost(folder, events)
        if networks:
            checksums.refuse_damaged(folder / "models")
    return events


def refuse_lost(folder: Path, events: Iterable[ledger.Event]) -> None:
    """Compare a ledger with what else a study has of the trials that it knew.

    Args:
        folder: of the study: `table.parquet` was made from the ledger once, and no trial has a checkpoint or a network
            before the ledger has its start.
        events: the ledger's.

    Raises:
        Damaged: there is something of which the ledger knows nothing any more.
    """
    events, path = list(events), folder / "table.parquet"
    if lost := sorted(_seen(path) - _reported(events)):
        trial, epoch = lost[0]
        missing = f"has lost {len(lost)} reports that {path.name} has, as of trial {trial}, epoch {epoch}"
        raise Damaged(f"{folder / 'ledger'} {missing}")
    known = {event["trial"] for event in events}
    for trial_folder in (path for place in PER_TRIAL for path in sorted((folder / place).glob("[!.]*/"))):
        if trial_folder.name not in known:
            name = trial_folder.name
            raise Damaged(f"{folder / 'ledger'} has lost trial {name}, of which {trial_folder} is left")


def _seen(path: Path) -> set[tuple[str, int]]:
    """Give trials and epochs of a table; none where there is no table, or it is damaged: it will be made anew."""
    try:
        pairs = table.columns(path, ("trial", "epoch"))
    except (OSError, table.TableError):
        return set()
    return set(pairs.dropna().drop_duplicates().itertuples(index=False, name=None))


def _reported(events: Iterable[ledger.Event]) -> set[tuple[str, int]]:
    known: set[tuple[str, int]] = set()
    for event in events:
        rows = event["rows"] if event["kind"] == "pretrain" else [event] if event["kind"] == "report" else []
        known |= {(event["trial"], row["epoch"]) for row in rows}
    return known
