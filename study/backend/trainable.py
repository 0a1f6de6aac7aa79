"""The process that Tune runs on a worker: trains one bundle of trials after another, and reports how each ends.

Knows what ends a training; knows nothing of what is trained (`bundle_training.py`) or of what a result decides.
"""

import os
import socket
import time
from collections.abc import Generator, Sequence
from typing import Any

from ray import tune

from study.backend import exit_causes, out_of_memory
from study.backend.worker import results
from study.search.job import Job, Results


class Worker(tune.Trainable):
    """One bundle of trials after another in one process; torch, the data and the device are set up once.

    An exception is a result too, so that it costs its own trials only. Errors of the storage have a key of their own,
    since they are not the trials' fault.
    """

    _results: Generator[Results] | None = None
    _jobs: Sequence[Job] = ()

    def setup(self, config: dict[str, Any]) -> None:
        exit_causes.note_exits()
        self._start(config["jobs"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._start(new_config["jobs"])
        return True

    def step(self) -> dict[str, Any]:
        """Train to the next reports."""
        origin: dict[str, Any] = {"worker": f"{socket.gethostname()}:{os.getpid()}"}
        try:
            assert self._results is not None
            by_trial = next(self._results, None)
            if by_trial is None:
                raise RuntimeError("the training ended before its last report")
            origin["time"] = max(0.0, time.time())  # a clock may be set to before 1970
            return origin | {"results": list(by_trial.items())}  # a list: Tune flattens nested dicts
        except BaseException as error:  # trials may call sys.exit
            if _signalled(error):
                raise
            kind = "storage" if isinstance(error, OSError) else "broken"
            broken = {kind: [out_of_memory.as_result(error, self._jobs)]}
            out_of_memory.forget(error)
        self.cleanup()
        out_of_memory.free()
        return broken

    def cleanup(self) -> None:
        """End a training; an error of its own code meanwhile is not the next trial's fault."""
        try:
            if self._results is not None:
                self._results.close()
        except BaseException as error:
            if _signalled(error):
                raise

    def _start(self, jobs: list[Job]) -> None:
        self.cleanup()
        self._jobs, self._results = jobs, results(jobs)


def _signalled(error: BaseException) -> bool:
    """Whether Ray ends this process, as after SIGTERM: the trial resumes elsewhere."""
    return isinstance(error, SystemExit) and hasattr(error, "ray_terminate_msg")
