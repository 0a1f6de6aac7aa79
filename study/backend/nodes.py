"""Whether each node of a cluster can take part: the code, the versions, the folders, the images, before any trial.

Knows Ray's nodes, and what a study needs of a machine; knows nothing of trials.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from study.backend.listening_clock import Awake
from study.errors import UserError
from study.pretraining import fetch
from study.search.study import Study, named
from study.space.space import Cell
from study.storage import remote, store
from study.storage import study_folder as folders

PATIENCE = 180.0
"""Seconds in which a node has to say what it sees: a folder on dead storage never answers."""
SEEN = ".nodes"


class NodeChecks(NamedTuple):
    """What a node is to have, as the driver has it."""

    code: str
    versions: dict[str, str]
    store: str | None
    """What $STUDY_STORE is there."""
    place: str
    """Of the results: a URI, or a path as `store.name` writes it."""
    mark: str
    """What the driver wrote into its folders."""
    shares: bool
    """Whether all nodes must have one store, because weights are trained first."""
    cells: list[Cell]
    absent: frozenset[int]
    """Cells whose pretrained weights cannot be had where the driver is."""


def ready(study: Study, check: Callable[[], None], say: Callable[[str], None]) -> None:
    """Ask every node that runs trials for what is needed, and have it make the images that its store lacks.

    Args:
        study: put together.
        check: called several times a second; what it raises ends the waiting.
        say: gets a line.

    Raises:
        UserError: a node lacks something; the text names node, thing and what to do.
    """
    asked = _asked(study)
    there, nodes = _results(asked), _alive()
    try:
        there.write(f"{SEEN}/driver", asked.mark.encode())
        _seen(store.root(), asked.mark).touch()
        for node, problems in _each(nodes, look, [(asked, node) for node in nodes], check, PATIENCE):
            if not problems and there.read(f"{SEEN}/{node}") != asked.mark.encode():
                problems = [_unseen(asked)]
            if problems:
                raise UserError(f"node {nodes[node]}: {problems[0]}")
    finally:
        there.drop(SEEN)
        _seen(store.root(), asked.mark).unlink(missing_ok=True)
    _make(study, nodes, check, say)


def look(asked: NodeChecks, node: str) -> list[str]:
    """Say what is wrong on the machine that this runs on, the first thing only."""
    store.prefer(asked.store)
    return next(([problem] for problem in _problems(asked, node)), [])


def _problems(asked: NodeChecks, node: str) -> Iterator[str]:
    if (code := folders.code_fingerprint()) != asked.code:
        told = f"has other code ({code}, not {asked.code})"
        yield f"{told}: bring its copy up to date, or send the working tree with study.submit"
    for name, version in folders.versions().items():
        if version != asked.versions[name]:
            yield f"has {name} {version}, not {asked.versions[name]}: install from the same constraints.txt"
    try:
        if _results(asked).read(f"{SEEN}/driver") != asked.mark.encode():
            yield _unseen(asked)
        _results(asked).write(f"{SEEN}/{node}", asked.mark.encode())
    except OSError as error:
        yield f"cannot write in {_shown(asked)} ({error.strerror or error})"
    if asked.shares and not _seen(store.root(), asked.mark).exists():
        told = f"has a store of its own ({store.root()}), but this space trains weights first, which all nodes must see"
        yield f"{told}: set STUDY_STORE to a shared folder where `ray start` is run"
    absent = _absent(asked.cells)
    for number, problem in absent.items():
        if number not in asked.absent:
            yield f"cell {asked.cells[number].name!r}: {problem}"


def make(prepared: Sequence[dict[str, Any]], chosen: str | None) -> tuple[int, float]:
    """Make the images that this machine's store lacks; gives how many data sets that were, and the seconds."""
    from study.data import prepare

    store.prefer(chosen)
    began, known = time.monotonic(), set(_entries())
    for each in prepared:
        prepare.here(prepare.Prepared(**each))
    return len(set(_entries()) - known), time.monotonic() - began


def _make(study: Study, nodes: dict[str, str], check: Callable[[], None], say: Callable[[str], None]) -> None:
    from study.backend.pretrain_first import lines

    wanted = {each.path: named(each) for each in (*study.prepared, *(start.prepared for start in lines(study.starts)))}
    job = (list(wanted.values()), os.environ.get("STUDY_STORE"))
    made = [found for _, found in _each(nodes, make, [job] * len(nodes), check, None)]
    several = [seconds for count, seconds in made if count]
    told = f"; images made on {len(several)} of them in {max(several):.0f} s" if several else ""
    say(f"{len(nodes)} node{'s' * (len(nodes) != 1)} can take part{told}")


def _each(
    nodes: dict[str, str],
    call: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    check: Callable[[], None],
    patience: float | None,
) -> Iterator[tuple[str, Any]]:
    """Call a function on each node; yields node and result as they come.

    Raises:
        UserError: it raised something there, or does not answer.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

    from study.backend.session import line

    task: Any = ray.remote(num_cpus=0, max_retries=0)(call)
    running = {
        task.options(scheduling_strategy=On(node, soft=False)).remote(*job): node
        for node, job in zip(nodes, jobs, strict=True)
    }
    clock = Awake()
    while running:
        done, _ = ray.wait(list(running), timeout=0.2)
        check()
        for each in done:
            node = running.pop(each)
            try:
                found = ray.get(each)
            except ray.exceptions.RayError as error:
                cause = getattr(error, "cause", None)
                told = str(cause) if isinstance(cause, UserError) else _cannot(error, line)
                raise UserError(f"node {nodes[node]}: {told}") from error
            yield node, found
        if patience is not None and running and clock.look() > patience:
            raise UserError(f"node {nodes[next(iter(running.values()))]}: does not answer within {patience:.0f} s")


def _cannot(error: Exception, line: Callable[..., str]) -> str:
    """Say why nothing ran there: Ray's text ends with the error's own line."""
    if "No module named 'study'" in str(error):
        return "has not this project's code: install it there, or send the working tree with study.submit"
    return f"cannot take part ({line(error, -1)})"


def _alive() -> dict[str, str]:
    """Nodes that run trials, by Ray's number; the name for people."""
    import ray

    found = [each for each in ray.nodes() if each["Alive"] and each["Resources"].get("CPU", 0) > 0]
    return {each["NodeID"]: f"{each['NodeManagerHostname']} ({each['NodeManagerAddress']})" for each in found}


def _asked(study: Study) -> NodeChecks:
    place = study.mirror.uri if study.mirror else store.name(study.folder)
    about = folders.code_fingerprint(), folders.versions(), os.environ.get("STUDY_STORE"), place
    shares = any(study.starts)
    return NodeChecks(*about, uuid.uuid4().hex, shares, study.cells, frozenset(study.absent))


def _results(asked: NodeChecks) -> remote.Remote:
    return remote.Remote(asked.place if remote.is_uri(asked.place) else store.at(asked.place).as_uri())


def _shown(asked: NodeChecks) -> str:
    return asked.place if remote.is_uri(asked.place) else str(store.at(asked.place))


def _unseen(asked: NodeChecks) -> str:
    told = f"does not see the results in {_shown(asked)} on {socket.gethostname()}"
    return f"{told}: let --out name a folder that all nodes mount at this path, or a URI such as s3://bucket/study"


def _absent(cells: list[Cell]) -> dict[int, str]:
    try:
        return fetch.fetch_weights(cells)
    except UserError as error:
        return dict.fromkeys(range(len(cells)), str(error))


def _seen(root: Path, mark: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    return root / f".seen-{mark}"


def _entries() -> Iterator[Path]:
    return (store.root() / "data").glob(f"*/{store.MANIFEST}")
