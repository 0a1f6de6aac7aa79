"""`python -m tests.support.journaled_run …`: the command, with workers that also write a journal to $JOURNAL.

The journal is an independent record of what ran: a line for each trial's start and each report.
"""

import functools
import os
import sys
from pathlib import Path

from study import run
from study.backend import tune
from study.search import autosave
from tests.support.toys import note


class JournalWorker(tune.Worker):
    def _start(self, jobs):
        self._names = [job["trial"] for job in jobs]
        for name in self._names:
            note(Path(os.environ["JOURNAL"]), name, "start")
        super()._start(jobs)

    def step(self):
        result = super().step()
        for name, report in result.get("results") or [(name, {}) for name in self._names]:
            note(Path(os.environ["JOURNAL"]), name, report.get("epoch", "failed"))
        return result


if __name__ == "__main__":
    autosave.TABLE_EVERY = float(os.environ.get("TABLE_EVERY", autosave.TABLE_EVERY))
    tune.run = functools.partial(tune.run, trainable=JournalWorker)
    sys.exit(run.main())
