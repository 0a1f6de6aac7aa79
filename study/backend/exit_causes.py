"""How a worker died, in a line: the signal, exit code or node that Ray or the worker's own log names.

Knows Ray's texts and logs; knows nothing of trials.
"""

import contextlib
import functools
import os
import re
import signal
from pathlib import Path

import ray

from study.storage.plain_values import bounded

NOTED = "*** exit code"
KILLED = "no trace, as after SIGKILL (signal 9): the kernel sends it where memory runs out"
_SIGNAL = re.compile(r"\*\*\* (SIG[A-Z]+) received at")
_EXIT = re.compile(re.escape(NOTED) + r" (-?\d+) \*\*\*")
_PID = re.compile(r"^\s*pid: (\d+)$", re.MULTILINE)
_IP = re.compile(r"^\s*ip: (\S+)$", re.MULTILINE)
_DETAIL = re.compile(r"Worker exit type: \w+ Worker exit detail: (.+?)(?= Some common causes| There are some|$)")


def note_exits() -> None:
    """Make `os._exit` write its exit code into this process's log, since Ray never learns it."""
    own, leave = os.getpid(), os._exit
    if isinstance(leave, functools.partial):
        return

    def noted(code: int) -> None:
        if os.getpid() == own:  # forked children log nothing
            with contextlib.suppress(OSError):
                os.write(2, f"{NOTED} {code} ***\n".encode())
        leave(code)

    os._exit = functools.partial(noted)  # type: ignore[assignment]


def reason(file: str | None) -> str:
    """Describe a worker's death.

    Args:
        file: path to which Tune has written the texts of Ray's errors, the newest last; None if there is none.
    """
    try:
        return described(Path(file or "").read_text("utf-8", "replace").rpartition("Failure # ")[2])
    except OSError:
        return "Ray does not say why"


def described(text: str) -> str:
    """Describe a worker's death from the text of Ray's error."""
    if "running low on memory" in text:
        return "ended by Ray: its node ran low on memory"
    detail = _DETAIL.search(text)
    if "SIGTERM" in text:
        return _signalled("SIGTERM")
    if "connection error" in text:
        return _logged(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bounded(detail[1] if detail else lines[-1] if lines else text, 300)


def _logged(text: str) -> str:
    """Look up in a worker's log how it ended: Ray itself knows only that the connection broke."""
    pid, address, logs = _PID.search(text), _IP.search(text), None
    if pid and address and (node := ray._private.worker._global_node) and address[1] == ray.util.get_node_ip_address():
        logs = [*Path(node.get_logs_dir_path()).glob(f"worker-*-{pid[1]}.err")]
    if not logs:
        where = f" of process {pid[1]} on {address[1]}" if pid and address else ""
        return f"its connection broke; Ray's log{where} may say why"
    log = "".join(path.read_text("utf-8", "replace") for path in logs)
    if codes := _EXIT.findall(log):
        return f"exit code {codes[-1]}"
    signals = _SIGNAL.findall(log)
    return _signalled(signals[-1]) if signals else KILLED


def _signalled(name: str) -> str:
    number = getattr(signal, name, None)
    return f"{name} (signal {number.value})" if number else name
