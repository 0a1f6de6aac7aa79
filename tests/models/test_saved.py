"""Networks whose images have several labels, or that learnt a chain of tasks; and the programs of docs/predict.md."""

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
    """A task of before, as `study.training.earlier_tasks.Earlier` has it, without an entry of the store."""

    config: Config
    data: TaskData

    def head(self):
        torch.manual_seed(5)
        return nn.Linear(256, 2)

    def batchnorm(self):
        return {"0.1.running_mean": torch.full((32,), 0.3)}


def saved(folder, given, before=(), outputs=3, **more):
    """Save a network of random weights with such a card as a worker writes; gives the folder."""
    asked = config(given)
    torch.manual_seed(0)
    net = families.build(asked.family, "none", outputs)
    about = {"config": given, "classes": list(KINDS), "trained_on": "nothing", "seed": 0, "source_labels": {}}
    about |= {"task": asked.task, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4], "scores": {}}
    models.save(folder, net.state_dict(), about | more, before)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(1)
    for number, size in enumerate(((21, 40), (64, 33), (32, 32))):
        pixels = draw.integers(0, 256, (*size, 3), dtype=np.uint8) // (number + 1)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_several_labels_are_told_from_a_threshold_on(tmp_path, pictures, capsys):
    folder = saved(tmp_path / "model", {"task": "voc", "family": "small_cnn"}, labels_per_image="several", crop="whole")
    net, card = models.load(folder)
    images = [Image.open(pictures / f"{n}.png").resize((32, 32), Image.Resampling.BICUBIC) for n in range(3)]
    shown = torch.stack([torch.from_numpy(np.array(image)) for image in images]).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(card[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        expected = net((shown - mean) / std).sigmoid().numpy()
    threshold = str(np.median(expected))
    arguments = [str(folder), str(pictures), "--threshold", threshold]
    assert predict.main([*arguments, "--csv", str(tmp_path / "a.csv")]) == 0
    found = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert list(found) == ["path", "labels", "cat", "dog", "'=fish"]
    assert np.abs(found[["cat", "dog", "'=fish"]].to_numpy() - expected).max() < 1e-6
    for labels, row in zip(found["labels"], expected, strict=True):
        told = {each for each in labels.lstrip("'").split("; ") if each}
        assert told == {name for name, value in zip(KINDS, row, strict=True) if value >= float(threshold)}
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
def test_an_earlier_task_is_told_with_its_own_head_classes_and_pixels(chain, pictures, tmp_path, own):
    options = ["--task", "animals", *(["--own-batchnorm"] if own else []), "--csv", str(tmp_path / "a.csv")]
    assert predict.main([str(chain), str(pictures), *options]) == 0
    found = pd.read_csv(tmp_path / "a.csv")
    net, _ = models.load(chain)
    net.head = Before.head(None)
    if own:
        net.stages[0][1].running_mean.fill_(0.3)
    images = [Image.open(pictures / f"{n}.png").resize((32, 32), Image.Resampling.BICUBIC) for n in range(3)]
    shown = torch.stack([torch.from_numpy(np.array(image)) for image in images]).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = net(shown).softmax(1).numpy()
    assert np.abs(found[["animal", "other"]].to_numpy() - expected).max() < 1e-6


def test_the_last_task_may_be_named_as_well(chain, pictures, capsys):
    shown = []
    for options in ([], ["--task", "animals/animal"]):
        assert predict.main([str(chain), str(pictures), *options]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]


def test_padded_labels_are_numbered(tmp_path, pictures):
    folder = saved(tmp_path / "model", {"task": "animals", "family": "small_cnn", "head_classes": 5}, outputs=5)
    assert predict.main([str(folder), str(pictures), "--csv", str(tmp_path / "a.csv")]) == 0
    assert list(pd.read_csv(tmp_path / "a.csv"))[3:] == ["cat", "dog", "'=fish", "output 3", "output 4"]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The programs of the page, in a folder that has what they name."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(2).integers(0, 256, (37, 60, 3), dtype=np.uint8)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    Image.fromarray(pixels).save("photograph.jpg", exif=turned)
    for name, family in (("animals", "small_cnn"), ("gtsrb", "resnet18")):
        given = {"task": "animals", "family": family, "image_size": 32}
        saved(Path("results", name, "models", "c000-r000"), given)
    return re.findall("```python\n(.*?)```", DOCS.read_text(), flags=re.DOTALL)


def test_the_five_lines_of_the_page_give_the_commands_probabilities(programs, capsys):
    told: dict = {}
    exec(programs[0], told)
    assert len(programs[0].rpartition("\n\n")[2].splitlines()) == 5
    folder = "results/animals/models/c000-r000"
    assert predict.main([folder, "photograph.jpg", "--csv", "a.csv"]) == 0
    found = pd.read_csv("a.csv").iloc[0]
    assert list(told["probabilities"]) == list(KINDS)
    for name, value in told["probabilities"].items():
        assert value == pytest.approx(found[defused(name)], abs=1e-5)


def test_the_program_without_this_package_loads_the_same_network(programs):
    told: dict = {}
    exec(programs[1], told)
    assert "study" not in programs[1]
    net, _ = models.load("results/gtsrb/models/c000-r000")
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(told["net"](images), net(images))
