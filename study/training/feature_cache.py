"""A cache of the outputs of frozen first stages for a split, in the store, shared by all trials.

The key of an entry holds everything that the outputs depend on: the stages' weights, the family, the images, the view
of them. Knows nothing of the training loop or of regimes.
"""

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from study.data.device_split import BATCH, Feed, precision
from study.models import onnx_stages
from study.models.net import LEAST, Net
from study.models.onnx_stages import Unsupported
from study.storage import cooperative, store
from study.training import feature_engine, stage_outputs
from study.training.feature_engine import Engine, OnnxEngine
from study.training.stage_outputs import Outputs

Pixels = Callable[[slice], Tensor]
"""A slice of a split's rows → (batch, 3, size, size) float in [0, 1]."""
KIND = "features"
PART = 8
"""Batches in a part of an entry; several processes compute different parts at the same time."""
SEALED = "test"
"""The test's outputs are always PyTorch's, since a saved network predicts by PyTorch and must get the same score."""
_TRIES = 3
_refused: set[str] = set()
"""Keys whose entries could not be cached; this process does not try them again."""
_unsupported: set[str] = set()
"""Keys of entries that ONNX Runtime could not make; PyTorch makes them under another key."""


class FeatureCache(Protocol):
    """Gives the outputs of the frozen first stages for a split; see `Cache.outputs`."""

    def outputs(
        self, net: Net, feed: Feed, images: str, view: object, pixels: Pixels, depth: int | None = None
    ) -> Outputs | None:
        """Open the outputs, or compute them; None where they are not cached."""


class _TooLarge(Exception):
    """An entry that does not fit the budget."""


@dataclass(frozen=True)
class Cache:
    """The cache in the store."""

    dependencies: Mapping[str, object]
    """What outputs depend on besides weights and images: the family, its options, the code."""
    budget: int
    """Bytes of all entries in the store; the least recently used go first. 0 caches nothing."""
    half: bool = False
    """Whether outputs are stored in half precision: half the bytes, and scores that differ a little."""
    exact: bool = True
    """Whether PyTorch computes all outputs. Else ONNX Runtime does where it is faster, and they differ by rounding."""
    count: int = 0
    """Images of the task's training and validation, which decide whether ONNX Runtime pays."""
    onnx: OnnxEngine = field(default_factory=OnnxEngine, compare=False)

    def outputs(
        self, net: Net, feed: Feed, images: str, view: object, pixels: Pixels, depth: int | None = None
    ) -> Outputs | None:
        """Open the outputs of the frozen first stages of a network for a split; compute them if they are missing.

        Args:
            net: frozen as in the phase; its first `net.prefix` stages are run.
            feed: the split.
            images: name of the array that the feed's images are from.
            view: describes, as plain values, how `pixels` changes the images.
            pixels: a slice of the split's rows → (batch, 3, size, size) float in [0, 1].
            depth: number of first stages, in eval mode; None: as many as are frozen.

        Returns:
            The outputs; None where no first stage is frozen, or where there is no room for them.
        """
        depth = net.prefix if depth is None else depth
        if not depth or not self.budget:
            return None
        key: dict[str, object] = {**self.dependencies, "depth": depth}
        key |= {"weights": net.first_digest(depth), "half": self.half}
        key |= {"images": images, "rows": _digest(feed.rows), "view": view, "input": _input(feed)}
        arrays = self._chosen(key, net, feed, pixels, depth=depth, sealed=images == SEALED)
        return Outputs(depth, arrays, feed.rows.device) if arrays else None

    def _chosen(
        self, key: dict[str, object], net: Net, feed: Feed, pixels: Pixels, *, depth: int, sealed: bool
    ) -> tuple[Tensor, ...] | None:
        """Open or make the entry of the engine that is used; its name is a part of the key."""
        plain = partial(net.begin, end=depth)
        if not sealed and self._by_onnx(net, feed, pixels, depth):
            by_onnx = key | {"engine": onnx_stages.versions()}
            try:
                if _name(by_onnx) not in _unsupported:
                    return self._entry(by_onnx, feed, pixels, partial(self.onnx.stages, net, depth, _side(feed)), plain)
            except Unsupported as error:
                _unsupported.add(_name(by_onnx))
                warnings.warn(f"PyTorch runs the frozen stages, since ONNX Runtime does not: {error}", stacklevel=2)
        return self._entry(key, feed, pixels, lambda: plain)

    def _by_onnx(self, net: Net, feed: Feed, pixels: Pixels, depth: int) -> bool:
        """Whether ONNX Runtime runs the first stages of a network."""
        if self.exact or feed.images.device.type != "cpu":
            return False
        network = {name: value for name, value in self.dependencies.items() if name not in ("data", "code")}
        network |= {"side": _side(feed), "contiguous": net.contiguous}
        with contextlib.suppress(OSError):  # of the store
            sample = lambda: feed.normalized(pixels(slice(0, LEAST)))  # noqa: E731
            return self.onnx.is_faster(net, depth, network, self.count, sample)
        return False

    def _entry(
        self,
        key: Mapping[str, object],
        feed: Feed,
        pixels: Pixels,
        engine: Callable[[], Engine],
        expected: Engine | None = None,
    ) -> tuple[Tensor, ...] | None:
        """Open an entry, or make it; None where it cannot be cached.

        Args:
            key: of the entry.
            feed: the split.
            pixels: as of `outputs`.
            engine: gives what runs the stages; it is called only where something is to be run.
            expected: what has to agree on the first images; None compares nothing.

        Raises:
            Unsupported: the engine cannot run the stages, or does not agree.
        """
        if (name := _name(key)) in _refused:
            return None
        begin = partial(self._begin, engine=engine, feed=feed, pixels=pixels, expected=expected)
        fill = partial(_fill, engine=engine, feed=feed, pixels=pixels)
        try:
            return self._arrays(key, begin, fill, feed.rows.device)
        except (_TooLarge, OSError):  # without the cache a trial is slower; its scores are the same
            _refused.add(name)
            return None

    def _arrays(
        self,
        key: Mapping[str, object],
        begin: Callable[[Path], tuple[dict[str, int], int]],
        fill: Callable[[Path, int], None],
        device: torch.device,
    ) -> tuple[Tensor, ...]:
        parts = []

        def fill_and_note(folder: Path, number: int) -> None:
            parts.append(number)
            fill(folder, number)

        for _ in range(_TRIES):
            entry = cooperative.make(KIND, key, begin, fill_and_note)
            with contextlib.suppress(FileNotFoundError):  # another process has just evicted the entry
                arrays = stage_outputs.load(entry, device)
                store.touch(entry)
                if parts:
                    store.evict(KIND, self.budget)
                return arrays
        raise _TooLarge  # processes that share the store evict each other's entries again and again

    def _begin(
        self, folder: Path, engine: Callable[[], Engine], feed: Feed, pixels: Pixels, expected: Engine | None
    ) -> tuple[dict[str, int], int]:
        """Make an empty array for each tensor that a stage passes on; gives their number and the number of parts."""
        if expected is not None:
            feature_engine.verify(engine(), expected, feed.normalized(pixels(slice(0, LEAST))))
        first, count = next(_batches(engine(), feed, pixels, self.half, range(1))), len(feed.rows)
        if sum(array[0].nbytes for array in first) * count > self.budget:
            raise _TooLarge
        for number, array in enumerate(first):
            header = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False}
            with (folder / f"{number}.npy").open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header | {"shape": (count, *array.shape[1:])})
                file.truncate(file.tell() + array[0].nbytes * count)
        return {"paths": len(first)}, -(-count // _rows(feed))


def _rows(feed: Feed) -> int:
    """Give the number of rows in a part. Parts are whole batches, so that batches are the same in every process."""
    return PART * BATCH[feed.images.device.type]


def _fill(folder: Path, number: int, engine: Callable[[], Engine], feed: Feed, pixels: Pixels) -> None:
    """Write one part of the arrays with plain writes; through a memory map, a full disk would kill the process."""
    paths = sorted(folder.glob("*.npy"), key=lambda path: int(path.stem))
    if not paths:
        raise FileNotFoundError(folder)  # another process has failed, and removed the files
    arrays = [np.load(path, mmap_mode="r") for path in paths]
    numbers = range(number * PART, (number + 1) * PART)
    outputs = list(_batches(engine(), feed, pixels, arrays[0].dtype == np.float16, numbers))
    for path, array, *batches in zip(paths, arrays, *outputs, strict=True):
        with path.open("r+b") as file:
            file.seek(array.offset + number * _rows(feed) * array[0].nbytes)
            for batch in batches:
                file.write(batch.tobytes())


class MemoryCache:
    """Holds outputs in memory for all networks that share their frozen stages, also where the store has no room."""

    def __init__(self, cache: Cache | None) -> None:
        """Start empty; of each split one view is held, the newest."""
        self._cache = cache
        self._entries: dict[int, tuple[Tensor, object, Outputs]] = {}

    def outputs(
        self, net: Net, feed: Feed, images: str, view: object, pixels: Pixels, depth: int | None = None
    ) -> Outputs:
        """Give the outputs as `Cache.outputs` does, but always; all stages are frozen, and the same at each call."""
        held_rows, held_view, outputs = self._entries.get(id(feed.rows), (None, None, None))
        if outputs is None or held_rows is not feed.rows or held_view != view:
            self._entries.pop(id(feed.rows), None)  # before there are two
            stored = self._cache.outputs(net, feed, images, view, pixels) if self._cache else None
            outputs = stored or _computed(net, feed, pixels)
            self._entries[id(feed.rows)] = (feed.rows, view, outputs)
        return outputs


def _computed(net: Net, feed: Feed, pixels: Pixels) -> Outputs:
    """Compute the outputs for a whole split in memory."""
    arrays: list[np.ndarray] = []
    done = 0
    for batches in _batches(partial(net.begin, end=net.prefix), feed, pixels, half=False):
        if not arrays:
            arrays = [np.empty((len(feed.rows), *batch.shape[1:]), batch.dtype) for batch in batches]
        for array, batch in zip(arrays, batches, strict=True):
            array[done : done + len(batch)] = batch
        done += len(batches[0])
    return Outputs(
        net.prefix,
        stage_outputs.placed([torch.from_numpy(array) for array in arrays], feed.rows.device),
        feed.rows.device,
    )


def _batches(
    engine: Engine, feed: Feed, pixels: Pixels, half: bool, numbers: range | None = None
) -> Iterator[tuple[np.ndarray, ...]]:
    """Compute outputs, batch by batch: of the batches with these numbers, or of all."""
    size, kind = BATCH[feed.images.device.type], np.float16 if half else np.float32
    batches = range(-(-len(feed.rows) // size))
    for start in (number * size for number in (batches if numbers is None else numbers) if number in batches):
        with torch.no_grad(), precision(feed):
            activations = engine(feed.normalized(pixels(slice(start, start + size))))
        tensors = activations if isinstance(activations, tuple) else (activations,)
        yield tuple(
            stage_outputs.channels_last(tensor.float()).cpu().numpy().astype(kind, copy=False) for tensor in tensors
        )


def _digest(rows: Tensor) -> str:
    return hashlib.blake2b(rows.cpu().numpy().tobytes(), digest_size=16).hexdigest()


def _name(key: Mapping[str, object]) -> str:
    return store.checksum_of(repr(key).encode())


def _side(feed: Feed) -> int:
    return feed.upsample or feed.images.shape[1]


def _input(feed: Feed) -> list[object]:
    return [feed.mean.flatten().tolist(), feed.std.flatten().tolist(), feed.upsample, feed.grey]
