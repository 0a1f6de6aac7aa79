"""What Tune runs on a worker: one bundle of trials after another in one process, and how each ends.

Knows what ends a training; knows nothing of what is trained (`worker.py`) or of what a result decides.
"""

import os
import socket
import time
from collections.abc import Generator, Sequence
from typing import Any

from ray import tune

from study.backend import exit_causes, out_of_memory
from study.backend.worker import Results, results


class Worker(tune.Trainable):
    """One bundle of trials after another in one process; torch, the data and the device are set up once.

    An exception is a result too, so that it costs its trials only; a storage that fails is told apart, since it is not
    the trials' fault.
    """

    _results: Generator[Results] | None = None
    _jobs: Sequence[dict[str, Any]] = ()

    def setup(self, config: dict[str, Any]) -> None:
        exit_causes.note_exits()
        self._start(config["jobs"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._start(new_config["jobs"])
        return True

    def step(self) -> dict[str, Any]:
        """Train to the next reports."""
        where: dict[str, Any] = {"worker": f"{socket.gethostname()}:{os.getpid()}"}
        try:
            assert self._results is not None
            said = next(self._results, None)
            if said is None:
                raise RuntimeError("the training ended before its last report")
            where["time"] = max(0.0, time.time())  # a clock may stand before 1970
            return where | {"results": list(said.items())}  # a list: Tune flattens nested dicts
        except BaseException as error:  # trials may call sys.exit
            if _signalled(error):
                raise
            broken = {"storage" if isinstance(error, OSError) else "broken": [out_of_memory.told(error, self._jobs)]}
            out_of_memory.forget(error)
        self.cleanup()
        out_of_memory.free()
        return broken

    def cleanup(self) -> None:
        """End a training; what its own code raises meanwhile is not the next trial's fault."""
        try:
            if self._results is not None:
                self._results.close()
        except BaseException as error:
            if _signalled(error):
                raise

    def _start(self, jobs: list[dict[str, Any]]) -> None:
        self.cleanup()
        self._jobs, self._results = jobs, results(jobs)


def _signalled(error: BaseException) -> bool:
    """Whether Ray ends this process, as it does upon SIGTERM: the trial resumes elsewhere."""
    return isinstance(error, SystemExit) and hasattr(error, "ray_terminate_msg")
