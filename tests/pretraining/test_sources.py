"""How weights that are trained first are named and explained."""

import pytest

from study.errors import UserError
from study.pretraining import sources
from study.space import Space
from study.space.config import Config

VALUES = Config(task="cifar10", family="small_cnn", image_size=32, normalization="unit")


def read(name, recipe=None, values=VALUES, **others):
    return sources.source(name, others if recipe is None else {name: recipe, **others}, values)


def test_a_pretext_takes_the_trials_own_images_and_network():
    source = read("patches")
    assert (source.pretext, source.config.task, source.config.family) == ("patches", "cifar10", "small_cnn")
    assert source.config.normalization == "unit"
    assert source.options == {"patch": None, "gap": None, "jitter": None, "colour": "drop"}
    assert (source.epochs, source.images, source.task) == (sources.EPOCHS, None, "patches:cifar10")


def test_another_tasks_images_can_be_named():
    assert read("labels:gtsrb").config.task == "gtsrb"
    assert read("labels:gtsrb").pretext == "labels"


def test_a_space_explains_a_name_of_its_own():
    recipe = {"pretext": "patches", "gap": 0, "epochs": 3, "images": 100, "lr": 0.01, "task": "gtsrb"}
    source = read("touching", recipe)
    assert (source.name, source.pretext, source.options["gap"]) == ("touching", "patches", 0)
    assert (source.epochs, source.images) == (3, 100)
    assert (source.config.lr, source.config.task) == (0.01, "gtsrb")


def test_settings_are_sorted_by_who_reads_them():
    recipe = {"gap": 0, "lr": 0.01, "task": "gtsrb", "pretext": "patches", "regime": "lp_ft", "typo": 1}
    settings = sources._parse(recipe)
    assert settings == sources.SourceSettings(
        "patches", "gtsrb", hyperparameters={"lr": 0.01, "regime": "lp_ft"}, options={"gap": 0, "typo": 1}
    )


def test_a_pretexts_head_can_be_changed():
    assert read("patches").config.head == "512"
    assert read("patches", {"head": "linear"}).config.head == "linear"


@pytest.mark.parametrize("name", ["none", "imagenet", "anything"])
def test_other_names_are_the_familys_own(name):
    assert read(name) is None


@pytest.mark.parametrize(
    ("name", "recipe", "message"),
    [
        (
            "patches",
            {"gaps": 1},
            "weights 'patches': unknown key 'gaps'; one of pretext, task, weights, per, epochs, images, patch,",
        ),
        ("mine", {}, "weights 'mine': unknown pretext 'mine'; one of labels, patches, rotation"),
        ("patches", {"epochs": 0}, "weights 'patches': epochs 0 must be at least 1"),
        ("patches", {"epochs": "3"}, "weights 'patches': epochs '3'"),
        ("patches", {"patch": 12, "gap": 0}, "take 38 px; the images have 32"),
        ("patches", {"lr": "fast"}, "lr 'fast'"),
    ],
)
def test_a_wrong_recipe_is_refused(name, recipe, message):
    with pytest.raises(UserError, match=message):
        read(name, recipe)


def space(**fields):
    defaults = {"task": "cifar10", "compared": {"weights": ("none", "patches")}, "fixed": {"regime": "fine_tune"}}
    return Space(**(defaults | fields))


def test_cells_know_the_source_of_their_weights():
    without, pretrained = space(sources={"patches": {"epochs": 2}}).cells()
    assert sources.of(without) is None
    assert sources.of(pretrained).epochs == 2


def test_a_cell_trained_from_scratch_needs_no_weights():
    _, cell = space(settings={"weights=patches": {"regime": "scratch"}}, fixed={}).cells()
    assert sources.of(cell) is None


def test_a_demo_changes_parts_of_a_recipe():
    full = space(sources={"patches": {"epochs": 9, "gap": 1}}, demo={"sources": {"patches": {"epochs": 2}}})
    assert sources.of(full.scaled("demo").cells()[1]).epochs == 2
    assert sources.of(full.scaled("demo").cells()[1]).options["gap"] == 1


@pytest.mark.parametrize(
    ("recipes", "message"),
    [({"patches": 3}, "sources: 'patches' needs a dict of settings, got 3"), (3, "sources 3 must be a dict")],
)
def test_a_space_refuses_sources_of_another_form(recipes, message):
    with pytest.raises(UserError, match=message):
        space(sources=recipes)


A = {"pretext": "labels", "task": "gtsrb", "epochs": 2, "weights": "none"}


def test_a_training_can_start_from_anothers_weights():
    source = read("second", {"pretext": "rotation", "weights": "first"}, first=A)
    assert [training.name for training in source.line] == ["first", "second"]
    assert [training.name for training in source.learnt] == ["first"]
    assert source.before.config.task == "gtsrb"
    assert read("first", A).before is None


def test_a_training_from_trained_weights_freezes_what_the_trials_freeze():
    values = Config(task="cifar10", regime="partial_freeze", freeze_depth=2, freeze_batchnorm="off")
    source = read("second", {"pretext": "labels", "task": "pets", "weights": "first"}, values, first=A)
    assert (source.config.regime, source.config.freeze_depth) == ("partial_freeze", 2)
    assert source.config.freeze_batchnorm == "off"
    assert (source.before.config.regime, source.before.config.freeze_batchnorm) == ("fine_tune", "on")


def test_a_recipe_overrides_what_the_trials_freeze():
    values = Config(task="cifar10", regime="partial_freeze", freeze_depth=2)
    source = read("second", {"pretext": "labels", "weights": "first", "freeze_depth": 1}, values, first=A)
    assert (source.config.regime, source.config.freeze_depth) == ("partial_freeze", 1)


@pytest.mark.parametrize(
    ("recipe", "others", "message"),
    [
        ({"weights": "absent"}, {}, "unknown weights 'absent' of family small_cnn to begin with; one of none"),
        ({"weights": "rotation"}, {}, "weights 'rotation': 'rotation' go on from themselves"),
        (
            {"weights": "one"},
            {"one": {"pretext": "patches", "weights": "rotation"}},
            "'rotation' go on from themselves",
        ),
        ({"per": "trial"}, {}, "unknown per 'trial'; one of study, replicate"),
    ],
)
def test_a_training_cannot_start_from_unknown_weights_or_its_own(recipe, others, message):
    with pytest.raises(UserError, match=message):
        read("rotation", recipe, **others)


def chain(**fields):
    defaults = {"task": ("gtsrb", "pets", "cifar10"), "compared": {"regime": ("fine_tune", "scratch")}}
    return Space(**(defaults | {"fixed": {"weights": "none"}} | fields))


def test_each_task_of_a_chain_is_learnt_from_the_one_before():
    cell, scratch = chain().cells()
    assert (cell.values["task"], cell.values["weights"]) == ("cifar10", "pets")
    line = sources.of(cell).line
    assert [training.config.task for training in line] == ["gtsrb", "pets"]
    assert [training.config.weights for training in line] == ["none", "gtsrb"]
    assert {training.per for training in line} == {"replicate"}
    assert sources.of(scratch) is None


def test_a_space_can_set_how_a_chains_tasks_are_learnt():
    cell = chain(sources={"gtsrb": {"epochs": 3, "lr": 0.1}, "pets": {"per": "study"}}).cells()[0]
    first, second = sources.of(cell).line
    assert (first.epochs, first.config.lr, first.per, second.per) == (3, 0.1, "replicate", "study")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ((), r"task \(\) must be the name of a task"),
        (3, "task 3 must be the name of a task"),
        (("gtsrb", 3), "task 3 "),
        (("gtsrb", "pets", "gtsrb"), "a chain learns each of its tasks once"),
    ],
)
def test_a_malformed_chain_is_refused(task, message):
    with pytest.raises(UserError, match=message):
        chain(task=task)


def test_a_published_figure_may_be_of_an_earlier_task():
    cell = chain(published={"regime=fine_tune": {"gtsrb": 0.9}}).cells()[0]
    assert cell.published == {"gtsrb": 0.9}
    with pytest.raises(UserError, match="published 'regime=fine_tune': there is no task 'voc'; one of gtsrb, pets"):
        chain(published={"regime=fine_tune": {"voc": 0.9}})
