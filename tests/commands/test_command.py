"""What ends a command early is one line and the right exit code, whichever command it is."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.numbers import table
from analysis.shell import command
from study import errors

ROOT = Path(__file__).parents[2]
ENDS = [
    (errors.UserError("wrong"), 2, "wrong"),
    (errors.Damaged("damaged"), 4, "damaged"),
    (errors.Locked("in use"), 6, "in use"),
    (errors.Stopped("stopped"), 75, "stopped"),
    (errors.Full("no room"), 5, "storage failed: no room"),
    (errors.RayFailed("no Ray"), 2, "no Ray"),
    (table.TableError("no table"), 4, "no table"),
    (table.NoTableError("no study"), 2, "no study"),
    (KeyboardInterrupt(), 75, "interrupted"),
    (OSError(errno.ENOSPC, "No space left on device", "results"), 5, "storage failed: [Errno 28] No space left"),
    (OSError(errno.ENAMETOOLONG, "File name too long", "xxx"), 2, "a name is too long for the disk: xxx"),
    (OSError(errno.EMFILE, "Too many open files"), 2, "raise the limit with ulimit -n"),
    (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), 2, "no more processes or threads"),
    (RuntimeError("can't start new thread"), 2, "no more processes or threads"),
    (MemoryError(), 2, "this machine's memory is used up"),
    (ModuleNotFoundError("No module named 'torch'"), 2, "cannot import what it needs: No module named 'torch'"),
    (ZeroDivisionError("division by zero"), 70, "a fault of this program, please report it: ZeroDivisionError"),
]


@pytest.mark.parametrize(("error", "code", "text"), ENDS, ids=[type(error).__name__ for error, *_ in ENDS])
def test_an_error_is_one_line_and_its_exit_code(error, code, text, capsys):
    with command.ending("study.x") as end:
        raise error
    last = capsys.readouterr().err.splitlines()[-1]
    assert (end.code, last.startswith("study.x: "), text in last) == (code, True, True)


def test_only_a_fault_of_the_program_has_a_traceback(capsys):
    for error, code, _ in ENDS:
        with command.ending("study.x"):
            raise error
        assert ("Traceback" in capsys.readouterr().err) == (code == 70)


def test_a_resume_is_promised_only_once_something_was_begun(capsys):
    failures = OSError(errno.ENOSPC, "No space left"), errors.RayFailed("Ray broke down"), errors.UserError("wrong")
    for begun in ("", "resume with --resume"):
        for error in failures:
            with command.ending("study.x") as end:
                end.resume = begun
                raise error
    assert [("--resume" in line) for line in capsys.readouterr().err.splitlines()] == [False] * 3 + [True, True, False]


def test_a_line_shows_no_character_that_moves_a_terminal_and_is_short(capsys):
    with command.ending("study.x"):
        raise errors.UserError("\x1b[31m\u202e\udcff" + "x" * 10**6 + "\n  a list\n")
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith(r"study.x: \x1b[31m\u202e\udcffxxx")
    assert (len(first) < 2100, second) == (True, "  a list")


def run(*words: str, **options: object) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *words], env=environment, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("unbuffered", [(), ("-u",)], ids=["at its end", "at once"])
def test_a_pipe_that_nobody_reads_ends_no_command(unbuffered):
    there, here = os.pipe()
    os.close(there)
    process = run(*unbuffered, "-m", "study.run", "--list", stdout=here)
    os.close(here)
    assert (process.communicate()[1], process.returncode) == ("", 0)


def test_without_stdout_and_stderr_a_command_still_ends_as_it_should():
    shell = f"exec {sys.executable} -m study.run --list >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], cwd=ROOT, check=False).returncode == 0


WAITS = """
import time
from analysis.shell import command
with command.ending("study.x") as end:
    print("ready", flush=True)
    time.sleep(60)
raise SystemExit(end.code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_any_command_with_a_line_and_code_75(number):
    process = run("-c", WAITS, stdout=subprocess.PIPE, preexec_fn=heed_hang_up)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert (process.communicate()[1], process.returncode) == ("study.x: interrupted\n", 75)


STARTS = """
import os, signal, sys
sys.argv[0] = {first!r}
import study
os.kill(os.getpid(), signal.{number})
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_command_is_imported_is_a_line_and_code_75(number):
    process = run("-c", STARTS.format(first="-m", number=number.name), "-m", "study.run", preexec_fn=heed_hang_up)
    assert (process.communicate()[1], process.returncode) == ("study.run: interrupted\n", 75)


def test_who_imports_the_packages_keeps_the_signals():
    process = run("-c", STARTS.format(first="mine.py", number="SIGTERM"))
    assert process.wait() == -signal.SIGTERM


def test_who_ignores_the_end_of_a_terminal_still_does():
    process = run("-c", WAITS.replace("60", "1"), stdout=subprocess.PIPE, preexec_fn=ignore_hang_up)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert (process.communicate()[1], process.returncode) == ("", 0)


def ignore_hang_up() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def heed_hang_up() -> None:
    """Where the tests run under nohup it is ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def crowded(tmp_path):
    """A folder with files that are called as modules of this project and of Python's."""
    for name in ("analysis", "search_spaces", "random", "platform", "queue", "typing_extensions"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py was run')\n")
    (tmp_path / "helper.py").write_text("FRACTIONS = (0.5, 1.0)\n")
    space = (
        "from helper import FRACTIONS\nfrom study.space import Space\nSPACE = Space('pets', {'label_fraction': 1})\n"
    )
    (tmp_path / "mine.py").write_text(space)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("study.run", "--list"), 0, ""),
        (("study.run", "--space", "mine.py"), 2, "compared 'label_fraction' needs a tuple"),
        (("study.predict", "nowhere", "a.png"), 2, "study.predict: no folder nowhere"),
        (("study.report", "nowhere"), 2, "analysis: no table.parquet in 'nowhere'"),
    ],
)
def test_files_beside_a_command_are_never_run_in_the_place_of_modules(crowded, words, code, text):
    process = run("-m", *words, cwd=crowded, stdout=subprocess.DEVNULL)
    said = process.communicate()[1]
    assert (process.returncode, text in said, "was run" in said) == (code, True, False), said
