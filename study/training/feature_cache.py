"""What the frozen first stages make of a split, computed once: kept in the store, shared by all trials.

An entry is found by all that it depends on: the stages' weights, the family, the images, the view of them. Knows
nothing of training, regimes or Ray.
"""

import contextlib
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from study.data.device_split import BATCH, Feed, precision
from study.models.net import Net, Passed
from study.storage import cooperative, store

KIND = "features"
PART = 8
"""Batches of a part: what one process computes of an entry while others compute other parts of it."""
_TRIES = 3
_refused: set[str] = set()
"""Keys whose entries do not fit the budget: asked for once in a process."""


class Outputs(NamedTuple):
    """What stages before `start` made of the rows of a split, in the split's order."""

    start: int
    arrays: tuple[Tensor, ...]
    """(rows, height, width, channels) or (rows, features) each; memory-mapped, or on the device."""
    device: torch.device

    def batch(self, which: Tensor | slice) -> Passed:
        """Give some rows as stage `start` takes them, in single precision."""
        rows = which if isinstance(which, slice) else which.to(self.arrays[0].device)
        found = tuple(_maps(array[rows].to(self.device).float()) for array in self.arrays)
        return found if len(found) > 1 else found[0]


class FeatureCache(Protocol):
    """Gives what the frozen first stages make of a split; see `Cache.outputs`."""

    def outputs(self, net: Net, feed: Feed, images: str, view: Any, pixels: Any) -> Outputs | None:
        """Open, or make, the outputs; None where they are not kept."""


class _TooLarge(Exception):
    """An entry that would not fit the budget."""


@dataclass(frozen=True)
class Cache:
    """Where outputs are kept, and for what."""

    about: dict[str, Any]
    """What they depend on besides weights and images: the family, its options, the code."""
    budget: int
    """Bytes of all entries in the store; older ones make room. 0 keeps none."""
    half: bool = False
    """Keeps half precision: half the bytes, and scores that differ a little."""

    def outputs(self, net: Net, feed: Feed, images: str, view: Any, pixels: Any) -> Outputs | None:
        """Open, or make, what the frozen first stages of a network make of a split.

        Args:
            net: frozen as in the phase; its first `net.prefix` stages count.
            feed: the split.
            images: names the array that the feed's images are from.
            view: describes, as plain values, what `pixels` does to the images.
            pixels: a slice of the split's rows → (batch, 3, size, size) float in [0, 1].

        Returns:
            The outputs; None where nothing is frozen, or where there is no room for them.
        """
        depth = net.prefix
        if not depth or not self.budget:
            return None
        key = self.about | {"depth": depth, "weights": net.prefix_digest(), "half": self.half}
        key |= {"images": images, "rows": _digest(feed.rows), "view": view, "input": _input(feed)}
        name = store.checksum_of(repr(key).encode())
        if name in _refused:
            return None
        try:
            begin = partial(self._begin, net=net, feed=feed, depth=depth, pixels=pixels)
            fill = partial(_fill, net=net, feed=feed, depth=depth, pixels=pixels)
            arrays = self._arrays(key, begin, fill, feed.rows.device)
        except (_TooLarge, OSError):  # without room a trial is slower, and no worse
            _refused.add(name)
            return None
        return Outputs(depth, arrays, feed.rows.device)

    def _arrays(self, key: dict[str, Any], begin: Any, fill: Any, device: torch.device) -> tuple[Tensor, ...]:
        made = []

        def noted(folder: Path, number: int) -> None:
            made.append(number)
            fill(folder, number)

        for _ in range(_TRIES):
            entry = cooperative.make(KIND, key, begin, noted)
            with contextlib.suppress(FileNotFoundError):  # another process has just made room
                arrays = _open(entry, device)
                store.touch(entry)
                if made:
                    store.evict(KIND, self.budget)
                return arrays
        raise _TooLarge  # processes that share the store keep taking each other's room

    def _begin(self, folder: Path, net: Net, feed: Feed, depth: int, pixels: Any) -> tuple[dict[str, Any], int]:
        """Make one empty array a path, shaped as a first batch is; gives their number and that of the parts."""
        first, count = next(_batches(net, feed, depth, pixels, self.half, range(1))), len(feed.rows)
        if sum(array[0].nbytes for array in first) * count > self.budget:
            raise _TooLarge
        for path, array in enumerate(first):
            header = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False}
            with (folder / f"{path}.npy").open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header | {"shape": (count, *array.shape[1:])})
                file.truncate(file.tell() + array[0].nbytes * count)
        return {"paths": len(first)}, -(-count // _rows(feed))


def _rows(feed: Feed) -> int:
    """Give the rows of a part: whole batches, so that no image's company depends on who computes it."""
    return PART * BATCH[feed.images.device.type]


def _fill(folder: Path, number: int, net: Net, feed: Feed, depth: int, pixels: Any) -> None:
    """Write one part of the arrays: not through a map, where a full disk would end the process."""
    paths = sorted(folder.glob("*.npy"), key=lambda path: int(path.stem))
    if not paths:
        raise FileNotFoundError(folder)  # another process has given up, and taken all away
    arrays = [np.load(path, mmap_mode="r") for path in paths]
    which = range(number * PART, (number + 1) * PART)
    parts = list(_batches(net, feed, depth, pixels, arrays[0].dtype == np.float16, which))
    for path, array, *batches in zip(paths, arrays, *parts, strict=True):
        with path.open("r+b") as file:
            file.seek(array.offset + number * _rows(feed) * array[0].nbytes)
            for batch in batches:
                file.write(batch.tobytes())


class MemoryCache:
    """Holds on to outputs for all who share a network's frozen stages, and computes what no cache has room for."""

    def __init__(self, cache: Cache | None) -> None:
        """Begin with nothing: of each split one view is held, the newest."""
        self._cache = cache
        self._found: dict[int, tuple[Tensor, Any, Outputs]] = {}

    def outputs(self, net: Net, feed: Feed, images: str, view: Any, pixels: Any) -> Outputs:
        """Give the outputs as `Cache.outputs` does, but always; the frozen stages must be the same at each call."""
        rows, held, outputs = self._found.get(id(feed.rows), (None, None, None))
        if outputs is None or rows is not feed.rows or held != view:
            self._found.pop(id(feed.rows), None)  # before there are two
            kept = self._cache.outputs(net, feed, images, view, pixels) if self._cache else None
            outputs = kept or _computed(net, feed, pixels)
            self._found[id(feed.rows)] = (feed.rows, view, outputs)
        return outputs


def _computed(net: Net, feed: Feed, pixels: Any) -> Outputs:
    """Make outputs in memory."""
    arrays: list[np.ndarray] = []
    done = 0
    for parts in _batches(net, feed, net.prefix, pixels, half=False):
        if not arrays:
            arrays = [np.empty((len(feed.rows), *part.shape[1:]), part.dtype) for part in parts]
        for array, part in zip(arrays, parts, strict=True):
            array[done : done + len(part)] = part
        done += len(parts[0])
    return Outputs(
        net.prefix, _placed([torch.from_numpy(array) for array in arrays], feed.rows.device), feed.rows.device
    )


def _batches(
    net: Net, feed: Feed, depth: int, pixels: Any, half: bool, which: range | None = None
) -> Iterator[tuple[np.ndarray, ...]]:
    """Compute outputs, batch by batch: of those numbered, or of all."""
    size, kind = BATCH[feed.images.device.type], np.float16 if half else np.float32
    batches = range(-(-len(feed.rows) // size))
    for start in (number * size for number in (batches if which is None else which) if number in batches):
        with torch.no_grad(), precision(feed):
            passed = net.begin(feed.normalized(pixels(slice(start, start + size))), depth)
        tensors = passed if isinstance(passed, tuple) else (passed,)
        yield tuple(_last(one.float()).cpu().numpy().astype(kind, copy=False) for one in tensors)


def _open(entry: store.Entry, device: torch.device) -> tuple[Tensor, ...]:
    """Map an entry's arrays."""
    mapped = [np.load(entry.path / f"{path}.npy", mmap_mode="r") for path in range(entry.meta["paths"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the file is read-only, and nothing here writes to it
        return _placed([torch.from_numpy(array) for array in mapped], device)


def _placed(tensors: list[Tensor], device: torch.device) -> tuple[Tensor, ...]:
    """Copy tensors to a GPU where they take a quarter at most of what is free there; else they stay in memory."""
    if device.type == "cuda" and sum(each.nbytes for each in tensors) * 4 < torch.cuda.mem_get_info(device)[0]:
        return tuple(each.to(device) for each in tensors)
    return tuple(tensors)


def _maps(rows: Tensor) -> Tensor:
    """Put channels where a stage wants them; in memory they are last, as in all of `trial`'s networks."""
    return rows.permute(0, 3, 1, 2) if rows.ndim == 4 else rows


def _last(tensor: Tensor) -> Tensor:
    return (tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor).contiguous()


def _digest(rows: Tensor) -> str:
    return hashlib.blake2b(rows.cpu().numpy().tobytes(), digest_size=16).hexdigest()


def _input(feed: Feed) -> list[Any]:
    return [feed.mean.flatten().tolist(), feed.std.flatten().tolist(), feed.upsample, feed.grey]
