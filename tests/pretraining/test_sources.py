"""How weights that are trained first are named and explained."""

import pytest

from study.errors import UserError
from study.pretraining import sources
from study.space import Space
from study.space.config import Config

VALUES = Config(task="cifar10", family="small_cnn", image_size=32, normalization="unit")


def read(name, given=None, values=VALUES, **others):
    return sources.source(name, others if given is None else {name: given, **others}, values)


def test_a_pretext_takes_the_trials_own_images_and_network():
    found = read("patches")
    assert (found.pretext, found.config.task, found.config.family) == ("patches", "cifar10", "small_cnn")
    assert found.config.normalization == "unit"
    assert found.options == {"patch": None, "gap": None, "jitter": None, "colour": "drop"}
    assert (found.epochs, found.images, found.task) == (sources.EPOCHS, None, "patches:cifar10")


def test_another_tasks_images_can_be_named():
    assert read("labels:gtsrb").config.task == "gtsrb"
    assert read("labels:gtsrb").pretext == "labels"


def test_a_space_explains_a_name_of_its_own():
    said = {"pretext": "patches", "gap": 0, "epochs": 3, "images": 100, "lr": 0.01, "task": "gtsrb"}
    found = read("touching", said)
    assert (found.name, found.pretext, found.options["gap"], found.epochs, found.images) == (
        "touching",
        "patches",
        0,
        3,
        100,
    )
    assert (found.config.lr, found.config.task) == (0.01, "gtsrb")


def test_what_a_pretexts_head_is_can_be_changed():
    assert read("patches").config.head == "512"
    assert read("patches", {"head": "linear"}).config.head == "linear"


@pytest.mark.parametrize("name", ["none", "imagenet", "anything"])
def test_other_names_are_the_familys_own(name):
    assert read(name) is None


@pytest.mark.parametrize(
    ("name", "given", "said"),
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
def test_a_wrong_explanation_is_refused(name, given, said):
    with pytest.raises(UserError, match=said):
        read(name, given)


def space(**more):
    told = {"task": "cifar10", "compared": {"weights": ("none", "patches")}, "fixed": {"regime": "fine_tune"}}
    return Space(**(told | more))


def test_cells_know_what_their_weights_are_made_from():
    without, given = space(sources={"patches": {"epochs": 2}}).cells()
    assert sources.of(without) is None
    assert sources.of(given).epochs == 2


def test_a_cell_trained_from_scratch_needs_no_weights():
    _, cell = space(settings={"weights=patches": {"regime": "scratch"}}, fixed={}).cells()
    assert sources.of(cell) is None


def test_a_demo_changes_parts_of_what_is_said_of_weights():
    full = space(sources={"patches": {"epochs": 9, "gap": 1}}, demo={"sources": {"patches": {"epochs": 2}}})
    assert sources.of(full.scaled("demo").cells()[1]).epochs == 2
    assert sources.of(full.scaled("demo").cells()[1]).options["gap"] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [({"patches": 3}, "sources: 'patches' needs a dict of settings, got 3"), (3, "sources 3 must be a dict")],
)
def test_a_space_refuses_sources_of_another_form(given, said):
    with pytest.raises(UserError, match=said):
        space(sources=given)


A = {"pretext": "labels", "task": "gtsrb", "epochs": 2, "weights": "none"}


def test_a_training_can_go_on_from_another():
    found = read("second", {"pretext": "rotation", "weights": "first"}, first=A)
    assert [each.name for each in found.line] == ["first", "second"]
    assert [each.name for each in found.learnt] == ["first"]
    assert found.before.config.task == "gtsrb"
    assert read("first", A).before is None


def test_a_training_that_goes_on_keeps_what_the_trials_keep():
    values = Config(task="cifar10", regime="partial_freeze", freeze_depth=2, freeze_batchnorm="off")
    found = read("second", {"pretext": "labels", "task": "pets", "weights": "first"}, values, first=A)
    assert (found.config.regime, found.config.freeze_depth, found.config.freeze_batchnorm) == (
        "partial_freeze",
        2,
        "off",
    )
    assert (found.before.config.regime, found.before.config.freeze_batchnorm) == ("fine_tune", "on")


@pytest.mark.parametrize(
    ("given", "others", "said"),
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
def test_what_a_training_cannot_go_on_from_is_refused(given, others, said):
    with pytest.raises(UserError, match=said):
        read("rotation", given, **others)


def chain(**more):
    told = {"task": ("gtsrb", "pets", "cifar10"), "compared": {"regime": ("fine_tune", "scratch")}}
    return Space(**(told | {"fixed": {"weights": "none"}} | more))


def test_each_task_of_a_chain_is_learnt_from_the_one_before():
    cell, scratch = chain().cells()
    assert (cell.values["task"], cell.values["weights"]) == ("cifar10", "pets")
    found = sources.of(cell)
    assert [each.config.task for each in found.line] == ["gtsrb", "pets"]
    assert [each.config.weights for each in found.line] == ["none", "gtsrb"]
    assert {each.per for each in found.line} == {"replicate"}
    assert sources.of(scratch) is None


def test_a_chain_says_how_its_tasks_are_learnt():
    cell = chain(sources={"gtsrb": {"epochs": 3, "lr": 0.1}, "pets": {"per": "study"}}).cells()[0]
    first, second = sources.of(cell).line
    assert (first.epochs, first.config.lr, first.per, second.per) == (3, 0.1, "replicate", "study")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ((), r"task \(\) must be the name of a task"),
        (3, "task 3 must be the name of a task"),
        (("gtsrb", 3), "task 3 "),
        (("gtsrb", "pets", "gtsrb"), "a chain learns each of its tasks once"),
    ],
)
def test_a_chain_that_is_none_is_refused(task, said):
    with pytest.raises(UserError, match=said):
        chain(task=task)


def test_a_published_figure_may_be_of_an_earlier_task():
    cell = chain(published={"regime=fine_tune": {"gtsrb": 0.9}}).cells()[0]
    assert cell.published == {"gtsrb": 0.9}
    with pytest.raises(UserError, match="published 'regime=fine_tune': there is no task 'voc'; one of gtsrb, pets"):
        chain(published={"regime=fine_tune": {"voc": 0.9}})
