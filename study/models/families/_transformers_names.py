"""Names that Hugging Face's transformers give the tensors of vision transformers, ViT's and DINOv2's, as timm's.

Source: the layouts of `ViTModel` and `Dinov2Model`, https://github.com/huggingface/transformers (Apache-2.0).
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

SIGN = "embeddings.patch_embeddings.projection.weight"
"""A tensor that only files in this layout have."""
_OUTER = {
    "embeddings.cls_token": "cls_token",
    "embeddings.register_tokens": "reg_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection": "patch_embed.proj",
    "layernorm": "norm",
}
_BLOCK = {
    "layernorm_before": "norm1",
    "norm1": "norm1",
    "attention.output.dense": "attn.proj",
    "layer_scale1.lambda1": "ls1.gamma",
    "layernorm_after": "norm2",
    "norm2": "norm2",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
    "layer_scale2.lambda1": "ls2.gamma",
}
_PARTS = ("query", "key", "value")


def translated(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename tensors, and join queries, keys and values; what is of no known name keeps its own."""
    named: dict[str, Tensor] = {}
    joined: dict[tuple[str, str], dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if match := re.fullmatch(r"encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(\w+)", name):
            joined.setdefault((match[1], match[3]), {})[match[2]] = tensor
        else:
            named[_name(name)] = tensor
    for (block, leaf), parts in joined.items():
        if parts.keys() == set(_PARTS):
            named[f"blocks.{block}.attn.qkv.{leaf}"] = torch.cat([parts[part] for part in _PARTS])
    return named


def _name(name: str) -> str:
    if match := re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", name):
        return f"blocks.{match[1]}.{_renamed(match[2], _BLOCK)}"
    return _renamed(name, _OUTER)


def _renamed(name: str, names: Mapping[str, str]) -> str:
    """Rename a tensor by its whole name, or by the path of its layer."""
    path, _, leaf = name.rpartition(".")
    return names[name] if name in names else f"{names[path]}.{leaf}" if path in names else name
