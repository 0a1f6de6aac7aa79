"""Checks that trials have something to run on, before images are decoded, which may take minutes.

Knows this machine's devices and whether an address answers, but not Ray, which has the last word.
"""

import math
import os
import shutil
import socket
from pathlib import Path

from study.backend import limits
from study.errors import Full, UserError

KNOCK = 3.0  # seconds
LOGS = 20e6  # bytes of a local Ray's logs, at least
LONGEST_SOCKET = 107  # bytes of its name (Linux, unix(7))
OTHER = ("/dev/kfd", "/dev/dxg")
"""Drivers that do not reveal the number of GPUs: AMD's, and that of Windows for its own Linux (WSL)."""


def check(address: str | None, cpus: float, gpus: float | None) -> None:
    """Refuse a machine or an address that cannot run one trial.

    Args:
        address: of a running cluster; None is this machine.
        cpus: of one trial.
        gpus: of one trial; None accepts any number.

    Raises:
        UserError: nothing listens at the address, or this machine has less than Ray or one trial needs.
    """
    limits.check_here()
    if address is not None:
        knock(address)
        limits.check_settings()
        return
    limits.check()
    check_temporary()
    refuse_more("CPU", cpus, os.cpu_count() or 1)
    refuse_more("GPU", gpus or 0.0, _gpus())
    limits.check_settings()


def temporary() -> Path:
    """Return the folder of a local Ray's sockets and logs."""
    return Path(os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp")


def check_temporary() -> None:
    """Refuse a temporary folder that a local Ray cannot use: its own error comes late and is unclear.

    Raises:
        UserError: it cannot be written, or its name is too long for a socket's.
        Full: it has no room.
    """
    folder, way_out = temporary(), "name another with RAY_TMPDIR=DIR"
    name = _named(folder)
    if not folder.is_absolute() or not str(folder).isascii():
        raise UserError(f"{name}: Ray needs a name from / on, in ASCII; {way_out}")
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(f"{name}: Ray's sockets and logs cannot be written there; {way_out}")
    most = LONGEST_SOCKET - len(f"/ray/session_2026-11-30_13-00-50_324877_{os.getpid()}/sockets/plasma_store")
    if (longest := len(os.fsencode(folder))) > most:
        size = f"{longest} bytes is too long for the sockets of Ray, {most} at most"
        raise UserError(f"{name}: a name of {size}; name a shorter one with RAY_TMPDIR=DIR")
    if (free := shutil.disk_usage(nearest).free) < LOGS:
        raise Full(f"{name}: {free / 1e6:.1f} MB are free, {LOGS / 1e6:.0f} MB are needed for Ray's logs; {way_out}")


def _named(folder: Path) -> str:
    """Describe a temporary folder, with the variable that names it."""
    variable = next((name for name in ("RAY_TMPDIR", "TMPDIR") if os.environ.get(name)), None)
    return f"{variable}={folder}" if variable else f"the temporary folder {folder}"


def refuse_more(kind: str, wanted: float, available: float) -> None:
    """Refuse more CPUs or GPUs for a trial than there are.

    Raises:
        UserError: names the option, and the number available.
    """
    if wanted > available:
        raise UserError(f"--{kind.lower()}s-per-trial {wanted:g}: there are {available:g} {kind}s in all")


def knock(address: str) -> None:
    """Fail in seconds if nothing listens at an address: Ray itself retries for many minutes.

    Raises:
        UserError: names the address and the cause.
    """
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdigit():
            socket.create_connection((host, int(port)), timeout=KNOCK).close()
        elif address != "auto":
            raise ValueError("write HOST:PORT, or auto for the cluster that this machine is part of")
    except (OSError, ValueError, OverflowError) as error:
        raise nobody(address, error) from error


def nobody(address: str, error: Exception) -> UserError:
    """Return the error for an address at which no cluster answers."""
    first = str(error).strip().split("\n")[0]
    return UserError(f"--address {address}: no Ray cluster answers there ({first})")


def _gpus() -> float:
    """Return an upper bound of the GPUs here, without the seconds that CUDA takes to start."""
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return len([device for device in visible.split(",") if device.strip()])
    if any(Path(other).exists() for other in OTHER):
        return math.inf
    return len(list(Path("/dev").glob("nvidia[0-9]*")))
