"""NASNet-A Mobile (4 @ 1056) as in pytorchcv, with its ImageNet weights on request.

The last pooling adapts to the size of the maps, so that other sizes than 224 pixels work. The cells crop their maps by
one row and column, which fits only sides that are multiples of 32. BatchNorm is pytorchcv's: epsilon .001, momentum .1.
Mean and std are ImageNet's, which pytorchcv's readme states for all its weights; Keras's weights expect [-1, 1].

Source: Zoph et al. 2018, arXiv:1707.07012; weights: pytorchcv's (an MIT package) `nasnet_4a1056`, fetched on first use.
"""

from typing import TYPE_CHECKING, Any

from study.models.families import Family
from study.models.families._weights import missing
from study.storage import home

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

_NAME = "nasnet_4a1056"
SILENCE = 60.0  # seconds without data from the server, after which the download fails


def _backbone(weights: str) -> "tuple[list[nn.Module], nn.Linear | None]":
    """Cut the network before each halving of its maps, with the stem's first cell at the end of the first stage."""
    from pytorchcv.models.nasnet import nasnet_4a1056
    from torch import nn

    from study.models.families._paths import Cells

    whole = nasnet_4a1056()
    if weights == "imagenet":
        whole.load_state_dict(_imagenet())
    parts = whole.features
    end = (parts.activ, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    stages: list[nn.Module] = [
        nn.Sequential(parts.init_block, Cells(parts.stem1_unit)),
        Cells(parts.stem2_unit, *parts.stage1),
        Cells(*parts.stage2),
        nn.Sequential(Cells(*parts.stage3, ends=True), *end),
    ]
    return stages, whole.output.fc if weights == "imagenet" else None


def _imagenet() -> dict[str, Any]:
    """Read pytorchcv's file from its own folder, downloading it first if it is missing.

    Raises:
        UserError: neither worked; says which file to place where.
    """
    import contextlib
    import io
    import pickle
    import zipfile

    import torch
    from pytorchcv.models.common import model_store

    top5_error, sha1, release = model_store.get_model_name_suffix_data(_NAME)
    place = (
        home.folder("pretrained weights", "name one with HOME=DIR")
        / ".torch"
        / "models"
        / f"{_NAME}-{top5_error}-{sha1[:8]}.pth"
    )
    url = f"{model_store.imgclsmob_repo_url}/releases/download/{release}/{place.name}.zip"
    try:
        if not place.exists():
            _download(url, place.parent)
        with contextlib.redirect_stdout(io.StringIO()):  # it prints each attempt
            file = model_store.get_model_file(_NAME)  # compares the checksum
        return torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise missing("nasnet_mobile", error, url, place) from error


def _download(url: str, folder: "Path") -> None:
    """Fetch and unpack a zip file; pytorchcv's own downloader waits forever for a silent server."""
    import io
    import urllib.request
    import zipfile

    folder.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(url, timeout=SILENCE) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as packed:
        packed.extractall(folder)


FAMILY = Family(
    stages=("stem's convolution and first cell", "stem's second cell, 4 cells", "5 cells", "5 cells, pool"),
    features=1056,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    min_size=32,
    weights=("none", "imagenet"),
    source_classes=1000,
    source_size=224,
    whole=True,
    backbone=_backbone,
    fetch=_imagenet,
    multiple=32,
)
