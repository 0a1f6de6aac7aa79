"""Reads the images and labels of a CIFAR-10 file, which is a pickle, without executing any code in it."""

import codecs
import io
import pickle
from typing import Any

import numpy as np
from numpy._core import multiarray

from study.errors import UserError

_ALLOWED = {  # all that CIFAR-10's files name, also as later versions write it
    ("_codecs", "encode"): codecs.encode,
    ("numpy.core.multiarray", "_reconstruct"): multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy._core.multiarray", "_reconstruct"): multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _ALLOWED[module, name]


def arrays(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch's images, (n, 32, 32, 3) uint8, and labels, (n,) int64.

    Raises:
        UserError: the content is something else.
    """
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        images = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), np.asarray(batch[b"labels"], np.int64)
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, AttributeError) as error:
        raise UserError(f"this is no file of CIFAR-10 ({error})") from error
