"""The peers' trials draw what they draw by their seed, whatever else runs in the process."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import _peer

TASK = {"family": "small_cnn", "weights": "none", "classes": 2, "mean": (0.5,) * 3, "std": (0.5,) * 3, "size": 8}
TASK |= {"batch": 2, "augment": None, "epochs": 2, "seed": 5}


@pytest.fixture
def task(tmp_path):
    for name in ("train", "val"):
        for label in "ab":
            (tmp_path / name / label).mkdir(parents=True)
            for number in range(6):
                image = Image.fromarray(np.full((8, 8, 3), 20 * number + ord(label), np.uint8))
                image.save(tmp_path / name / label / f"{number}.png")
    return TASK | {"data": str(tmp_path)}


def test_order_is_the_loaders_own(task):
    def order():
        return torch.cat([targets + images[:, 0, 0, 0] for images, targets in _peer._loaders(task, "cpu")[0]])

    first = order()
    torch.rand(3)
    assert torch.equal(first, order())


def test_networks_of_threads_are_equal():
    with ThreadPoolExecutor(4) as pool:
        nets = list(pool.map(lambda _: _peer._network(TASK)[-1].weight, range(8)))
    assert all(torch.equal(net, nets[0]) for net in nets)


def test_each_epoch_says_when_the_first_began(task):
    rows = list(_peer.epochs(task, {"lr": 1e-3, "weight_decay": 0.0, "freeze_depth": 0}))
    assert [row["epoch"] for row in rows] == [1, 2]
    assert len({row["begun"] for row in rows}) == 1
