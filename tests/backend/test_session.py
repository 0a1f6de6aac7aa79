"""Starting and ending Ray does no harm to the process that does it."""

import subprocess
import sys

import pytest

from study.backend import session
from study.errors import UserError

BUSY = """
import gc, threading, time
from study.backend.session import cluster

class Knot:
    def __init__(self):
        import ray
        self.itself, self.reference = self, ray.put(1)

def untie():  # so that there is always something to collect
    while knots:
        knots.pop()
        time.sleep(5e-5)

def collect():  # as imports do: many containers, and the collector runs
    while True:
        [[] for _ in range(2000)]

gc.set_threshold(50, 2, 2)
with cluster(gpus=0.0):
    knots = [Knot() for _ in range(20_000)]
    for work in (untie, collect):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.3)
left = len(knots)
gc.collect()
print("alive", left > 0, gc.isenabled())
"""


@pytest.mark.nightly
def test_ray_ends_while_other_threads_collect_garbage():
    """Ray 2.60 ends a process with exit code 1 if a reference is freed while Ray shuts down."""
    done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "alive True True\n"), done.stderr


def test_ray_that_runs_in_this_process_already_is_named(monkeypatch):
    """As in a notebook that has called ray.init() itself: it is neither used nor ended."""
    ended = []
    monkeypatch.setattr(session.ray, "is_initialized", lambda: True)
    monkeypatch.setattr(session.ray, "shutdown", lambda: ended.append(True))
    with pytest.raises(UserError, match="Ray runs in this process already"), session.cluster():
        raise AssertionError
    assert ended == []
