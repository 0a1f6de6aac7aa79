"""Ray's Jobs API as study.submit uses it: send a job, follow it through lost connections, stop it, see how it ended.

Knows HTTP and tokens; knows nothing of studies.
"""

import asyncio
import http.client
import logging
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

from study.backend import auth_token, limits
from study.errors import UserError
from study.storage import durable

TIMEOUT = 10.0  # seconds
STARTING = 90.0
"""Seconds in which a head that has just been started begins to accept jobs."""
TRIES = 5
"""Attempts to reconnect, a second apart, before following ends."""


class End(NamedTuple):
    """How a job ended."""

    stopped: bool
    code: int | None
    """Its exit code; None if it never began, or was killed with its node."""
    message: str
    """Its status and Ray's message, in a line."""


class Cluster:
    """A cluster's Jobs API."""

    def __init__(self, address: str, unprotected: bool = False) -> None:
        """Connect.

        Args:
            address: of the dashboard, http://HOST:PORT.
            unprotected: whether to accept a cluster that requires no token.

        Raises:
            UserError: nothing answers, the cluster requires no token, or it rejects the token of this machine.
        """
        self._address = address.rstrip("/")
        requires_token = _knock(self._address) in (401, 403)
        if not requires_token and not unprotected:
            problem = f"--address {address}: asks for no token, so that whoever reaches it runs code there"
            raise UserError(f"{problem}: start Ray with RAY_AUTH_MODE=token (docs/cluster.md), or add --unprotected")
        if requires_token and not auth_token.known():
            problem = f"--address {address}: asks for a token, and there is none here"
            path = auth_token.file() or "a file that RAY_AUTH_TOKEN_PATH names"
            raise UserError(f"{problem}: copy the head's ~/.ray/auth_token to {path}, with chmod 600")
        os.environ["RAY_AUTH_MODE"] = "token" if requires_token else "disabled"  # before ray is imported
        self._client = self._connected()

    def send(self, command: str, folder: str, variables: dict[str, str], job: str) -> None:
        """Send a folder, and start a command in a copy of it as a job with a new name."""
        environment, until = {"working_dir": folder, "env_vars": variables}, time.monotonic() + STARTING
        while True:
            try:
                with durable.written(tempfile.gettempdir()):  # where Ray packs the folder
                    self._client.submit_job(entrypoint=command, runtime_env=environment, submission_id=job)
                return
            except (RuntimeError, OSError) as error:
                if durable.is_fault(error):
                    raise
                if "No available agent" not in str(error) or time.monotonic() > until:
                    raise UserError(f"--address {self._address}: {_first(error)}") from error
            time.sleep(1)

    def log(self, job: str) -> Iterator[str]:
        """Yield a job's output until it ends; a broken connection is made anew."""
        seen, failures = 0, 0
        while failures < TRIES:
            skip = seen
            try:
                self._client.get_job_status(job)  # raises if there is no such job, which the tail does not
                for text in _steps(self._client.tail_job_logs(job)):
                    new = text[skip:]
                    skip = max(0, skip - len(text))
                    seen, failures = seen + len(new), 0
                    if new:
                        yield new
                if self._client.get_job_status(job).is_terminal():
                    yield self._client.get_job_logs(job)[seen:]
                    return
            except (RuntimeError, OSError) as error:
                if "status code 404" in str(error):
                    raise UserError(f"{job}: there is no such job at {self._address}") from error
                failures, last = failures + 1, error
            time.sleep(1)
        raise UserError(f"--address {self._address}: the connection is lost ({_first(last)}); the study runs on")

    def stop(self, job: str) -> None:
        """Ask a job to end; returns at once."""
        try:
            self._client.stop_job(job)
        except (RuntimeError, OSError) as error:
            raise UserError(f"{job}: {_first(error)}") from error

    def end(self, job: str) -> End:
        """Return how a job ended."""
        info = self._client.get_job_info(job)
        text = f"{info.status.value.lower()} ({(info.message or '').strip().partition(chr(10))[0]})"
        return End(info.status.value == "STOPPED", info.driver_exit_code, text)

    def _connected(self) -> Any:
        limits.check_settings()
        try:
            from ray.dashboard.modules import dashboard_sdk
            from ray.dashboard.modules.job import sdk
            from ray.exceptions import AuthenticationError
            from ray.job_submission import JobSubmissionClient

            for name in ("ray", dashboard_sdk.__name__, sdk.__name__):  # each sets a level of its own
                logging.getLogger(name).setLevel(logging.ERROR)
            return JobSubmissionClient(self._address)
        except ImportError as error:
            raise UserError(f"study.submit needs more of Ray ({error}): pip install 'ray[default]'") from error
        except (AuthenticationError, RuntimeError, OSError) as error:
            raise UserError(f"--address {self._address}: {_first(error)}") from error


def _knock(address: str) -> int:
    """Return the HTTP status with which an address answers a request without a token.

    Raises:
        UserError: it does not answer.
    """
    if not address.startswith(("http://", "https://")):
        raise UserError(f"--address {address}: write http://HOST:8265, where Ray's dashboard is")
    try:
        with urllib.request.urlopen(f"{address}/api/version", timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        raise UserError(f"--address {address}: no Ray cluster answers there ({why})") from error


def _steps(output: Any) -> Iterator[str]:
    """Yield the items of an asynchronous iterator.

    Raises:
        OSError: the connection cannot be made, or breaks.
    """
    from aiohttp import ClientError

    with asyncio.Runner() as runner:
        while True:
            try:
                yield runner.run(anext(output))
            except StopAsyncIteration:
                return
            except ClientError as error:
                raise OSError(_first(error)) from error


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
