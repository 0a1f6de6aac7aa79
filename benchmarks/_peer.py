"""A trial as tutorials write it: ImageFolder, DataLoader, a network with frozen first stages, AdamW with a cosine.

What both peers train; knows nothing of Ray, Optuna or of `study` beyond the network's layers and initial weights.
"""

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from study.models import families

Task = dict[str, Any]
"""family, weights, classes, mean, std, size, batch, augment (ranges or None), epochs, seed, data (folder), and what the
search needs: trials, depths, tuned, baseline, grace, factor, out (file)."""
_DRAWING = threading.Lock()
"""Optuna's trials are threads of one process, which share torch's global generator."""


def epochs(task: Task, config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Train one configuration; yields after each epoch its number, validation accuracy and training loss.

    Each also has `begun`: the unix time at which the trial's first epoch began, seconds.

    Args:
        task: what all trials share.
        config: lr, weight_decay and freeze_depth.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train, val = _loaders(task, device)
    net, depth = _network(task).to(device), config["freeze_depth"]
    net[:depth].requires_grad_(False)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config["lr"], weight_decay=config["weight_decay"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, task["epochs"] * len(train))
    begun = time.time()
    for epoch in range(1, task["epochs"] + 1):
        net.train()
        net[:depth].eval()
        total = 0.0
        for images, targets in train:
            loss = F.cross_entropy(net(images.to(device)), targets.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(targets)
        loss = total / len(train.dataset)  # type: ignore[arg-type]
        yield {"epoch": epoch, "accuracy": _accuracy(net, val, device), "loss": loss, "begun": begun}


def depth(task: Task, number: int) -> int:
    """Give a trial's freezing depth: all in turn."""
    return task["depths"][number % len(task["depths"])]


def workers(device: str) -> int:
    """Processes that load images for one trial: on a CPU the trials themselves keep every core busy."""
    return 4 if device == "cuda" else 0


def _loaders(task: Task, device: str) -> tuple[DataLoader, DataLoader]:
    plain = [transforms.Resize((task["size"], task["size"])), transforms.ToTensor()]
    plain.append(transforms.Normalize(task["mean"], task["std"]))
    moved = changes(task["augment"]) if task["augment"] else []
    folder, count = Path(task["data"]), workers(device)
    train = ImageFolder(folder / "train", transforms.Compose([*moved, *plain]))
    val = ImageFolder(folder / "val", transforms.Compose(plain))
    loader = partial(
        DataLoader,
        batch_size=task["batch"],
        num_workers=count,
        pin_memory=device == "cuda",
        persistent_workers=count > 0,
    )
    own = torch.Generator().manual_seed(task["seed"])
    return loader(train, shuffle=True, generator=own), loader(val)


def changes(ranges: dict[str, float]) -> list[nn.Module]:
    """Give torchvision's transforms of the task's ranges; GTSRB mirrors nothing."""
    scale, shift = ranges["scale"], ranges["shift"]
    bilinear = transforms.InterpolationMode.BILINEAR
    move = transforms.RandomAffine(ranges["rotate"], (shift, shift), (1 - scale, 1 + scale), interpolation=bilinear)
    return [move, transforms.ColorJitter(brightness=ranges["brightness"], contrast=ranges["contrast"])]


def _network(task: Task) -> nn.Sequential:
    """Take the same layers and initial weights as ours, as a plain module in the default memory format."""
    with _DRAWING:
        torch.manual_seed(task["seed"])
        net = families.build(task["family"], task["weights"], task["classes"])
    return nn.Sequential(*net.stages, net.head)


def _accuracy(net: nn.Module, val: DataLoader, device: str) -> float:
    net.eval()
    right = 0
    with torch.no_grad():
        for images, targets in val:
            right += int((net(images.to(device)).argmax(1) == targets.to(device)).sum())
    return right / len(val.dataset)  # type: ignore[arg-type]
