"""A trial as a worker gets it: plain values, which Ray sends to any machine of the cluster."""

from typing import Any, NotRequired, TypedDict

from study.plugins import Code
from study.space.distributions import Value
from study.storage.events import WorkerReport
from study.training.failures import Failure


class Earlier(TypedDict):
    """A task that the trial's initial weights have learnt."""

    config: dict[str, Value]
    """The configuration it was learnt with."""
    prepared: dict[str, Any]
    """Its images: the fields of `study.data.prepare.Prepared`."""
    entry: str
    """Store entry of the network and the head as they were then, as `store.name` writes it."""


class CacheSettings(TypedDict):
    """The fields of `study.training.trial.CacheSettings`."""

    budget: int
    """Bytes; 0 caches nothing."""
    half: bool
    """Whether the cache is in half precision."""
    code: str
    """Hash of the code that computes the cached outputs."""
    exact: NotRequired[bool]
    """Whether PyTorch computes them all."""


class Job(TypedDict):
    """All that a worker needs to train one trial. Paths are as `store.name` writes them."""

    trial: str
    """The trial's id."""
    store: str | None
    """The driver's $STUDY_STORE, for machines that have none of their own."""
    uri: str | None
    """URI to which checkpoints and models are copied as well; None copies nothing."""
    role: str
    """search, replicate or published; a search trial does not open the test split."""
    config: dict[str, Value]
    """Hyperparameter → value: the cell's values and the tuned ones."""
    seed: int
    """The trial's own seed."""
    epochs: int
    """Number of epochs to train."""
    prepared: dict[str, Any]
    """The images: the fields of `study.data.prepare.Prepared`."""
    split_seed: int
    """Seed of the split into training and validation."""
    draw_seed: int
    """Seed that draws the labelled share of the training images."""
    checkpoints: str
    """Folder of the trial's checkpoints."""
    checkpoint_seconds: float
    """Least seconds between two checkpoints."""
    source: str | None
    """Store entry of the initial weights; None if the family has them, or there are none."""
    earlier: list[Earlier]
    """Tasks that the initial weights have learnt, in their order; each report scores them too."""
    cache: CacheSettings
    """How much of the outputs of frozen stages may be cached."""
    model: str | None
    """Folder to save the trained network in; None does not save it."""
    own_code: NotRequired[tuple[Code, ...]]
    """Of the user's own: files with their texts, which need not be on the worker's machine."""
    threads: NotRequired[int]
    """CPU threads of torch; added by `study.backend.tune.run`."""
    gpu: NotRequired[bool]
    """Whether to train on a GPU; added by `study.backend.tune.run`."""
    gpus: NotRequired[float]
    """GPUs that Ray reserves for the trial; added by `study.backend.tune.run`."""


Results = dict[str, WorkerReport | Failure]
"""What a worker sends back: trial → its report after an epoch, or its failure."""
