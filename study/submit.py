"""`python -m study.submit --address http://head:8265 -- --space gtsrb …`: the command of study.run, on a Ray cluster.

Knows what is checked here, what is sent, and how to come back to it; how jobs run is Ray's affair (`backend/jobs.py`).
"""

import argparse
import contextlib
import secrets
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shell import command
from study.backend import auth_token, working_tree
from study.cli import options
from study.cli.question import resolve
from study.errors import FOLLOWING_ENDED, INTERRUPTED, UserError
from study.plugins import Code
from study.storage import durable, remote

if TYPE_CHECKING:
    from study.backend.jobs import Cluster

STOP_SECONDS = 120
"""In which a stopped study may write its table and report before Ray kills it."""


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code, which is the study's where that is known."""
    with command.ending("study.submit") as end:
        end.interrupted = "interrupted; nothing was asked of the cluster"
        words = list(sys.argv[1:] if argv is None else argv)
        cut = words.index("--") if "--" in words else len(words)
        args = _parse(words[:cut])
        auth_token.check()
        end.code = _act(args, words[cut + 1 :])
    return end.code


def _parse(own: list[str]) -> argparse.Namespace:
    parser = command.Parser(
        prog="python -m study.submit",
        description="A study on a Ray cluster, through its Jobs API.",
        usage="%(prog)s --address http://HOST:8265 [options] -- options of study.run",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--address", required=True, metavar="URL", help="of the head's dashboard, such as http://127.0.0.1:8265")
    add("--env", action="append", default=[], metavar="NAME=VALUE", help="on all nodes, say STUDY_STORE; repeatable")
    add("--no-wait", action="store_true", help="end once the study is sent")
    add("--follow", metavar="JOB", help="come back to a study that was sent before")
    add("--stop", metavar="JOB", help="stop a study that was sent before; it can go on with --resume")
    add("--unprotected", action="store_true", help="take a cluster that runs anybody's code, without a token")
    return parser.parse_args(own)


def _act(args: argparse.Namespace, rest: list[str]) -> int:
    if args.follow is not None and args.stop is not None:
        raise UserError("--follow and --stop: name one of them")
    if (args.follow or args.stop) and rest:
        raise UserError("--follow and --stop take no command: leave out what stands behind --")
    variables = _variables(args.env)
    words, code = ([], ()) if args.follow or args.stop else _checked(rest)
    from study.backend import jobs

    cluster = jobs.Cluster(args.address, args.unprotected)
    if args.stop:
        return _stop(cluster, args)
    job = args.follow or _send(cluster, args, words, variables, code)
    if args.no_wait:
        print(_ways_back(args, job))
        return 0
    return _follow(cluster, args, job)


def _checked(rest: list[str]) -> tuple[list[str], tuple[Code, ...]]:
    """Give the command as the cluster is to run it, and the code of the user's own that it needs.

    Raises:
        UserError: something in it that can be seen from here.
    """
    wanted = options.parse(rest)
    if wanted.list:
        raise UserError("--list: ask study.run for it, which needs no cluster")
    if wanted.address is not None:
        raise UserError("--address belongs before --: the study finds the cluster that it is sent to")
    _check_paths(wanted)
    code = resolve(wanted, here=False).code
    return _shipped(rest, str(wanted.space)), code


def _check_paths(wanted: options.Options) -> None:
    for option in ("data", "source_data"):
        path = getattr(wanted, option)
        if path is not None and not path.is_absolute():
            raise UserError(f"--{option.replace('_', '-')} {path}: write the folder as the nodes see it, from / on")
    if wanted.out is None or not _from_root(wanted.out):
        fault = "is missing" if wanted.out is None else f"{wanted.out}: is relative to a folder that ends with the job"
        raise UserError(
            f"--out {fault}; name a folder that all nodes see, from / on, or a URI such as s3://bucket/study"
        )


def _from_root(out: str | Path) -> bool:
    """Whether a place is the same wherever the command is run."""
    if not remote.is_uri(out):
        return Path(out).is_absolute()
    scheme, _, path = str(out).partition("://")
    return scheme.lower() not in ("file", "local") or path.startswith("/")


def _shipped(rest: list[str], space: str) -> list[str]:
    """Name a space's file as it lies in the working tree."""
    path = Path(space)
    if path.suffix != ".py":
        return rest
    if not path.resolve().is_relative_to(working_tree.ROOT):
        raise UserError(
            f"--space {space}: lies outside the working tree that is sent ({working_tree.ROOT}); copy it there"
        )
    inside = str(path.resolve().relative_to(working_tree.ROOT))
    return [word.replace(space, inside) if word in (space, f"--space={space}") else word for word in rest]


def _variables(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair.strip("="):
            raise UserError(f"--env {pair!r}: write NAME=VALUE")
        if pair == _named(pair):
            raise UserError(f"--env {pair}: a printed command leaves the value out; write it")
    return dict(pair.split("=", 1) for pair in pairs)


def _named(pair: str) -> str:
    """Give a variable without its value, which may be a secret."""
    return f"{pair.partition('=')[0]}=…"


def _send(
    cluster: "Cluster",
    args: argparse.Namespace,
    words: list[str],
    variables: dict[str, str],
    code: Iterable[Code] = (),
) -> str:
    """Send the working tree and the command; gives the job."""
    options = [word for pair in args.env for word in ("--env", _named(pair))]
    plain = [word for word in words if word != "--resume"]
    again = _command(args, *options, "--", *plain, "--resume")
    about = {"STUDY_COMMAND": again, "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as folder:
        with durable.written(folder):
            size = working_tree.copy(Path(folder)) + working_tree.add(Path(folder), code)
        words = ["python", "-m", "study.run", *words, "--address", "auto"]
        job = f"raysubmit_{secrets.token_hex(8)}"  # named here, so that an interrupted sending can be looked for
        with _saying(f"interrupted; {job} may be running: look with {_command(args, '--follow', job)}"):
            cluster.send(shlex.join(words), folder, about | variables, job)
    print(f"{job}: sent {size / 2**20:.1f} MiB of {working_tree.ROOT}", flush=True)
    return job


def _follow(cluster: "Cluster", args: argparse.Namespace, job: str) -> int:
    try:
        for text in cluster.log(job):
            print(text, end="", flush=True)
            if command.nobody_reads(sys.stdout):  # as of `| head`: the study runs on
                return FOLLOWING_ENDED
        return _ended(cluster, job)
    except KeyboardInterrupt:
        print(f"\nthe study runs on\n{_ways_back(args, job)}")
        return FOLLOWING_ENDED


def _stop(cluster: "Cluster", args: argparse.Namespace) -> int:
    """Stop a job as Ctrl-C would, and show what it says of it."""
    with _saying(f"interrupted; {args.stop} may be running still: look with {_command(args, '--follow', args.stop)}"):
        cluster.stop(args.stop)
        print("".join(cluster.log(args.stop)).rstrip().rpartition("\n")[2])
        return _ended(cluster, args.stop)


@contextlib.contextmanager
def _saying(message: str) -> Iterator[None]:
    """Have Ctrl-C say what it leaves behind."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(message) from interrupt


def _ended(cluster: "Cluster", job: str) -> int:
    end = cluster.end(job)
    if end.code is None and not end.stopped:
        print(f"{job}: {end.message}", file=sys.stderr)
    return INTERRUPTED if end.stopped else 1 if end.code is None else end.code


def _command(args: argparse.Namespace, *words: str) -> str:
    """Write a command for the same cluster, to be pasted into a shell."""
    unprotected = ["--unprotected"] if args.unprotected else []
    return shlex.join(["python", "-m", "study.submit", "--address", args.address, *unprotected, *words])


def _ways_back(args: argparse.Namespace, job: str) -> str:
    return f"come back to it: {_command(args, '--follow', job)}\nstop it: {_command(args, '--stop', job)}"


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
