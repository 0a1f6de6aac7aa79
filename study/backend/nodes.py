"""Checks, before any trial, that each node of a cluster has the study's code, versions, folders and images.

Knows Ray's nodes, and what a study needs of a machine; knows nothing of trials.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from study import plugins
from study.backend.listening_clock import Awake
from study.errors import UserError
from study.plugins import Code
from study.pretraining import fetch, sources
from study.pretraining.imported import ImportedWeights, of_file
from study.search.study import Study, named
from study.space.space import Cell
from study.storage import remote, store
from study.storage import study_folder as folders

PATIENCE = 180.0
"""Seconds in which a node has to report the result of its checks: a folder on dead storage never answers."""
SEEN = ".nodes"


class NodeChecks(NamedTuple):
    """What a node must have, according to the driver."""

    code: str
    """Hash of the driver's code."""
    versions: dict[str, str]
    """Package → version on the driver's machine."""
    store: str | None
    """The driver's $STUDY_STORE."""
    place: str
    """The results' folder: a URI, or a path as `store.name` writes it."""
    mark: str
    """Unique text that the driver wrote into the shared folders."""
    shares: bool
    """Whether all nodes must have one store, because weights are trained first."""
    files: tuple[ImportedWeights, ...]
    """Weights from files, which a node without the driver's store reads itself."""
    cells: list[Cell]
    absent: frozenset[int]
    """Cells whose pretrained weights are unavailable on the driver's machine."""
    own_code: tuple[Code, ...] = ()
    """Of the user's own."""


def ready(study: Study, check: Callable[[], None], say: Callable[[str], None]) -> None:
    """Check every node that runs trials, and make the images that its store lacks.

    Args:
        study: ready to run.
        check: called several times a second; what it raises ends the waiting.
        say: prints a line.

    Raises:
        UserError: a node lacks something; the text names the node, what it lacks and what to do.
    """
    expected = _node_checks(study)
    results, nodes = _results_folder(expected), _alive()
    try:
        results.write(f"{SEEN}/driver", expected.mark.encode())
        _seen(store.root(), expected.mark).touch()
        calls = [(expected, node) for node in nodes]
        for node, problems in _on_nodes(nodes, look, calls, check=check, patience=PATIENCE):
            if not problems and results.read(f"{SEEN}/{node}") != expected.mark.encode():
                problems = [_unseen(expected)]
            if problems:
                raise UserError(f"node {nodes[node]}: {problems[0]}")
    finally:
        results.drop(SEEN)
        _seen(store.root(), expected.mark).unlink(missing_ok=True)
    _make(study, nodes, check, say)


def look(expected: NodeChecks, node: str) -> list[str]:
    """Return the first problem of the machine that this runs on; empty if there is none."""
    store.prefer(expected.store)
    plugins.fix(expected.own_code)
    return next(([problem] for problem in _problems(expected, node)), [])


def _problems(expected: NodeChecks, node: str) -> Iterator[str]:
    if (code := folders.code_fingerprint()) != expected.code:
        problem = f"has other code ({code}, not {expected.code})"
        yield f"{problem}: bring its copy up to date, or send the working tree with study.submit"
    for name, version in folders.versions().items():
        if version != expected.versions[name]:
            yield f"has {name} {version}, not {expected.versions[name]}: install from the same constraints.txt"
    try:
        plugins.refuse_other(expected.own_code)
    except UserError as error:
        yield f"{error}: install the same distributions on all nodes"
    try:
        if _results_folder(expected).read(f"{SEEN}/driver") != expected.mark.encode():
            yield _unseen(expected)
        _results_folder(expected).write(f"{SEEN}/{node}", expected.mark.encode())
    except OSError as error:
        yield f"cannot write in {_results_path(expected)} ({error.strerror or error})"
    if expected.shares and not _seen(store.root(), expected.mark).exists():
        problem = f"has a store of its own ({store.root()})"
        problem = f"{problem}, but this space trains weights first, which all nodes must see"
        yield f"{problem}: set STUDY_STORE to a shared folder where `ray start` is run"
    yield from filter(None, map(_file_problem, expected.files))
    absent = _absent(expected.cells)
    for number, reason in absent.items():
        if number not in expected.absent:
            yield f"cell {expected.cells[number].name!r}: {reason}"


def _file_problem(start: ImportedWeights) -> str | None:
    """Read weights from a file if this machine's store lacks them; says what is in the way."""
    if store.whole(start.path):
        return None
    from study.pretraining import import_weights  # imports torch

    try:
        import_weights.make(start)
    except UserError as error:
        return f"{error}; place the driver's file there, or set STUDY_STORE to a shared folder"
    return None


def make(
    prepared: Sequence[dict[str, Any]], default_store: str | None, code: tuple[Code, ...] = ()
) -> tuple[int, float]:
    """Make the images that this machine's store lacks; returns the number of data sets made, and the seconds."""
    from study.data import prepare

    store.prefer(default_store)
    plugins.fix(code)
    began, known = time.monotonic(), set(_entries())
    for fields in prepared:
        prepare.here(prepare.Prepared(**fields))
    return len(set(_entries()) - known), time.monotonic() - began


def _make(study: Study, nodes: dict[str, str], check: Callable[[], None], say: Callable[[str], None]) -> None:
    from study.backend.pretrain_first import lines

    images = (*study.prepared, *(start.prepared for start in lines(study.starts)))
    by_path = {prepared.path: named(prepared) for prepared in images}
    call = (list(by_path.values()), os.environ.get("STUDY_STORE"), study.code)
    made = [result for _, result in _on_nodes(nodes, make, [call] * len(nodes), check=check, patience=None)]
    several = [seconds for count, seconds in made if count]
    note = f"; images made on {len(several)} of them in {max(several):.0f} s" if several else ""
    say(f"{len(nodes)} node{'s' * (len(nodes) != 1)} can take part{note}")


def _on_nodes(
    nodes: dict[str, str],
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    *,
    check: Callable[[], None],
    patience: float | None,
) -> Iterator[tuple[str, Any]]:
    """Call a function on each node; yields each node with its result, in the order in which they end.

    Args:
        nodes: Ray's id of a node → its name for people.
        function: of a module.
        calls: the function's arguments, one tuple a node.
        check: called several times a second; what it raises ends the waiting.
        patience: seconds for an answer; None waits for ever.

    Raises:
        UserError: the function raised an error, or a node does not answer.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

    from study.backend.session import line

    task: Any = ray.remote(num_cpus=0, max_retries=0)(function)
    running = {
        task.options(scheduling_strategy=On(node, soft=False)).remote(*args): node
        for node, args in zip(nodes, calls, strict=True)
    }
    clock = Awake()
    while running:
        done, _ = ray.wait(list(running), timeout=0.2)
        check()
        for reference in done:
            node = running.pop(reference)
            try:
                result = ray.get(reference)
            except ray.exceptions.RayError as error:
                cause = getattr(error, "cause", None)
                problem = str(cause) if isinstance(cause, UserError) else _cannot(error, line)
                raise UserError(f"node {nodes[node]}: {problem}") from error
            yield node, result
        if patience is not None and running and clock.look() > patience:
            raise UserError(f"node {nodes[next(iter(running.values()))]}: does not answer within {patience:.0f} s")


def _cannot(error: Exception, line: Callable[..., str]) -> str:
    """Explain why nothing ran on a node: the last line of Ray's text is the error's own."""
    if "No module named 'study'" in str(error):
        return "has not this project's code: install it there, or send the working tree with study.submit"
    return f"cannot take part ({line(error, -1)})"


def _alive() -> dict[str, str]:
    """Return the nodes that run trials: Ray's id → name for people."""
    import ray

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    return {node["NodeID"]: f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})" for node in nodes}


def _node_checks(study: Study) -> NodeChecks:
    from study.backend.pretrain_first import lines

    return NodeChecks(
        code=folders.code_fingerprint(),
        versions=folders.versions(),
        store=os.environ.get("STUDY_STORE"),
        place=study.mirror.uri if study.mirror else store.name(study.folder),
        mark=uuid.uuid4().hex,
        shares=any(lines(study.starts)),
        files=tuple(map(of_file, sources.files(study.cells))),
        cells=study.cells,
        own_code=study.code,
        absent=frozenset(study.absent),
    )


def _results_folder(expected: NodeChecks) -> remote.Remote:
    return remote.Remote(expected.place if remote.is_uri(expected.place) else store.at(expected.place).as_uri())


def _results_path(expected: NodeChecks) -> str:
    return expected.place if remote.is_uri(expected.place) else str(store.at(expected.place))


def _unseen(expected: NodeChecks) -> str:
    problem = f"does not see the results in {_results_path(expected)} on {socket.gethostname()}"
    return f"{problem}: let --out name a folder that all nodes mount at this path, or a URI such as s3://bucket/study"


def _absent(cells: list[Cell]) -> dict[int, str]:
    try:
        return fetch.fetch_weights(cells)
    except UserError as error:
        return dict.fromkeys(range(len(cells)), str(error))


def _seen(root: Path, mark: str) -> Path:
    """Return the file by which a node sees that its store is the driver's."""
    root.mkdir(parents=True, exist_ok=True)
    return root / f".seen-{mark}"


def _entries() -> Iterator[Path]:
    return (store.root() / "data").glob(f"*/{store.MANIFEST}")
