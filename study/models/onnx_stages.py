"""Runs a network's first stages by ONNX Runtime, which on many CPUs takes a third of PyTorch's time for them.

The outputs equal PyTorch's but for rounding. Knows neither when this pays nor where the outputs go.
"""

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata, util

import torch
from torch import Tensor, nn

from study.models.net import Activations, Net

BATCH = 16
"""Images in a run. Of 4 to 64, 16 was the fastest or nearly so, and a larger batch takes longer to export."""
_OPSET = 17
_PACKAGES = ("onnxruntime", "onnx")
_ERRORS_ONLY = 3


class Unsupported(Exception):
    """Stages that cannot be exported, or that ONNX Runtime cannot run."""


class OnnxStages:
    """The stages of a network up to a depth, as they are now, exported for images of one size."""

    def __init__(self, net: Net, depth: int, side: int) -> None:
        """Export the stages in eval mode, for as many threads as PyTorch uses.

        Args:
            net: its first `depth` stages are frozen, on the CPU.
            depth: number of stages.
            side: of the images, pixels.

        Raises:
            Unsupported: there is no ONNX Runtime, or it cannot run these stages.
        """
        try:
            self._session = _session(_exported(_Stages(net, depth), side))
        except Exception as error:  # any exporter's or runtime's: no class is common to them
            raise Unsupported(_line(error)) from error

    def __call__(self, images: Tensor) -> Activations:
        """Give what `Net.begin` gives for normalized images, (batch, 3, side, side) float.

        Raises:
            Unsupported: ONNX Runtime cannot run the stages.
        """
        batches = [self._run(batch) for batch in images.contiguous().split(BATCH)]
        outputs = tuple(torch.cat(tensors) for tensors in zip(*batches, strict=True))
        return outputs if len(outputs) > 1 else outputs[0]

    def _run(self, images: Tensor) -> list[Tensor]:
        """Run a batch; a smaller one is filled up, since the batch size is exported too."""
        missing = BATCH - len(images)
        filled = torch.cat([images, images[:1].expand(missing, *images.shape[1:])]) if missing else images
        try:
            arrays = self._session.run(None, {"images": filled.numpy()})
        except Exception as error:
            raise Unsupported(_line(error)) from error
        return [torch.from_numpy(array)[: len(images)] for array in arrays]


def versions() -> dict[str, str] | None:
    """Give the versions of the packages that export and run stages; None where one is not installed."""
    if not all(util.find_spec(package) for package in _PACKAGES):
        return None
    return {package: metadata.version(package) for package in _PACKAGES}


def deviation(outputs: Activations, expected: Activations) -> float:
    """Give the largest relative difference of two outputs for the same images.

    Args:
        outputs: (batch, …) each.
        expected: of the same shapes.

    Returns:
        The largest over images and tensors of ‖output − expected‖ / ‖expected‖, Euclidean; inf where shapes differ or
        a number is not finite.
    """
    one, two = (value if isinstance(value, tuple) else (value,) for value in (outputs, expected))
    if [tensor.shape for tensor in one] != [tensor.shape for tensor in two]:
        return float("inf")
    relative = [_relative(*pair) for pair in zip(one, two, strict=True)]
    return max(relative) if all(value == value for value in relative) else float("inf")


def _relative(output: Tensor, expected: Tensor) -> float:
    differences, sizes = ((each.flatten(1).double()).norm(dim=1) for each in (output - expected, expected))
    return float((differences / sizes.clamp(min=torch.finfo(torch.float32).tiny)).max())


def _line(error: Exception) -> str:
    """Give an error's first line; exporters add whole graphs."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"


class _Stages(nn.Module):
    """The first stages alone, as an exporter takes them."""

    def __init__(self, net: Net, depth: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(list(net.stages)[:depth])
        self.eval()  # as frozen stages are: an exporter restores this mode afterwards

    def forward(self, activations: Activations) -> Activations:
        for stage in self.stages:
            activations = stage(activations)
        return activations


def _exported(stages: nn.Module, side: int) -> bytes:
    """Write the stages in ONNX's format.

    The exporter that follows a run needs one package beside torch and takes less than a second; the one that is made on
    `torch.export` needs three and takes several.
    """
    file, images = io.BytesIO(), torch.zeros(BATCH, 3, side, side)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), _silent_stdout(), torch.no_grad():
        warnings.simplefilter("ignore")  # of shapes that are constant: so they are in each run
        torch.onnx.export(
            stages,
            (images,),
            file,  # type: ignore[arg-type]  # this exporter takes files as well
            dynamo=False,
            opset_version=_OPSET,
            input_names=["images"],
        )
    return file.getvalue()


@contextlib.contextmanager
def _silent_stdout() -> Iterator[None]:
    """Drop what C++ prints: for an operator that ONNX lacks, the exporter prints the whole graph."""
    sys.stdout.flush()
    before = os.dup(1)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)


def _session(exported: bytes) -> "onnxruntime.InferenceSession":  # type: ignore[name-defined] # noqa: F821
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other trials need the CPUs
    return onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
