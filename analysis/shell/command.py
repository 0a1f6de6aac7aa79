"""What every command does around its work: robust output streams, signals, and one line per error with an exit code.

The commands of both packages use it. An error with an `exit_code` ends the command with that code.
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
"""Exit codes of errors that carry none; FAULT is a bug in this program, BSD's EX_SOFTWARE."""
HANG_UP = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a command like Ctrl-C: from a batch system, and from a terminal that is closed."""
NOBODY_READS = (errno.EPIPE, errno.EIO)
"""Errors of writing to a pipe or a terminal whose other end is gone."""
LONGEST = 2000
"""The most characters of a line on stderr."""
EXHAUSTED = {
    errno.EMFILE: "too many files are open; raise the limit with ulimit -n",
    errno.ENFILE: "too many files are open on this machine",
    errno.EAGAIN: "no more processes or threads can be started; raise the limit with ulimit -u",
    errno.ENOMEM: "this machine's memory is used up",
}
"""Limits of the environment that are raised as an OSError."""
_INSIDE = re.compile(r"\n(?!  )")
"""A line feed inside a name. Those between a line and its list of problems are followed by spaces."""


def in_utf8() -> None:
    """Restart this process in Python's UTF-8 mode if the locale has another encoding.

    File names and file contents are UTF-8 on every machine. Output to the terminal keeps the terminal's encoding.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.ignore_environment:
        return
    os.environ["PYTHONUTF8"] = "1"
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", f"{sys.stdout.encoding}:backslashreplace")
    os.execv(sys.executable, sys.orig_argv)


def path(text: str) -> Path:
    """Parse a path; refuse an empty one, as from an unset variable, which would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("'' names nothing; write . for this folder")
    return Path(text)


class Parser(argparse.ArgumentParser):
    """An argparse parser that reports an error, and the choices, in one line."""

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
    """How a command ended: its exit code and the lines on stderr."""

    def __init__(self, name: str) -> None:
        self.name, self.code = name, 0
        self.interrupted = "interrupted"
        """The message after Ctrl-C or a signal."""
        self.resume = ""
        """How to resume the work; empty until it has begun."""

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
            print(f"{self.name}:", printable(text, allowed="\n"), file=sys.stderr, flush=True)  # problems have lines


@contextlib.contextmanager
def ending(name: str) -> Iterator[Ending]:
    """Run a command's work, and turn whatever ends it early into one line on stderr and an exit code.

    Args:
        name: the command's name, with which its lines begin.

    Yields:
        The object in which the work puts its exit code; read it after the block.

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
        except SystemExit:  # from argparse, which has printed the reason
            raise
        except BaseException as error:  # some libraries raise errors that are not Exceptions
            _end(end, error)
    _flush()


def leave(code: int) -> NoReturn:
    """End the process with its exit code, whatever its libraries do.

    Arrow's C++ aborts a process that ends while its threads are still starting, as after a refusal (one in forty, on a
    busy machine). So this runs Python's exit functions and skips those of the libraries.
    """
    with contextlib.suppress(KeyboardInterrupt):  # the work is done
        _flush()
        atexit._run_exitfuncs()
    os._exit(code)


def _end(end: Ending, error: BaseException) -> None:
    """Report what an exception means to the user."""
    resume = f"; {end.resume}" if end.resume else ""
    if (code := getattr(error, "exit_code", None)) is not None and not isinstance(error, OSError):
        end.line(f"{error}{resume if getattr(error, 'resumable', False) else ''}", code)
    elif isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        end.line(f"a name is too long for the disk: {error.filename}", USAGE)
    elif (limit := _exhausted(error)) is not None:
        end.line(f"{limit} ({_first(error)}){resume}", USAGE)
    elif isinstance(error, FileNotFoundError) and not _here():
        end.line("the folder that this command runs in has been deleted; change to another one", USAGE)
    elif isinstance(error, OSError):
        end.line(f"storage failed: {error}{resume}", STORAGE)
    elif isinstance(error, ImportError):
        end.line(f"cannot import what it needs: {_first(error)}; {_where(error)}", USAGE)
    else:
        traceback.print_exception(error)
        end.line(f"a fault of this program, please report it: {type(error).__name__}: {_first(error)}{resume}", FAULT)


def _here() -> bool:
    """Whether the current folder exists."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _exhausted(error: BaseException) -> str | None:
    """The limit of the environment that an error hit, if any."""
    if isinstance(error, OSError):
        return EXHAUSTED.get(error.errno or 0)
    if isinstance(error, MemoryError):
        return EXHAUSTED[errno.ENOMEM]
    return EXHAUSTED[errno.EAGAIN] if "can't start new thread" in str(error) else None


def _where(error: ImportError) -> str:
    """The file that shadows a package, or how to install it."""
    if error.path:
        return f"it is read from {error.path}"
    return "install this project with its dependencies (README, Install)"


def _short(line: str) -> str:
    """Leave out the middle of a long line: it names the problem first and the remedy last."""
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[:half]}…{line[-half:]}"


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _Unread(io.TextIOWrapper):
    """A stream whose reader may close it: further output is dropped, and the command finishes its work."""

    gone = False
    before: io.TextIOWrapper
    """The stream that it replaces, which would close their common buffer if it were deleted."""

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
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
        return written


def safe_streams() -> None:
    r"""Let stdout and stderr escape what they cannot encode, as `\udcff`, and drop output without a reader."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 – open until the process ends
        elif type(stream) is io.TextIOWrapper and stream is getattr(sys, f"__{name}__"):
            lines, eager = stream.line_buffering, stream.write_through
            safe = _Unread(stream.buffer, stream.encoding, "backslashreplace", None, lines, eager)
            safe.before = stream
            setattr(sys, name, safe)
            setattr(sys, f"__{name}__", safe)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def nobody_reads(stream: Any) -> bool:
    """Whether a stream's reader has gone."""
    return getattr(stream, "gone", False)


def _flush() -> None:
    """Flush the streams while an error can still be reported; at exit the interpreter would print it raw."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP like Ctrl-C; a signal that is ignored, as under nohup, stays ignored."""
    handled: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        handled = [number for number in HANG_UP if signal.getsignal(number) in (signal.SIG_DFL, early_signals.end)]
        for number in handled:
            signal.signal(number, _interrupt)
        if signal.getsignal(signal.SIGINT) is early_signals.end:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number in handled:
            if signal.getsignal(number) is _interrupt:  # the work may have installed its own handlers
                signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
