"""Reads the images and labels out of a file of CIFAR-10, which is a pickle, without running what a pickle may run.
Knows nothing of where the file lies."""

import codecs
import io
import pickle
from typing import Any

import numpy as np
from numpy._core import multiarray

from study.errors import UserError

_KNOWN = {  # all that CIFAR-10's files name, and how a later Python writes the same
    ("_codecs", "encode"): codecs.encode,
    ("numpy.core.multiarray", "_reconstruct"): multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy._core.multiarray", "_reconstruct"): multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _KNOWN[module, name]


def arrays(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Give a batch's images, (n, 32, 32, 3) uint8, and labels, (n,) int64.

    Raises:
        UserError: it holds something else.
    """
    try:
        found = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        images = np.asarray(found[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), np.asarray(found[b"labels"], np.int64)
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, AttributeError) as error:
        raise UserError(f"this is no file of CIFAR-10 ({error})") from error
