"""What every command does around its own work: streams that nothing ends, signals, and one line with an exit code.

Both packages' commands use it; knows no study. An error that carries an `exit_code` ends the command with that code.
"""

import argparse
import atexit
import contextlib
import difflib
import errno
import io
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from analysis.shell import early_signals
from analysis.shell.early_signals import INTERRUPTED
from analysis.shell.text import printable

USAGE, STORAGE, FAULT = 2, 5, 70
"""Exit codes of errors that carry none; FAULT is a mistake in this program, BSD's EX_SOFTWARE."""
HANG_UP = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a command as Ctrl-C does: a batch system's, and a terminal's that is closed."""
NOBODY_READS = (errno.EPIPE, errno.EIO)
"""What writing to a pipe, or to a terminal, says whose other end is gone."""
LONGEST = 2000
"""Characters of a line on stderr."""
EXHAUSTED = {
    errno.EMFILE: "too many files are open; raise the limit with ulimit -n",
    errno.ENFILE: "too many files are open on this machine",
    errno.EAGAIN: "no more processes or threads can be started; raise the limit with ulimit -u",
    errno.ENOMEM: "this machine's memory is used up",
}
"""Limits of the environment that come as an OSError."""
_INSIDE = re.compile(r"\n(?!  )")
"""A line feed inside a name: those between a line and the problems that follow it have blanks behind them."""


def in_utf8() -> None:
    """Start this process anew in Python's UTF-8 mode where the locale has another encoding.

    Names of files and what files hold are UTF-8 on every machine; the terminal is still written to as it is set.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.ignore_environment:
        return
    os.environ["PYTHONUTF8"] = "1"
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", f"{sys.stdout.encoding}:backslashreplace")
    os.execv(sys.executable, sys.orig_argv)


def path(text: str) -> Path:
    """Read a path; an empty one, as of a variable that is not set, is not the folder that one is in."""
    if not text:
        raise argparse.ArgumentTypeError("'' names nothing; write . for this folder")
    return Path(text)


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong, and the choices, in one line."""

    def error(self, message: str) -> NoReturn:
        """End the process with exit code 2."""
        if message.startswith("unrecognized arguments"):
            message += f"; {self._known(message.split()[2])}"
        self.exit(USAGE, f"{self.prog.split()[-1]}: {printable(_short(message))}\n")

    def _known(self, word: str) -> str:
        """Name the option that was meant, or all."""
        options = sorted(self._option_string_actions)
        near = difflib.get_close_matches(word, options, n=1, cutoff=0.75)
        return f"did you mean {near[0]}?" if near else f"the options are {' '.join(options)}"


class Ending:
    """How a command ended, and what may be said of it."""

    def __init__(self, name: str) -> None:
        self.name, self.code = name, 0
        self.interrupted = "interrupted"
        """What Ctrl-C and its like say."""
        self.resume = ""
        """How to resume what was begun; empty while nothing was."""

    def line(self, text: object, code: int) -> int:
        """Write an error's line to stderr, and take its exit code."""
        self._write(text)
        self.code = code
        return code

    def note(self, text: object) -> None:
        """Write a line to stderr that ends nothing."""
        self._write(f"note: {text}")

    def _write(self, text: object) -> None:
        text = _INSIDE.sub(r"\\n", str(text).rstrip())
        text = "\n".join(map(_short, text.split("\n")))
        with contextlib.suppress(OSError, ValueError):
            print(f"{self.name}:", printable(text, kept="\n"), file=sys.stderr, flush=True)  # problems have lines


@contextlib.contextmanager
def ending(name: str) -> Iterator[Ending]:
    """Run a command's work; what ends it early becomes one line on stderr and an exit code.

    Args:
        name: of the command, as its lines begin.

    Yields:
        Where the work puts its exit code; read it when the block has ended.

    Example:
        >>> with ending("study.example") as end:
        ...     end.code = 0
        >>> end.code
        0
    """
    end = Ending(name)
    safe_streams()
    with _signals():
        try:
            yield end
        except KeyboardInterrupt as interrupt:
            end.line(interrupt.args[0] if interrupt.args else end.interrupted, INTERRUPTED)
        except SystemExit:  # of argparse, which has said why
            raise
        except BaseException as error:  # some libraries have exceptions that are no Exception
            _end(end, error)
    _flush()


def leave(code: int) -> NoReturn:
    """End the process with its exit code, whatever its libraries do.

    Arrow's C++ aborts a process that ends while its threads are still starting, as after a refusal (one in forty, on a
    busy machine): what Python has to do at its end is done here, and theirs is not.
    """
    with contextlib.suppress(KeyboardInterrupt):  # the work is done
        _flush()
        atexit._run_exitfuncs()
    os._exit(code)


def _end(end: Ending, error: BaseException) -> None:
    """Say what an exception means to who ran the command."""
    more = f"; {end.resume}" if end.resume else ""
    if (code := getattr(error, "exit_code", None)) is not None and not isinstance(error, OSError):
        end.line(f"{error}{more if getattr(error, 'resumable', False) else ''}", code)
    elif isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        end.line(f"a name is too long for the disk: {error.filename}", USAGE)
    elif (limit := _exhausted(error)) is not None:
        end.line(f"{limit} ({_first(error)}){more}", USAGE)
    elif isinstance(error, FileNotFoundError) and not _here():
        end.line("the folder that this command runs in has been deleted; change to another one", USAGE)
    elif isinstance(error, OSError):
        end.line(f"storage failed: {error}{more}", STORAGE)
    elif isinstance(error, ImportError):
        end.line(f"cannot import what it needs: {_first(error)}; {_where(error)}", USAGE)
    else:
        traceback.print_exception(error)
        end.line(f"a fault of this program, please report it: {type(error).__name__}: {_first(error)}{more}", FAULT)


def _here() -> bool:
    """Whether the current folder is there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _exhausted(error: BaseException) -> str | None:
    """Say which limit of the environment an error met, if any."""
    if isinstance(error, OSError):
        return EXHAUSTED.get(error.errno or 0)
    if isinstance(error, MemoryError):
        return EXHAUSTED[errno.ENOMEM]
    return EXHAUSTED[errno.EAGAIN] if "can't start new thread" in str(error) else None


def _where(error: ImportError) -> str:
    """Name the file that shadows a package, or the way to install it."""
    if error.path:
        return f"it is read from {error.path}"
    return "install this project with its dependencies (README, Install)"


def _short(line: str) -> str:
    """Leave out the middle of a line that is too long: it names the thing first, and the way out last."""
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[:half]}…{line[-half:]}"


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _Unread(io.TextIOWrapper):
    """A stream whose reader may go: what is written then is dropped, and the command's work is done to its end."""

    gone = False
    before: io.TextIOWrapper
    """What it stands for, which closes their common buffer when it goes."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            return self._drop(error, len(text))

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._drop(error, 0)

    def _drop(self, error: OSError, written: int) -> int:
        if error.errno not in NOBODY_READS:
            raise error
        self.gone = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        return written


def safe_streams() -> None:
    r"""Let stdout and stderr take what they cannot encode, as `\udcff`, and drop what nobody reads any more."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 – for as long as the process lives
        elif type(stream) is io.TextIOWrapper and stream is getattr(sys, f"__{name}__"):
            lines, eager = stream.line_buffering, stream.write_through
            made = _Unread(stream.buffer, stream.encoding, "backslashreplace", None, lines, eager)
            made.before = stream
            setattr(sys, name, made)
            setattr(sys, f"__{name}__", made)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def nobody_reads(stream: Any) -> bool:
    """Whether a stream's reader has gone."""
    return getattr(stream, "gone", False)


def _flush() -> None:
    """Write what is left while an error can still be told; the interpreter's own end would print it raw."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Take SIGTERM and SIGHUP as Ctrl-C; who ignores them, as nohup does, goes on ignoring them."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        found = {each: signal.getsignal(each) for each in HANG_UP}
        before = {each: now for each, now in found.items() if now in (signal.SIG_DFL, early_signals.end)}
        for each in before:
            signal.signal(each, _interrupt)
        if signal.getsignal(signal.SIGINT) is early_signals.end:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for each in before:
            if signal.getsignal(each) is _interrupt:  # the work may have handlers of its own
                signal.signal(each, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
