"""`python -m tests.support.toy_study FOLDER`: a study that trains nothing, on Ray, to be killed by tests."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from study.backend import tune
from study.backend.session import cluster
from study.search import pruner
from study.space import Space
from study.storage import ledger
from tests.support import toys


class ToyWorker(tune.Worker):
    def _start(self, jobs):
        super()._start(jobs)
        self._results = toys.toy_results(jobs)


def main(
    folder: Path,
    deterministic: bool = False,
    faults: Mapping[str, str] = MappingProxyType({}),
    pause: float = 0.02,
    together: int = 1,
    timeout: float | None = None,
    address: str | None = None,
    gpus: float = 0.0,
    space: Space = toys.SPACE,
) -> tune.State:
    """Run, or go on with, the toy study in a folder.

    Args:
        folder: of the study.
        deterministic: one bundle at a time.
        faults: what a trial's name ends in → how it ends.
        pause: seconds an epoch.
        together: search trials that a worker trains at once.
        timeout: seconds without a report after which a trial is ended.
        address: of a Ray cluster that is there.
        gpus: of a trial.
        space: of the study.
    """
    events = list(ledger.read(folder / "ledger"))
    book = ledger.Ledger(folder / "ledger", len(events))
    state = tune.State(space.cells(), toys.state(space)[0].plan, pruner.asha(space.epochs, 1, 3), book.append)
    state.replay(events)

    def job(trial):
        values = toys.values_of(state, trial)
        values["fault"] = next((fault for end, fault in faults.items() if trial.id.endswith(end)), "")
        plain = {"trial": trial.id, "config": values, "epochs": space.epochs, "pause": pause}
        return plain | {"journal": str(folder / "journal.txt")}

    more = {"trainable": ToyWorker, "bundle": lambda trial: together, "timeout": timeout}
    with cluster(address, gpus=gpus, one_at_a_time=deterministic) as place:
        tune.run(state, job, folder / "tune", place, **more)
    return state


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--deterministic" in sys.argv, together=4 if "--together" in sys.argv else 1)
