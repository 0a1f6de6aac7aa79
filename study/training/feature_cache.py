"""A cache of the outputs of frozen first stages for a split, in the store, shared by all trials.

The key of an entry holds everything that the outputs depend on: the stages' weights, the family, the images, the view
of them. Knows nothing of the training loop or of regimes.
"""

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from study.data.device_split import BATCH, Feed, precision
from study.models.net import Activations, Net
from study.storage import cooperative, store

Pixels = Callable[[slice], Tensor]
"""A slice of a split's rows → (batch, 3, size, size) float in [0, 1]."""
KIND = "features"
PART = 8
"""Batches in a part of an entry; several processes compute different parts at the same time."""
_TRIES = 3
_refused: set[str] = set()
"""Keys whose entries could not be cached; this process does not try them again."""


class Outputs(NamedTuple):
    """Outputs of the stages before `start` for the rows of a split, in the split's order."""

    start: int
    arrays: tuple[Tensor, ...]
    """(rows, height, width, channels) or (rows, features) each; memory-mapped, or on the device."""
    device: torch.device

    def batch(self, which: Tensor | slice) -> Activations:
        """Give some rows as stage `start` takes them, in single precision."""
        rows = which if isinstance(which, slice) else which.to(self.arrays[0].device)
        activations = tuple(_maps(array[rows].to(self.device).float()) for array in self.arrays)
        return activations if len(activations) > 1 else activations[0]


class FeatureCache(Protocol):
    """Gives the outputs of the frozen first stages for a split; see `Cache.outputs`."""

    def outputs(self, net: Net, feed: Feed, images: str, view: object, pixels: Pixels) -> Outputs | None:
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

    def outputs(self, net: Net, feed: Feed, images: str, view: object, pixels: Pixels) -> Outputs | None:
        """Open the outputs of the frozen first stages of a network for a split; compute them if they are missing.

        Args:
            net: frozen as in the phase; its first `net.prefix` stages are run.
            feed: the split.
            images: name of the array that the feed's images are from.
            view: describes, as plain values, how `pixels` changes the images.
            pixels: a slice of the split's rows → (batch, 3, size, size) float in [0, 1].

        Returns:
            The outputs; None where no first stage is frozen, or where there is no room for them.
        """
        depth = net.prefix
        if not depth or not self.budget:
            return None
        key = {**self.dependencies, "depth": depth, "weights": net.prefix_digest(), "half": self.half}
        key |= {"images": images, "rows": _digest(feed.rows), "view": view, "input": _input(feed)}
        name = store.checksum_of(repr(key).encode())
        if name in _refused:
            return None
        try:
            begin = partial(self._begin, net=net, feed=feed, depth=depth, pixels=pixels)
            fill = partial(_fill, net=net, feed=feed, depth=depth, pixels=pixels)
            arrays = self._arrays(key, begin, fill, feed.rows.device)
        except (_TooLarge, OSError):  # without the cache a trial is slower; its scores are the same
            _refused.add(name)
            return None
        return Outputs(depth, arrays, feed.rows.device)

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
                arrays = _open(entry, device)
                store.touch(entry)
                if parts:
                    store.evict(KIND, self.budget)
                return arrays
        raise _TooLarge  # processes that share the store evict each other's entries again and again

    def _begin(self, folder: Path, net: Net, feed: Feed, depth: int, pixels: Pixels) -> tuple[dict[str, int], int]:
        """Make an empty array for each tensor that a stage passes on; gives their number and the number of parts."""
        first, count = next(_batches(net, feed, depth, pixels, self.half, range(1))), len(feed.rows)
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


def _fill(folder: Path, number: int, net: Net, feed: Feed, depth: int, pixels: Pixels) -> None:
    """Write one part of the arrays with plain writes; through a memory map, a full disk would kill the process."""
    paths = sorted(folder.glob("*.npy"), key=lambda path: int(path.stem))
    if not paths:
        raise FileNotFoundError(folder)  # another process has failed, and removed the files
    arrays = [np.load(path, mmap_mode="r") for path in paths]
    numbers = range(number * PART, (number + 1) * PART)
    outputs = list(_batches(net, feed, depth, pixels, arrays[0].dtype == np.float16, numbers))
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

    def outputs(self, net: Net, feed: Feed, images: str, view: object, pixels: Pixels) -> Outputs:
        """Give the outputs as `Cache.outputs` does, but always; the frozen stages must be the same at each call."""
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
    for batches in _batches(net, feed, net.prefix, pixels, half=False):
        if not arrays:
            arrays = [np.empty((len(feed.rows), *batch.shape[1:]), batch.dtype) for batch in batches]
        for array, batch in zip(arrays, batches, strict=True):
            array[done : done + len(batch)] = batch
        done += len(batches[0])
    return Outputs(
        net.prefix, _placed([torch.from_numpy(array) for array in arrays], feed.rows.device), feed.rows.device
    )


def _batches(
    net: Net, feed: Feed, depth: int, pixels: Pixels, half: bool, numbers: range | None = None
) -> Iterator[tuple[np.ndarray, ...]]:
    """Compute outputs, batch by batch: of the batches with these numbers, or of all."""
    size, kind = BATCH[feed.images.device.type], np.float16 if half else np.float32
    batches = range(-(-len(feed.rows) // size))
    for start in (number * size for number in (batches if numbers is None else numbers) if number in batches):
        with torch.no_grad(), precision(feed):
            activations = net.begin(feed.normalized(pixels(slice(start, start + size))), depth)
        tensors = activations if isinstance(activations, tuple) else (activations,)
        yield tuple(_last(tensor.float()).cpu().numpy().astype(kind, copy=False) for tensor in tensors)


def _open(entry: store.Entry[dict[str, int]], device: torch.device) -> tuple[Tensor, ...]:
    """Memory-map an entry's arrays."""
    mapped = [np.load(entry.path / f"{number}.npy", mmap_mode="r") for number in range(entry.meta["paths"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the file is read-only, and nothing here writes to it
        return _placed([torch.from_numpy(array) for array in mapped], device)


def _placed(tensors: list[Tensor], device: torch.device) -> tuple[Tensor, ...]:
    """Copy tensors to a GPU if they take less than a quarter of its free memory; else leave them where they are."""
    if device.type == "cuda" and sum(tensor.nbytes for tensor in tensors) * 4 < torch.cuda.mem_get_info(device)[0]:
        return tuple(tensor.to(device) for tensor in tensors)
    return tuple(tensors)


def _maps(rows: Tensor) -> Tensor:
    """Move channels to the second dimension, where a stage expects them; in memory they stay last."""
    return rows.permute(0, 3, 1, 2) if rows.ndim == 4 else rows


def _last(tensor: Tensor) -> Tensor:
    return (tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor).contiguous()


def _digest(rows: Tensor) -> str:
    return hashlib.blake2b(rows.cpu().numpy().tobytes(), digest_size=16).hexdigest()


def _input(feed: Feed) -> list[object]:
    return [feed.mean.flatten().tolist(), feed.std.flatten().tolist(), feed.upsample, feed.grey]
