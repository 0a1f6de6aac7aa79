"""A study of a chain of tasks, without Ray: what is learnt first, what is said of it, what is asked of the table."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from study.data import prepare
from study.models import saved
from tests.support import inline

pytestmark = pytest.mark.slow

SPACE = Path(__file__).parents[1] / "spaces" / "chain.py"
TASKS = ("animals", "animals/animal", "animals/animal/canines")


def run(place, *options):
    words = ["--space", str(SPACE), "--out", str(place / "out"), *options]
    code, said = inline.command(*words, store=place / "store")
    assert code == 0, said
    return said


@pytest.fixture(scope="module")
def place(tmp_path_factory, store):
    """A study's folder, and a store that has only the images."""
    place = tmp_path_factory.mktemp("chain")
    for task in TASKS:
        images = Path(prepare.prepare(task, None, 16, None).path)
        shutil.copytree(images, place / "store" / images.relative_to(store))
    place.joinpath("said").write_text(run(place))
    return place


@pytest.fixture(scope="module")
def table(place):
    return pd.read_parquet(place / "out" / "table.parquet")


def test_each_replicate_learns_the_earlier_tasks_for_itself(place, table):
    own = table[table["role"] == "pretrain"]
    assert set(own["trial"]) == {
        *(f"w000{ahead}{which}" for ahead in ("", "-t1") for which in ("", "-r000", "-r001")),
        *(f"w001{which}" for which in ("", "-r000", "-r001")),  # the first task is the frozen cells' own
    }
    said = (place / "said").read_text()
    assert said.count("weights animals of replicate 1: trained") == 1
    assert said.count("weights animals/animal of replicate 1: trained") == 2  # frozen, and fine-tuned
    assert len(list((place / "store" / "weights").glob("*/card.json"))) == 9


def test_all_cells_start_from_the_same_first_task(table):
    before = table[(table["task"] == TASKS[0]) & (table["metric"] == "accuracy_before") & (table["split"] == "test")]
    found = before.groupby(["regime", "seed"])["score"].first().unstack(0)
    assert len(found) == 2
    assert (found["feature_extraction"] == found["fine_tune"]).all()


def test_each_trial_reports_the_tasks_of_before(table):
    trials = table[table["role"] != "pretrain"]
    told = trials.groupby("regime")["task"].unique().map(list).to_dict()
    assert told["fine_tune"] == told["feature_extraction"] == [TASKS[2], TASKS[0], TASKS[1]]
    assert told["scratch"] == [TASKS[2]]
    assert set(trials["trained_on"]) == {TASKS[2]}


def test_a_frozen_chain_forgets_nothing(table):
    frozen = table[(table["regime"] == "feature_extraction") & (table["split"] == "test")]
    earlier = frozen[frozen["task"] != frozen["trained_on"]]
    scores = earlier.pivot_table(index=["trial", "task"], columns="metric", values="score")
    assert len(scores) == 4
    for metric in ("accuracy", "sensitivity", "specificity"):
        assert (scores[metric] == scores[f"{metric}_before"]).all()
        assert (scores[metric] == scores[f"{metric}_own_batchnorm"]).all()


def test_search_trials_never_see_a_test(table):
    assert set(table.loc[table["role"].isin(["search", "pretrain"]), "split"]) == {"train", "val"}


@pytest.mark.parametrize("task", TASKS[:2])
def test_the_heads_of_all_tasks_can_be_loaded(place, table, task):
    folder = next(path for path in (place / "out" / "models").iterdir() if path.name.startswith("c001"))
    card = json.loads((folder / "card.json").read_text())
    assert [each["task"] for each in card["earlier"]] == list(TASKS[:2])
    net, about = saved.load(folder, task)
    assert net.head.out_features == len(about["classes"])


def test_a_second_run_finds_what_was_learnt(place):
    other = place / "again"
    other.mkdir()
    (other / "store").symlink_to(place / "store")
    said = run(other, "--only", "regime=fine_tune")
    assert said.count("found") == 6
    assert "training (labels" not in said
