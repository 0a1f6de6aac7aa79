"""What a study spends, and what each of its trials is. Knows nothing of their order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from study.space.space import Value

Prune = Callable[[str, int, float], bool]
"""One cell's early stopping: remembers (trial, epoch, objective) and returns whether to end that trial."""


@dataclass(frozen=True)
class Plan:
    """How much a study spends: search trials a cell, epochs a trial, replicates a winner; and its seed."""

    trials: int
    epochs: int
    replicates: int
    seed: int

    @property
    def startup(self) -> int:
        """Trials of a cell that are drawn at random before TPE models them: a quarter, 4 to 10."""
        return min(10, max(4, self.trials // 4))


@dataclass
class Trial:
    """One training: what is trained, and its objectives so far."""

    id: str
    cell: int
    role: str
    seed: int
    tuned: dict[str, Value]
    replicate_of: str | None = None
    state: str = "running"
    objectives: dict[int, float] = field(default_factory=dict)
    error: str | None = None

    @property
    def number(self) -> int:
        """Its number among the cell's trials of its role."""
        return int(self.id.rpartition("-")[2][1:])

    @property
    def final(self) -> float:
        """The objective at the last epoch."""
        return self.objectives[max(self.objectives)]
