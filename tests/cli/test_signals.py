"""A signal asks to stop, a second one ends at once, and a stop that hangs ends by itself."""

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import signal, time
from study.cli import signals as stop
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # where the tests run under nohup it is ignored, and stays so
stop.GRACE = {grace}
asked = stop.Stop(None, "stopped early")
{begun}
print("ready", flush=True)
while {goes_on}:
    time.sleep(0.01)
asked.settled()
time.sleep(1)
raise SystemExit(3)
"""


def signalled(goes_on, grace, signals, begun="asked.begun()"):
    """Run the script, send it signals, and give its exit code and what it said at its end."""
    script = SCRIPT.format(goes_on=goes_on, grace=grace, begun=begun)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    for number in signals:
        os.kill(process.pid, number)
        time.sleep(0.1)
    return process.wait(60), process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_that_hangs_ends_by_itself_and_says_what_is_kept(number):
    code, said = signalled("True", 0.3, [number])
    assert code == 75
    assert said == "stopped without a table, which --resume makes anew: every report is on the disk\n"


def test_a_stop_that_hangs_before_the_search_promises_nothing():
    assert signalled("True", 0.3, [signal.SIGTERM], begun="") == (75, "stopped early\n")


def test_an_orderly_stop_may_take_its_time_from_then_on():
    assert signalled("not asked.requested()", 0.5, [signal.SIGTERM]) == (3, "")


def test_a_second_signal_ends_at_once():
    assert signalled("True", 1e6, [signal.SIGTERM, signal.SIGINT]) == (75, "")
