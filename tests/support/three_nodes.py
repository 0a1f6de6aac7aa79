"""A Ray cluster of a head and two more nodes on this machine, each with a store of its own, and a token."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil


class Nodes:
    """The cluster's processes; `stores` has one store a node, the head's first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.dashboard = (_free() for _ in range(2))
        self.address = f"http://127.0.0.1:{self.dashboard}"
        self.stores = [folder / f"store-{number}" for number in range(3)]
        self.environment = os.environ | {"HOME": str(folder), "RAY_AUTH_MODE": "token", "OMP_NUM_THREADS": "1"}
        self.environment |= {
            "RAY_USAGE_STATS_ENABLED": "0",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.environment.pop("STUDY_STORE", None)
        self._places: list[tempfile.TemporaryDirectory] = []
        self._nodes: list[subprocess.Popen] = []

    def start(self) -> None:
        make = "from study.backend import auth_token; auth_token.check(make=True)"
        subprocess.run([sys.executable, "-c", make], env=self.environment, check=True)
        self._start("--head", "--port", str(self.port), "--dashboard-port", str(self.dashboard))
        self._wait(lambda: self.status(self.token) == 200)
        for number in (2, 3):  # one after the other: a node that has not joined within 30 s gives up
            self._join(f"127.0.0.{number}")

    @property
    def token(self) -> str:
        return (self.folder / ".ray" / "auth_token").read_text()

    def status(self, token: str | None, path: str = "api/jobs/") -> int:
        """The dashboard's HTTP status for a request with this token; 0 if nothing answers."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{self.address}/{path}", headers=headers)) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def raylet(self, number: int) -> psutil.Process:
        """The raylet of a node, whose death is the node's."""
        children = psutil.Process(self._nodes[number].pid).children()
        return next(child for child in children if child.name() == "raylet")

    def stop(self) -> None:
        """End all nodes, the head last, and the processes that a killed node has left."""
        for node in reversed(self._nodes):
            node.terminate()
            try:
                node.wait(20)
            except subprocess.TimeoutExpired:
                node.kill()
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or ())
            if any(place.name in words for place in self._places):
                process.kill()
        for place in self._places:
            place.cleanup()

    def _join(self, address: str, tries: int = 3) -> None:
        wanted = len(self._nodes) + 1
        for last in (*[False] * (tries - 1), True):
            self._start("--address", f"127.0.0.1:{self.port}", "--node-ip-address", address)
            try:
                self._wait(lambda: self._raylets() == wanted)
            except AssertionError:
                if last:
                    raise
                self._nodes.pop()
            else:
                return

    def _start(self, *options: str) -> None:
        number = len(self._nodes)
        place = tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True)  # short: for Ray's sockets
        self._places.append(place)
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus", "1"]
        command += ["--object-store-memory", "100000000", "--temp-dir", place.name, *options]
        command += ["--dashboard-agent-listen-port", str(_free())]  # the default is one port for the whole machine
        with (self.folder / f"node-{number}.log").open("w") as log:
            environment = self.environment | {"STUDY_STORE": str(self.stores[number])}
            self._nodes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder))

    def _wait(self, ready) -> None:
        until = time.monotonic() + 180
        while not ready():
            for number, node in enumerate(self._nodes):
                assert node.poll() is None, (self.folder / f"node-{number}.log").read_text()
            assert time.monotonic() < until, "the cluster does not start"
            time.sleep(0.5)

    def _raylets(self) -> int:
        """Number of nodes that the head counts as alive."""
        request = urllib.request.Request(
            f"{self.address}/api/v0/nodes?timeout=5", headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.read().count(b'"ALIVE"')
        except OSError:
            return 0


def _free() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]
