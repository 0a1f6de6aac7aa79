"""The commands to go on with after an inspection. Knows nothing of how they are shown."""

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from study.cli.inspect_options import SPACE, InspectOptions
from study.space.config import Config

if TYPE_CHECKING:
    from study.data.inspection import Inspection

NETWORKS = "efficientnet_lite0,resnet18"
"""Networks that a first ranking may compare."""


class Step(NamedTuple):
    """A command to go on with."""

    what: str
    """What it does, for people."""
    command: str


def pattern(seen: "Inspection", trial: Config) -> str | None:
    """Give the pattern that names groups: the user's, or a proposed one.

    Names alone are no reason to take images out of a split: where there are several, copies must speak for a proposal.
    """
    proposal = seen.proposal
    if trial.group_pattern is None and proposal is not None and seen.joined:
        return proposal.pattern if proposal.explained or len(seen.dataset.splits) == 1 else None
    return trial.group_pattern


def steps(options: InspectOptions, seen: "Inspection", trial: Config) -> list[Step]:
    """Give the commands to go on with."""
    if seen.problems:
        mend = _command("inspect", str(options.data), *_set(options), "--mend", "mended.csv")
        return [Step("a list of what can be used", mend)]
    if trial.group_pattern is None and (proposed := pattern(seen, trial)) is not None:
        options = replace(options, set=[*options.set, f"group_pattern={proposed}"])
    ranked = _command("rank", "--data", str(options.data), "--families", NETWORKS, *_set(options))
    return [Step("a study", study(options)), Step("which networks are promising", ranked)]


def study(options: InspectOptions) -> str:
    """Write the command of a study."""
    return _command("run", "--space", SPACE, "--data", str(options.data), *_set(options))


def _set(options: InspectOptions) -> list[str]:
    return [word for item in options.set for word in ("--set", item)]


def _command(name: str, *words: str) -> str:
    return shlex.join(["python", "-m", f"study.{name}", *words])
