"""What is printed and returned when a study has ended: how it went, as lines and as an exit code."""

from typing import TYPE_CHECKING

from study.errors import DONE, FAILED, INTERRUPTED

if TYPE_CHECKING:
    from study.search.state import State


def lines(state: "State", again: str) -> list[str]:
    """Describe how a study ended; nothing where all went well.

    Args:
        state: of the search.
        again: how a study that was stopped is resumed.
    """
    if not state.done():
        return [f"stopped before its end; go on with: {again}"]
    closing = []
    if state.losses:
        resumed = f"{len(state.losses)} trials went on after their worker had died"
        closing.append(f"{resumed}, the last one because {state.lost_because}")
    if state.alone:
        first = next(iter(state.alone.values()))
        closing.append(f"{len(state.alone)} trials broke when trained together and were trained one by one: {first}")
    if state.wide:
        first = next(iter(state.wide.values()))
        closing.append(f"{len(state.wide)} trials ran out of memory beside others and got a whole GPU: {first}")
    if failed := state.count("failed"):
        closing.append(f"done, with {failed} of {state.total()} trials failed: the report lists their errors")
    if state.absent:
        absent = f"{len(state.absent)} of {len(state.cells)} cells were not run"
        closing.append(f"done, but {absent}: the report says why")
    return closing


def exit_code(state: "State") -> int:
    """Give the exit code of `study.run`."""
    if not state.done():
        return INTERRUPTED
    return FAILED if state.count("failed") or state.absent else DONE
