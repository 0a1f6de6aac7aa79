"""Output of study.submit when it sends, stops and follows jobs: secrets, Ctrl-C, and a job that does not exist."""

import json
import shlex
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import ray

from study import submit
from study.backend import jobs

HEAD = "http://127.0.0.1:8265"
SEND = ("--", "--space", "gtsrb", "--out", "file:///mnt/share/study")


class Fake:
    """A cluster that records its calls, one of which Ctrl-C may interrupt."""

    at = ""

    def __init__(self, address, unprotected):
        self.interrupt("connecting")

    def interrupt(self, where):
        if where == Fake.at:
            raise KeyboardInterrupt

    def send(self, command, folder, variables, job):
        Fake.variables, Fake.job = variables, job
        self.interrupt("sending")

    def log(self, job):
        yield "some line\n"
        self.interrupt("waiting")

    def stop(self, job):
        self.interrupt("stopping")

    def end(self, job):
        return jobs.End(True, None, "")


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(jobs, "Cluster", Fake)
    monkeypatch.setattr(submit.working_tree, "copy", lambda folder: Fake.interrupt(Fake, "copying") or 0)
    monkeypatch.setattr(Fake, "at", "")
    return Fake


@pytest.mark.parametrize(("at", "words", "message"), [
    ("connecting", SEND, "nothing was asked of the cluster"),
    ("copying", SEND, "nothing was asked of the cluster"),
    ("sending", SEND, "JOB may be running: look with python -m study.submit --address URL --follow JOB"),
    ("stopping", ("--stop", "j"), "j may be running still: look with python -m study.submit --address URL --follow j"),
    ("waiting", ("--stop", "j"), "j may be running still: look with python -m study.submit --address URL --follow j"),
])  # fmt: skip
def test_ctrl_c_is_one_line_that_says_whether_the_study_may_be_running(at, words, message, fake, monkeypatch, capsys):
    monkeypatch.setattr(fake, "at", at)
    assert submit.main(["--address", HEAD, *words]) == 75
    message = message.replace("URL", HEAD).replace("JOB", getattr(fake, "job", ""))
    assert capsys.readouterr().err == f"study.submit: interrupted; {message}\n"


def test_what_is_printed_has_no_secret_and_works_on_the_same_cluster(fake, capsys):
    options = ["--address", HEAD, "--unprotected", "--env", "SECRET_KEY=hunter2"]
    assert submit.main([*options, "--no-wait", *SEND]) == 0
    again, printed = fake.variables["STUDY_COMMAND"], capsys.readouterr().out
    assert fake.variables["SECRET_KEY"] == "hunter2"
    assert "hunter2" not in again + printed
    assert shlex.split(again)[3:8] == ["--address", HEAD, "--unprotected", "--env", "SECRET_KEY=…"]
    command = f"python -m study.submit --address {HEAD} --unprotected"
    assert f"come back to it: {command} --follow {fake.job}\nstop it: {command} --stop {fake.job}\n" in printed


class Head(BaseHTTPRequestHandler):
    """Answers as the head of a cluster that has no jobs."""

    def do_GET(self):
        known = self.path == "/api/version"
        self.send_response(200 if known else 404)
        self.end_headers()
        text = json.dumps({"ray_version": ray.__version__}) if known else f"Job {Path(self.path).name} does not exist"
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def head(monkeypatch):
    pytest.importorskip("aiohttp", reason="Ray's Jobs API needs ray[default]")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # set back: a Cluster sets it
    server = HTTPServer(("127.0.0.1", 0), Head)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_job_that_is_not_there_is_one_line(head, capsys):
    assert submit.main(["--address", head, "--unprotected", "--follow", "nojob"]) == 2
    assert capsys.readouterr().err == f"study.submit: nojob: there is no such job at {head}\n"


def test_a_connection_that_cannot_be_made_is_retried_and_then_reported(head, monkeypatch, capsys):
    from ray.job_submission import JobSubmissionClient

    monkeypatch.setattr(JobSubmissionClient, "get_job_status", lambda *_: None)  # only the tail fails
    monkeypatch.setattr(jobs, "TRIES", 1)
    assert submit.main(["--address", head, "--unprotected", "--follow", "job"]) == 2
    assert "the connection is lost (404" in capsys.readouterr().err
