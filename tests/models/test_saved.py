"""Saved networks with several labels per image or a chain of tasks, and the programs of docs/predict.md."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from analysis.report.pages import defused
from study import predict
from study.data.prepare import TaskData
from study.models import families
from study.models import saved as models
from study.space.config import Config, config
from tests.support.toy_task import task

DOCS = Path(__file__).parents[2] / "docs" / "predict.md"
ORIENTATION = 274  # a tag of EXIF
KINDS = ("cat", "dog", "=fish")


class Before(NamedTuple):
    """An earlier task, like `study.models.earlier.Earlier` but without an entry of the store."""

    config: Config
    data: TaskData

    def head(self):
        torch.manual_seed(5)
        return nn.Linear(256, 2)

    def batchnorm(self):
        return {"0.1.running_mean": torch.full((32,), 0.3)}


def saved(folder, settings, before=(), outputs=3, **fields):
    """Save a network of random weights with a card like a worker's; returns the folder."""
    values = config(settings)
    torch.manual_seed(0)
    net = families.build(values.family, "none", outputs)
    card = {"config": settings, "classes": list(KINDS), "trained_on": "nothing", "seed": 0, "source_labels": {}}
    card |= {"task": values.task, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4], "scores": {}}
    models.save(folder, net.state_dict(), card | fields, before)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(1)
    for number, size in enumerate(((21, 40), (64, 33), (32, 32))):
        pixels = draw.integers(0, 256, (*size, 3), dtype=np.uint8) // (number + 1)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def batch(pictures):
    """The three pictures as a network takes them, in [0, 1]."""
    images = [Image.open(pictures / f"{n}.png").resize((32, 32), Image.Resampling.BICUBIC) for n in range(3)]
    return torch.stack([torch.from_numpy(np.array(image)) for image in images]).permute(0, 3, 1, 2) / 255


def test_labels_above_a_threshold_are_predicted(tmp_path, pictures, capsys):
    folder = saved(tmp_path / "model", {"task": "voc", "family": "small_cnn"}, labels_per_image="several", crop="whole")
    net, card = models.load(folder)
    mean, std = (torch.tensor(card[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        expected = net((batch(pictures) - mean) / std).sigmoid().numpy()
    threshold = str(np.median(expected))
    arguments = [str(folder), str(pictures), "--threshold", threshold]
    assert predict.main([*arguments, "--csv", str(tmp_path / "a.csv")]) == 0
    table = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert list(table) == ["path", "labels", "cat", "dog", "'=fish"]
    assert np.abs(table[["cat", "dog", "'=fish"]].to_numpy() - expected).max() < 1e-6
    for labels, row in zip(table["labels"], expected, strict=True):
        predicted = {label for label in labels.lstrip("'").split("; ") if label}
        assert predicted == {name for name, value in zip(KINDS, row, strict=True) if value >= float(threshold)}
    capsys.readouterr()
    assert predict.main([str(folder), str(pictures), "--threshold", "1"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(str(pictures))]
    assert [row[1] for row in rows] == ["–"] * 3
    assert predict.main([*arguments, "--top", "2"]) == 2
    assert "--top 2: images of task voc have several labels; use --threshold P" in capsys.readouterr().err


@pytest.fixture
def chain(tmp_path):
    """A network that learnt another task before, on pixels from 0 to 1."""
    learnt = task(classes=2)._replace(task="animals", classes=("animal", "other"), crop="whole")
    before = Before(Config(task="animals", family="small_cnn", normalization="unit"), learnt)
    return saved(tmp_path / "model", {"task": "animals/animal", "family": "small_cnn"}, [before])


@pytest.mark.parametrize("own", [False, True])
def test_an_earlier_task_is_predicted_with_its_own_head_classes_and_pixels(chain, pictures, tmp_path, own):
    options = ["--task", "animals", *(["--own-batchnorm"] if own else []), "--csv", str(tmp_path / "a.csv")]
    assert predict.main([str(chain), str(pictures), *options]) == 0
    table = pd.read_csv(tmp_path / "a.csv")
    net, _ = models.load(chain)
    net.head = Before.head(None)
    if own:
        net.stages[0][1].running_mean.fill_(0.3)
    with torch.no_grad():
        expected = net(batch(pictures)).softmax(1).numpy()
    assert np.abs(table[["animal", "other"]].to_numpy() - expected).max() < 1e-6


def test_the_last_task_may_be_named_as_well(chain, pictures, capsys):
    outputs = []
    for options in ([], ["--task", "animals/animal"]):
        assert predict.main([str(chain), str(pictures), *options]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_padded_labels_are_numbered(tmp_path, pictures):
    folder = saved(tmp_path / "model", {"task": "animals", "family": "small_cnn", "head_classes": 5}, outputs=5)
    assert predict.main([str(folder), str(pictures), "--csv", str(tmp_path / "a.csv")]) == 0
    assert list(pd.read_csv(tmp_path / "a.csv"))[3:] == ["cat", "dog", "'=fish", "output 3", "output 4"]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The programs of the page, in a folder with the files that they name."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(2).integers(0, 256, (37, 60, 3), dtype=np.uint8)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    Image.fromarray(pixels).save("photograph.jpg", exif=turned)
    for name, family in (("animals", "small_cnn"), ("gtsrb", "resnet18")):
        settings = {"task": "animals", "family": family, "image_size": 32}
        saved(Path("results", name, "models", "c000-r000"), settings)
    return re.findall("```python\n(.*?)```", DOCS.read_text(), flags=re.DOTALL)


def test_the_five_lines_of_the_page_give_the_commands_probabilities(programs, capsys):
    variables: dict = {}
    exec(programs[0], variables)
    assert len(programs[0].rpartition("\n\n")[2].splitlines()) == 5
    folder = "results/animals/models/c000-r000"
    assert predict.main([folder, "photograph.jpg", "--csv", "a.csv"]) == 0
    row = pd.read_csv("a.csv").iloc[0]
    assert list(variables["probabilities"]) == list(KINDS)
    for name, value in variables["probabilities"].items():
        assert value == pytest.approx(row[defused(name)], abs=1e-5)


def test_the_program_without_this_package_loads_the_same_network(programs):
    variables: dict = {}
    exec(programs[1], variables)
    assert "study" not in programs[1]
    net, _ = models.load("results/gtsrb/models/c000-r000")
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(variables["net"](images), net(images))
