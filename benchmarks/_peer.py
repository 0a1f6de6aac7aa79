"""A trial as tutorials write it: ImageFolder, DataLoader, a network with frozen first stages, AdamW with a cosine.

What both peers train; knows nothing of Ray, Optuna or of `study` beyond the network's layers and initial weights.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from study import families

Task = dict[str, Any]
"""family, weights, classes, mean, std, size, batch, augment (ranges or None), epochs, seed, data (folder), and what the
search needs: trials, depths, tuned, baseline, grace, factor, out (file)."""


def epochs(task: Task, config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Train one configuration; yields epoch, validation accuracy and training loss after each epoch.

    Args:
        task: what all trials share.
        config: lr, weight_decay and freeze_depth.
    """
    torch.manual_seed(task["seed"])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train, val = _loaders(task, device)
    net, depth = _network(task).to(device), config["freeze_depth"]
    net[:depth].requires_grad_(False)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config["lr"], weight_decay=config["weight_decay"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, task["epochs"] * len(train))
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
        yield {"epoch": epoch, "accuracy": _accuracy(net, val, device), "loss": total / len(train.dataset)}  # type: ignore[arg-type]


def depth(task: Task, number: int) -> int:
    """Give a trial's freezing depth: all in turn."""
    return task["depths"][number % len(task["depths"])]


def workers(device: str) -> int:
    """Processes that load images for one trial: on a CPU the trials themselves keep every core busy."""
    return 4 if device == "cuda" else 0


def _loaders(task: Task, device: str) -> tuple[DataLoader, DataLoader]:
    plain = [transforms.Resize((task["size"], task["size"])), transforms.ToTensor()]
    plain.append(transforms.Normalize(task["mean"], task["std"]))
    changes = _changes(task["augment"]) if task["augment"] else []
    folder, more = Path(task["data"]), {"num_workers": workers(device), "pin_memory": device == "cuda"}
    train = ImageFolder(folder / "train", transforms.Compose([*changes, *plain]))
    val = ImageFolder(folder / "val", transforms.Compose(plain))
    return (
        DataLoader(train, batch_size=task["batch"], shuffle=True, **more),
        DataLoader(val, batch_size=task["batch"], **more),
    )


def _changes(ranges: dict[str, float]) -> list[nn.Module]:
    """Give torchvision's transforms of the task's ranges; GTSRB mirrors nothing."""
    scale, shift = ranges["scale"], ranges["shift"]
    bilinear = transforms.InterpolationMode.BILINEAR
    move = transforms.RandomAffine(ranges["rotate"], (shift, shift), (1 - scale, 1 + scale), interpolation=bilinear)
    return [move, transforms.ColorJitter(brightness=ranges["brightness"], contrast=ranges["contrast"])]


def _network(task: Task) -> nn.Sequential:
    """Take the same layers and initial weights as ours, as a plain module in the default memory format."""
    net = families.build(task["family"], task["weights"], task["classes"])
    return nn.Sequential(*net.stages, net.head)


def _accuracy(net: nn.Module, val: DataLoader, device: str) -> float:
    net.eval()
    right = 0
    with torch.no_grad():
        for images, targets in val:
            right += int((net(images.to(device)).argmax(1) == targets.to(device)).sum())
    return right / len(val.dataset)  # type: ignore[arg-type]
