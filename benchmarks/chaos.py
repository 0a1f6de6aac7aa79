"""`python -m benchmarks.chaos`: kills studies by the hundred and counts what they lost, as docs/reliability.md has it.

A study that trains nothing goes through the real search, ledger, table and Ray; a journal that its workers keep is the
truth. `--json FILE` has the figures after each study, so that an end in the middle loses none; the exit code is 1 where
a promise did not hold.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import _chaos_kills, _chaos_training, _markdown, _options
from benchmarks._chaos_account import Account
from benchmarks._chaos_kills import Chaos

SHOWN = ("studies", "trials", "steps", "wasted", "allowed", "retried", "failed", "lost", "doubled", "missing", "wrong")
SHOWN += ("unequal", "dishonest", "overspent", "unended")
CPUS = 4
"""That each node says it has, whatever it has: nothing is trained."""


def main(argv: list[str] | None = None) -> int:
    """Kill, print what was counted; returns the exit code."""
    args = _arguments(argv)
    with tempfile.TemporaryDirectory() as name:
        figures = _run(args, args.keep or Path(name))
    print(page(figures))
    return 1 if any(each["broken"] for each in figures.values()) else 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = _options.Parser(prog="python -m benchmarks.chaos", description=__doc__)
    add, count = parser.add_argument, _options.at_least(0)
    add("--driver", type=count, default=200, metavar="N", help="kills of the driver (default: 200)")
    add("--workers", type=count, default=50, metavar="N", help="kills of workers (default: 50)")
    add("--nodes", type=count, default=20, metavar="N", help="kills of nodes (default: 20)")
    add("--training", type=count, default=20, metavar="N", help="kills of a real network's training (default: 20)")
    add("--signals", type=count, default=20, metavar="N", help="interruptions by a signal (default: 20)")
    add("--seed", type=count, default=0, metavar="N", help="of when they fall (default: 0)")
    add("--minutes", type=count, default=60, metavar="N", help="no kill is begun later (default: 60)")
    add("--json", type=_options.figures_file, metavar="FILE", help="write the figures there")
    add("--keep", type=Path, metavar="DIR", help="leave the studies there")
    return parser.parse_args(argv)


def _run(args: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    figures: dict[str, dict[str, Any]] = {}
    began = time.monotonic()

    def keep(what: str, total: Account, where: Counter[str]) -> None:
        figures[what] = {"kills": where.total(), "where": dict(where), "broken": total.broken()} | vars(total)
        if args.json:
            args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    def chaos(what: str, address: str | None) -> Chaos:
        until = began + 60 * args.minutes
        return Chaos(folder / what, random.Random(f"{args.seed} {what}"), address, say, until, keep)

    if args.training:
        _chaos_training.kills(chaos("training", None), args.training)
    if args.nodes:
        with cluster(nodes=2) as (address, kill):
            _chaos_kills.nodes(chaos("nodes", address), args.nodes, kill)
    with cluster() as (address, _):
        like = _chaos_kills.reference(folder / "uninterrupted", address)
        _chaos_kills.signals(chaos("signals", address), args.signals, like)
        _chaos_kills.workers(chaos("workers", address), args.workers)
        _chaos_kills.driver(chaos("driver", address), args.driver, like=like)
    return figures


@contextmanager
def cluster(nodes: int = 0, gpus: int = 0) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Hold a Ray cluster on this machine.

    Args:
        nodes: besides the head, which then trains nothing.
        gpus: that the head says it has, whatever it has.

    Yields:
        Its address, and what kills a node and lets another join.
    """
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0 if nodes else CPUS, "num_gpus": gpus, "include_dashboard": False}
    here = _patiently(lambda: Cluster(initialize_head=True, head_node_args=head))
    join = partial(_patiently, lambda: here.add_node(num_cpus=1))
    alive = [join() for _ in range(nodes)]

    def kill() -> bool:
        here.remove_node(alive.pop(0), allow_graceful=False)
        alive.append(join())
        return True

    try:
        yield here.address, kill
    finally:
        here.shutdown()


def _patiently(start: Callable[[], Any], tries: int = 4) -> Any:
    """Start a part of a cluster; Ray gives up after 30 seconds, which a busy machine may need."""
    try:
        return start()
    except Exception as error:
        if tries == 1 or "timed out during startup" not in str(error):
            raise
    return _patiently(start, tries - 1)


def page(figures: dict[str, dict[str, Any]]) -> str:
    """Write the figures as Markdown."""
    head = ("killed", "kills", *SHOWN)
    rows = [[name, *(str(each[key]) for key in head[1:])] for name, each in figures.items()]
    waits = [each["seconds"] for each in figures.values() if each["seconds"]]
    where = [(name, point, str(count)) for name, each in figures.items() for point, count in each["where"].items()]
    notes = [note for each in figures.values() for note in each["notes"]]
    parts = [_markdown.table(head, rows), _markdown.table(("killed", "where", "kills"), where, texts=2), *notes]
    parts += [f"a signal ends the driver in {median(each):.1f} s, {max(each):.1f} s at most" for each in waits]
    return "\n\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
