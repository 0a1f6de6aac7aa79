"""`python -m tests.toy_study FOLDER`: a study that trains nothing, on Ray, with a ledger; to be killed by tests."""

import sys
from pathlib import Path

from study import ledger, search
from study.cluster import cluster
from tests import toys


class ToyWorker(search.Worker):
    def _start(self, jobs):
        self._results = toys.toy_results(jobs)


def main(
    folder: Path, deterministic: bool = False, fault: str = "", pause: float = 0.02, together: int = 1
) -> search.State:
    """Run, or go on with, the toy study in a folder.

    Args:
        folder: of the study.
        deterministic: one bundle at a time.
        fault: makes the third trial of each cell end badly.
        pause: seconds an epoch.
        together: search trials that a worker trains at once.
    """
    events = list(ledger.read(folder / "ledger"))
    book = ledger.Ledger(folder / "ledger", len(events))
    state = search.State(toys.SPACE.cells(), toys.state()[0].plan, search.asha(toys.SPACE.epochs, 1, 3), book.append)
    state.replay(events)

    def job(trial):
        values = toys.values_of(state, trial) | ({"fault": fault} if trial.id.endswith("s002") else {})
        plain = {"trial": trial.id, "config": values, "epochs": toys.SPACE.epochs, "pause": pause}
        return plain | {"journal": str(folder / "journal.txt")}

    with cluster(gpus=0.0, one_at_a_time=deterministic) as place:
        search.run(state, job, folder / "tune", place, trainable=ToyWorker, bundle=lambda trial: together)
    return state


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--deterministic" in sys.argv, together=4 if "--together" in sys.argv else 1)
