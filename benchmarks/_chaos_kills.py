"""Strikes studies until so many kills are done: their driver, their workers, the nodes they are on.

Knows when and whom; how a process is struck is `_chaos_process.py`'s, what has to hold then `_chaos_account.py`'s.
"""

import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import _chaos_account
from benchmarks._chaos_account import Account
from benchmarks._chaos_points import POINTS, Crash
from benchmarks._chaos_process import Moment, interrupt, kill, lines, start
from benchmarks._chaos_study import NodeChecks
from study.errors import INTERRUPTED
from study.storage import ledger

INTERVALS = (1, 4, 7)
"""Epochs between two checkpoints, in turn."""
EACH = 8
"""Strikes that a study survives before it comes to its end."""
ONCE = ("in a resume, before its file", "in a resume, after its file")
"""Points that a run passes once."""
RARE = ("before a trial's checkpoints go", "before the table's rename", "after a suggestion")
INTERRUPTIONS = [(number, again) for again in (None, 0.3) for number in (signal.SIGTERM, signal.SIGINT)]

Tally = tuple[Account, Counter[str]]
"""What was counted over all studies, and where the strikes fell."""


class Chaos(NamedTuple):
    """What all kinds of kills need."""

    folder: Path
    draw: random.Random
    address: str | None
    say: Callable[[str], None]
    until: float = float("inf")
    """Of `time.monotonic`; no kill is begun later."""
    keep: Callable[[str, Account, Counter[str]], None] = lambda what, total, where: None
    """Gets what was counted so far, after each study."""

    def more(self, count: int, where: Counter[str]) -> bool:
        """Whether there is to be another kill."""
        return where.total() < count and time.monotonic() < self.until

    def tell(self, what: str, total: Account, where: Counter[str]) -> None:
        """Say and keep how it stands."""
        self.say(f"{what}: {where.total()} in {total.studies} studies, {total.broken() or 'nothing lost'}")
        self.keep(what, total, where)


def reference(folder: Path, address: str | None) -> Any:
    """Give the table of the study, run to its end one trial at a time and without a kill."""
    if code := kill(NodeChecks(str(folder), address=address), Moment()):
        raise RuntimeError(f"the study failed without any kill: exit code {code}")
    return _chaos_account.table(folder)


def driver(chaos: Chaos, count: int, points: Sequence[str] = POINTS, like: Any = None) -> Tally:
    """Kill drivers, every second time at a named point, and let each study come to its end after some kills.

    Args:
        chaos: where, when and with what luck.
        count: of kills.
        points: to be taken in turn.
        like: table of an uninterrupted study; None compares none.
    """
    moments = _moments(chaos.draw, points)

    def strike(asked: NodeChecks, found: Account) -> tuple[int, str]:
        moment = next(moments)
        return kill(asked, moment), moment.name

    return _struck(chaos, "driver killed", count, -signal.SIGKILL, strike, like)


def signals(chaos: Chaos, count: int, like: Any = None) -> Tally:
    """Interrupt drivers by SIGTERM and SIGINT at random moments, once and twice."""
    kinds = itertools.cycle(INTERRUPTIONS)

    def strike(asked: NodeChecks, found: Account) -> tuple[int, str]:
        number, again = next(kinds)
        moment = Moment(lines=chaos.draw.randint(1, 40))
        code, seconds = interrupt(asked, moment, number, again)
        if code == INTERRUPTED:
            found.seconds.append(round(seconds, 2))
            found.missing += again is None and not _chaos_account.written(Path(asked.folder))
        return code, f"{number.name}{', twice' * (again is not None)}"

    return _struck(chaos, "driver interrupted", count, INTERRUPTED, strike, like)


def _struck(
    chaos: Chaos, what: str, count: int, code: int, strike: Callable[[NodeChecks, Account], tuple[int, str]], like: Any
) -> Tally:
    """Strike studies until there were so many strikes, every second study with one trial at a time."""
    total, where = Account(), Counter[str]()
    while chaos.more(count, where):
        alone = total.studies % 2 == 0
        asked = _next(chaos, total)._replace(slots=2 - alone)
        most = min(EACH, count - where.total())
        found, kills, ended = Account(), 0, None
        for _ in range(3 * most):
            if kills == most or ended == 0 or time.monotonic() > chaos.until:
                break
            ended, place = strike(asked, found)
            if ended == code:
                kills += 1
                where[place] += 1
                found.dishonest += not _chaos_account.honest(Path(asked.folder), kills)
            elif ended:
                found.notes.append(f"{asked.folder}: exit code {ended}, struck {place}")
        if ended != 0 and (last := kill(asked, Moment())):
            found.notes.append(f"{asked.folder}: exit code {last} after {kills} strikes")
        total.add(_closed(asked, kills, found, like if alone else None))
        chaos.tell(what, total, where)
    return total, where


def _closed(asked: NodeChecks, kills: int, found: Account, like: Any) -> Account:
    """Add to an account what has to hold at a study's end; any exit code that was not asked for is one too many."""
    found.unended += bool(found.notes)
    if not found.notes:
        found.add(_chaos_account.whole(Path(asked.folder), kills, asked.every * asked.slots, like))
    else:
        found.studies += 1
    return found


def _next(chaos: Chaos, total: Account) -> NodeChecks:
    every = INTERVALS[total.studies // 2 % len(INTERVALS)]
    return NodeChecks(str(chaos.folder / f"{total.studies:03d}"), every=every, address=chaos.address)


def _moments(draw: random.Random, points: Sequence[str]) -> Iterator[Moment]:
    """Yield a named point and a random moment in turn; of these, every second falls while trials run."""
    for number, point in enumerate(itertools.cycle(points)):
        most = 1 if point in ONCE else 3 if point in RARE else 12
        yield Moment(Crash(point, draw.randint(1, most)))
        yield Moment(seconds=draw.uniform(0, 3)) if number % 2 else Moment(lines=draw.randint(1, 40))


def workers(chaos: Chaos, count: int) -> Tally:
    """Kill processes that train, while their driver goes on."""
    return _beside(chaos, count, lambda folder: _kill_worker(folder, chaos.draw), "worker killed")


def nodes(chaos: Chaos, count: int, strike: Callable[[], bool]) -> Tally:
    """Kill nodes of the cluster, while the driver goes on.

    Args:
        chaos: where, when and with what luck.
        count: of kills.
        strike: kills a node, and lets another join; whether there was one.
    """
    return _beside(chaos, count, lambda folder: strike(), "node killed")


def _beside(chaos: Chaos, count: int, strike: Callable[[Path], bool], what: str) -> Tally:
    total, where = Account(), Counter[str]()
    while chaos.more(count, where):
        asked = _next(chaos, total)._replace(slots=2, pause=0.1)
        folder, kills = Path(asked.folder), 0
        process = start(asked)
        while process.is_alive():
            process.join(chaos.draw.uniform(0.3, 2.5))
            if process.is_alive() and lines(asked.folder) and kills < EACH and chaos.more(count, where):
                done = strike(folder)
                kills += done
                where[what] += done
        found = Account(dishonest=int(not _chaos_account.honest(folder, 0)))
        if process.exitcode:
            found.notes.append(f"{folder}: exit code {process.exitcode} after {kills} kills")
        total.add(_closed(asked, kills, found, None))
        chaos.tell(what, total, where)
    return total, where


def _kill_worker(folder: Path, draw: random.Random) -> bool:
    """Kill a process that reported last for a trial that goes on; whether there was one."""
    last = {event["trial"]: event for event in ledger.read(folder / "ledger")}
    busy = [event["worker"] for event in last.values() if event.get("decision") == "continue"]
    alive = [each for each in {int(worker.rpartition(":")[2]) for worker in busy} if _is_worker(each)]
    if alive:
        os.kill(draw.choice(sorted(alive)), signal.SIGKILL)
    return bool(alive)


def _is_worker(process: int) -> bool:
    try:
        return b"ray::" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
