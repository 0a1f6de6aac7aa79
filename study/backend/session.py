"""Starts Ray on this machine, or joins it at an address: quietly, and with room for at least one trial.

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

from study import plugins
from study.backend import auth_token, preflight
from study.errors import STOPPED_EARLY, RayFailed, Stopped, UserError
from study.storage import store
from study.storage.error_texts import name_of, text_of


@dataclass(frozen=True)
class Place:
    """The resources of one trial, and the number of trials that run at once."""

    cpus: float
    gpus: float
    slots: int


Packing = Callable[[float], float]
"""Number of trials that the CPUs beside a GPU suffice for → the share of a GPU that a trial gets."""


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
        address: of a running cluster; None starts one on all cores of this machine, which ends with this process.
        cpus: of one trial, > 0.
        gpus: of one trial, may be a fraction; None is one if the cluster has any. A function is called once Ray runs,
            if the cluster has GPUs and trials may share them.
        one_at_a_time: run one trial at a time, so that results come in a fixed order.
        ready: called once Ray runs, before any trial.

    Raises:
        UserError: no cluster answers at the address, or a trial needs more than it has.
        RayFailed: Ray cannot start here, or breaks down.
    """
    _start(address)
    try:
        ready()
        available = ray.cluster_resources()
        part = _part(available, cpus, gpus, one_at_a_time)
        wanted = {"CPU": cpus, "GPU": part}
        for kind, amount in wanted.items():
            preflight.refuse_more(kind, amount, available.get(kind, 0.0))
        fit = min(math.floor(available[kind] / amount) for kind, amount in wanted.items() if amount > 0)
        yield Place(cpus, part, 1 if one_at_a_time else fit)
    except ray.exceptions.RayError as error:
        raise RayFailed(f"Ray broke down ({line(error)})") from error
    finally:
        _end()


def on_workers(
    call: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    place: Place,
    check: Callable[[], None],
    code: tuple[plugins.Code, ...] = (),
) -> Iterator[tuple[int, Exception | None]]:
    """Call a function several times, in processes with the resources of a trial.

    Args:
        call: a function of a module; its result is dropped.
        jobs: its arguments, one tuple a call.
        place: resources of a trial, in a running cluster.
        check: called several times a second; what it raises ends all calls at once.
        code: of the user's own, which the function may need.

    Yields:
        As each call ends: its number, and its exception, or why its process died.
    """
    remote: Any = ray.remote(num_cpus=place.cpus, num_gpus=place.gpus, max_retries=0, max_calls=1)(_called)
    default_store = os.environ.get("STUDY_STORE")
    running = {remote.remote(call, default_store, code, *job): number for number, job in enumerate(jobs)}
    try:
        while running:
            done, _ = ray.wait(list(running), timeout=0.2)
            check()
            for reference in done:
                yield running.pop(reference), _raised(reference)
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _called(call: Callable[..., Any], default_store: str | None, code: tuple[plugins.Code, ...], *job: Any) -> None:
    store.prefer(default_store)
    plugins.fix(code)
    call(*job)


def _raised(reference: Any) -> Exception | None:
    try:
        ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        return error.cause if isinstance(error.cause, Exception) else error
    except ray.exceptions.RayError as error:
        return error
    return None


def line(error: BaseException, which: int = 0) -> str:
    """Describe an error in a line.

    Args:
        error: of Ray, or of code that ran on it.
        which: index of the line of its text.
    """
    lines = text_of(error).strip().splitlines() or [""]
    return f"{name_of(error)}: {lines[which].strip()}"[:200]


def _part(available: Mapping[str, float], cpus: float, gpus: float | Packing | None, one_at_a_time: bool) -> float:
    """Return the GPUs of one trial."""
    total = available.get("GPU", 0.0)
    if not callable(gpus):
        return float(total > 0) if gpus is None else gpus
    if total < 1 or one_at_a_time or available.get("CPU", 0.0) < cpus:  # too few CPUs are refused without measuring
        return float(total > 0)
    return gpus(available["CPU"] / total / cpus)


def _end() -> None:
    """End Ray, without collecting garbage meanwhile.

    If a thread frees a reference to one of Ray's objects while Ray shuts down, Ray ends the process with exit code 1.
    Any thread that happens to run the collector may do that.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collecting:
            gc.enable()


def _init(**options: Any) -> None:
    """Call `ray.init`, whose handler of SIGTERM exits with the signal's number.

    Raises:
        Stopped: SIGTERM came.
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
    except Exception as error:  # of the storage, threads, sockets, or Ray itself
        if (limit := getattr(error, "errno", None)) in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(limit, os.strerror(limit), str(preflight.temporary())) from error
        logs = preflight.temporary() / "ray" / "session_latest" / "logs"
        raise RayFailed(f"Ray cannot start on this machine ({line(error)}); its logs are in {logs}") from error


def _start(address: str | None) -> None:
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if ray.is_initialized():
        raise UserError("Ray runs in this process already, and a study starts its own: call ray.shutdown() first")
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
