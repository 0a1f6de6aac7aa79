"""How weights that are trained first are named and explained."""

import pytest

from study import sources
from study.config import Config, UserError
from study.space import Space

VALUES = Config(task="cifar10", family="small_cnn", image_size=32, normalization="unit")


def read(name, given=None, values=VALUES):
    return sources.source(name, given, values)


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
            "weights 'patches': unknown key 'gaps'; one of pretext, task, epochs, images, patch, gap",
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
