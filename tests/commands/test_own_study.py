"""Studies of one's own images by the command, but for Ray: groups in names of files, a table of several labels."""

from pathlib import Path

import pandas as pd
import pytest

from study import pretrain, run
from tests.support import inline
from tests.support.own_images import folders, picture, table, voc

OWN = str(Path(__file__).parents[1] / "spaces" / "own.py")


def study(*options: str) -> tuple[int, str]:
    return inline.command("--space", OWN, *options)


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Path:
    """Two shots of each of 24 people, who are cats or dogs."""
    place = tmp_path_factory.mktemp("own") / "people & cats"
    for person in range(24):
        for shot in range(2):
            picture(place / "train" / ("cat", "dog")[person % 2] / f"p{person:02d}_{shot}.png", 2 * person + shot)
    return place


def test_inspect_shows_what_is_there_and_starts_nothing(people, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run.main(["--space", "folder", "--data", str(people), "--inspect"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0].endswith("people & cats: image folders, 2 classes, one an image")
    assert "test: cut off here, a fifth of each class" in told
    assert not list(tmp_path.iterdir())


def test_what_would_make_results_wrong_is_shown_and_ends_it(people, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    place = folders(tmp_path / "mine", {"train/cat": 4, "train/dog": 4, "test/cat": 1, "test/dog": 1})
    picture(place / "test/cat/again.png", 1)
    assert run.main(["--space", OWN, "--data", str(place)]) == 2
    told = capsys.readouterr()
    assert "image folders, 2 classes" in told.out
    assert told.err.splitlines()[-3:-1] == ["  1 images are in two splits:", "    train/cat/0.png = test/cat/again.png"]
    assert not list(tmp_path.glob("results/*"))


@pytest.mark.slow
def test_folders_go_from_a_question_to_a_report_and_groups_are_a_part_of_it(people, tmp_path):
    out = tmp_path / "out"
    words = ["--data", str(people), "--out", str(out), "--set", "class_weights=balanced"]
    code, told = study(*words, "--set", r"group_pattern=(p\d+)_")
    assert code == 0, told
    assert "groups: 24, images of one are never parted" in told
    frame = pd.read_parquet(out / "table.parquet")
    assert set(frame["task"]) == {"folder"}
    assert set(frame["group_pattern"]) == {r"(p\d+)_"}
    assert {"balanced_accuracy", "accuracy", "f1"} < set(frame.loc[frame["split"] == "test", "metric"])
    assert "balanced_accuracy" in (out / "report.html").read_text()
    for other in ([], ["--set", r"group_pattern=(p\d)\d_"]):
        code, told = study(*words, *other, "--resume")
        assert code == 4, told
        assert "group_pattern was" in told


@pytest.mark.slow
def test_a_table_of_several_labels_is_scored_by_map(tmp_path):
    for number in range(40):
        picture(tmp_path / f"{number}.png", number)
    rows = "".join(f"{number}.png,{('cat', 'dog', 'cat|dog', '')[number % 4]}\n" for number in range(40))
    code, told = study("--data", str(table(tmp_path, f"path,labels\n{rows}")), "--out", str(tmp_path / "out"))
    assert code == 0, told
    frame = pd.read_parquet(tmp_path / "out" / "table.parquet")
    assert set(frame["task"]) == {"folder/several"}
    assert frame.loc[frame["metric"] == "mAP", "score"].between(0, 1).all()


@pytest.mark.slow
@pytest.mark.nightly
def test_six_kinds_of_networks_are_compared_by_score_and_cost(people, tmp_path):
    out = tmp_path / "out"
    words = "--space backbones --scale full --set weights=none --set image_size=56 --trials 1 --epochs 1 --replicates 1"
    only = "--only regime=fine_tune --only label_fraction=1.0"
    code, told = inline.command(*f"{words} {only}".split(), "--data", str(people), "--out", str(out))
    assert code == 0, told
    frame = pd.read_parquet(out / "table.parquet")
    costs = frame.groupby("family")[["macs", "parameters", "trained", "frozen_share"]].first()
    assert len(costs) == costs["macs"].nunique() == 6
    assert (costs["frozen_share"] == 0).all()
    assert (costs["trained"] > costs["parameters"]).all()
    assert frame["licence"].isna().all()
    assert (frame["predict_images_per_second"] > 0).all()
    page = (out / "report.html").read_text()
    for words in ("Which network, and which at a quarter of the cost?", "What each network costs", "Score and speed"):
        assert words in page
    assert (out / "figures" / "score-and-macs.png").exists()


def test_a_pretext_takes_ones_own_images_and_their_groups(people, tmp_path):
    words = ["--task", "rotation:folder", "--set", r"group_pattern=(p\d+)_"]
    found = pretrain._asked(pretrain._arguments([*words, "--data", str(people)]))
    assert (found.config.task, found.config.group_pattern) == ("folder", r"(p\d+)_")
    place = voc(tmp_path / "VOC2007", {"trainval": ["a", "b"], "test": ["c"]})
    found = pretrain._asked(pretrain._arguments([*words, "--data", str(place)]))
    assert found.config.task == "folder/several"
