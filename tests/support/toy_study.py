"""The toy study of `toys` on a real Ray, in place of a study that trains: for tests of Ray, faults and kills.

`python -m tests.support.toy_study FOLDER` runs it in a process of its own, which a test may kill.
"""

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
    """Run, or resume, the toy study in a folder.

    Args:
        folder: of the study.
        deterministic: run one bundle at a time.
        faults: ending of a trial's name → how the trial ends, see `toys`.
        pause: seconds an epoch.
        together: search trials that a worker trains at once.
        timeout: seconds without a report after which a trial is ended.
        address: of a running Ray cluster; None starts one.
        gpus: of one trial.
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

    with cluster(address, gpus=gpus, one_at_a_time=deterministic) as place:
        tune.run(
            state,
            job,
            storage=folder / "tune",
            place=place,
            trainable=ToyWorker,
            bundle=lambda trial: together,
            timeout=timeout,
        )
    return state


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--deterministic" in sys.argv, together=4 if "--together" in sys.argv else 1)
