"""`python -m tests.journaled_run …`: the command, whose workers keep a journal of their own in $JOURNAL.

The journal is the independent truth of what ran: a line for each trial's start and each report.
"""

import functools
import os
import sys
from pathlib import Path

from study import run, search
from tests.toys import note


class JournalWorker(search.Worker):
    def _start(self, job):
        self._name = job["trial"]
        note(Path(os.environ["JOURNAL"]), self._name, "start")
        super()._start(job)

    def step(self):
        result = super().step()
        note(Path(os.environ["JOURNAL"]), self._name, result.get("epoch", "failed"))
        return result


if __name__ == "__main__":
    search.run = functools.partial(search.run, trainable=JournalWorker)
    sys.exit(run.main())
