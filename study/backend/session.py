"""Ray itself: started on this machine or joined at an address, quiet, and checked to hold one trial at least.

Knows nothing of trials, cells or Tune.
"""

import errno
import gc
import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

os.environ.update(  # before ray is imported
    RAY_USAGE_STATS_ENABLED="0",
    RAY_worker_niceness="0",  # Ray's 15 lets trials starve on a shared machine
)

import ray

from study.backend import auth_token, preflight
from study.errors import STOPPED_EARLY, RayFailed, Stopped
from study.storage import store
from study.training.failures import name_of, text_of


@dataclass(frozen=True)
class Place:
    """What one trial occupies, and how many trials are handed out at once."""

    cpus: float
    gpus: float
    slots: int


Packing = Callable[[float], float]
"""Trials that the CPUs beside a GPU are enough for → the part of a GPU that a trial is to have."""


@contextmanager
def cluster(
    address: str | None = None,
    cpus: float = 1.0,
    gpus: float | Packing | None = None,
    one_at_a_time: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> Iterator[Place]:
    """Hold a Ray cluster while trials run.

    Args:
        address: of a running cluster; None starts one here, of all this machine's cores, that ends with this process.
        cpus: of one trial, > 0.
        gpus: of one trial, may be a part of one; None is one where the cluster has any. A function is asked, once Ray
            runs, where there are some and trials may share them.
        one_at_a_time: hands out one trial only, so that results come in a fixed order.
        ready: called once Ray runs, before anything is tried on it.

    Raises:
        UserError: no cluster at the address, or a trial wants more than it has.
        RayFailed: Ray cannot start here, or breaks down.
    """
    _start(address)
    try:
        ready()
        there = ray.cluster_resources()
        part = _part(there, cpus, gpus, one_at_a_time)
        wanted = {"CPU": cpus, "GPU": part}
        for kind, each in wanted.items():
            preflight.refuse_more(kind, each, there.get(kind, 0.0))
        fit = min(math.floor(there[kind] / each) for kind, each in wanted.items() if each > 0)
        yield Place(cpus, part, 1 if one_at_a_time else fit)
    except ray.exceptions.RayError as error:
        raise RayFailed(f"Ray broke down ({line(error)})") from error
    finally:
        _end()


def on_workers(
    call: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], place: Place, check: Callable[[], None]
) -> Iterator[tuple[int, Exception | None]]:
    """Call a function with each of some arguments, in processes that occupy what a trial does.

    Args:
        call: a function of a module; what it returns is dropped.
        jobs: its arguments, one tuple a call.
        place: of a trial, in a cluster that is held.
        check: called several times a second; what it raises ends all calls at once.

    Yields:
        As each call ends: its number, and what it raised, or why its process died.
    """
    remote: Any = ray.remote(num_cpus=place.cpus, num_gpus=place.gpus, max_retries=0, max_calls=1)(_called)
    chosen = os.environ.get("STUDY_STORE")
    running = {remote.remote(call, chosen, *job): number for number, job in enumerate(jobs)}
    try:
        while running:
            done, _ = ray.wait(list(running), timeout=0.2)
            check()
            for each in done:
                yield running.pop(each), _raised(each)
    finally:
        for each in running:
            ray.cancel(each, force=True)


def _called(call: Callable[..., Any], chosen: str | None, *job: Any) -> None:
    store.prefer(chosen)
    call(*job)


def _raised(done: Any) -> Exception | None:
    try:
        ray.get(done)
    except ray.exceptions.RayTaskError as error:
        return error.cause if isinstance(error.cause, Exception) else error
    except ray.exceptions.RayError as error:
        return error
    return None


def line(error: BaseException, which: int = 0) -> str:
    """Describe an error in a line.

    Args:
        error: of Ray, or of what ran on it.
        which: of the lines of its text.
    """
    lines = text_of(error).strip().splitlines() or [""]
    return f"{name_of(error)}: {lines[which].strip()}"[:200]


def _part(there: Mapping[str, float], cpus: float, gpus: float | Packing | None, one_at_a_time: bool) -> float:
    """Give the GPUs of one trial."""
    have = there.get("GPU", 0.0)
    if not callable(gpus):
        return float(have > 0) if gpus is None else gpus
    if have < 1 or one_at_a_time or there.get("CPU", 0.0) < cpus:  # too few CPUs are refused without a try
        return float(have > 0)
    return gpus(there["CPU"] / have / cpus)


def _end() -> None:
    """End Ray, without collecting garbage meanwhile.

    Ray ends the process, with exit code 1, where a thread frees a reference to one of its objects while it shuts down;
    any thread does that which happens to run the collector.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collecting:
            gc.enable()


def _init(**options: Any) -> None:
    """Call Ray's own, whose handler of SIGTERM exits with the signal's number.

    Raises:
        Stopped: that came.
    """
    try:
        ray.init(**options)
    except SystemExit as error:
        raise Stopped(STOPPED_EARLY) from error


def _start_here(quiet: dict[str, Any]) -> None:
    """Start Ray on this machine.

    Raises:
        RayFailed: it cannot start, whatever the reason.
    """
    try:
        _init(address="local", include_dashboard=False, **quiet)
    except Stopped:
        raise
    except Exception as error:  # the storage's, threads', sockets', or Ray's own
        if (limit := getattr(error, "errno", None)) in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(limit, os.strerror(limit), str(preflight.temporary())) from error
        logs = preflight.temporary() / "ray" / "session_latest" / "logs"
        raise RayFailed(f"Ray cannot start on this machine ({line(error)}); its logs are in {logs}") from error


def _start(address: str | None) -> None:
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    quiet: dict[str, Any] = {"logging_level": "CRITICAL", "log_to_driver": False, "configure_logging": False}
    auth_token.check(make=address is None)
    if address is None:
        _start_here(quiet)
        return
    preflight.knock(address)
    try:
        _init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        raise preflight.nobody(address, error) from error
