"""Examples of every pretext have the promised shape and come from the generator alone; each asks the right question."""

import pytest
import torch

from study.errors import UserError
from study.pretraining import pretexts
from study.pretraining.pretexts import patches, rotation

SIZE = 32


def pixels(count=6, size=SIZE):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def examples(name, images, seed=0, labels=None, least=8, **options):
    module = pretexts.load(name)
    settings = pretexts.options(name, options)
    if module.LABELS and labels is None:
        labels = torch.arange(len(images)) % 3
    return module.examples(images, labels, torch.Generator().manual_seed(seed), settings, least)


@pytest.mark.parametrize("name", pretexts.names())
def test_examples_have_the_promised_shape_and_range(name):
    module = pretexts.load(name)
    views, answers = examples(name, pixels())
    assert views.shape[:3] == (6, module.VIEWS, 3)
    assert views.shape[3] == views.shape[4] >= 8
    assert views.min() >= 0
    assert views.max() <= 1
    assert answers.dtype == torch.int64
    assert answers.min() >= 0
    assert answers.max() < module.answers(3, pretexts.options(name, {}))


@pytest.mark.parametrize("name", pretexts.names())
def test_equal_generators_give_equal_examples(name):
    (one, first), (two, second) = (examples(name, pixels(), seed=5) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", [name for name in pretexts.names() if not pretexts.load(name).LABELS])
def test_self_supervision_asks_for_every_answer(name):
    _, answers = examples(name, pixels(400))
    assert len(answers.unique()) == pretexts.load(name).answers(0, pretexts.options(name, {}))


def places(size=SIZE, count=200):
    """Images whose red is the row and whose green is the column."""
    row = torch.arange(size, dtype=torch.float32).view(1, 1, size, 1).expand(count, 1, size, size) / 255
    return torch.cat([row, row.transpose(2, 3), torch.zeros_like(row)], 1)


@pytest.mark.parametrize(("gap", "jitter"), [(0, 0), (2, 0), (2, 1)])
def test_a_neighbour_lies_where_the_answer_says(gap, jitter):
    views, answers = examples("patches", places(), patch=8, gap=gap, jitter=jitter, colour="keep")
    corner = (255 * views[:, :, :2, 0, 0]).round()  # (n, 2 views, row and column)
    expected = torch.tensor(patches.PLACES)[answers] - 1
    off = corner[:, 1] - corner[:, 0] - (8 + gap) * expected
    assert off.abs().max() <= 2 * jitter
    assert (off.abs().max() > 0) == (jitter > 0)


def test_the_grid_lies_anywhere_in_the_image():
    views, _ = examples("patches", places(), patch=8, gap=0, jitter=0, colour="keep")
    rows = (255 * views[:, 0, 0, 0, 0]).round()
    assert set(rows.tolist()) == set(range(8, 17))  # the middle patch begins 8 below the grid, which has 8 px of room


def test_patches_that_touch_are_next_to_each_other_and_others_are_not():
    assert patches.grid(pretexts.options("patches", {}), 32) == (8, 2, 1)
    assert patches.grid(pretexts.options("patches", {}), 64).extent <= 64
    assert patches.grid(pretexts.options("patches", {"gap": 0, "jitter": 0}), 32) == (8, 0, 0)


def test_dropped_colours_are_noise_and_one_channel_stays():
    images = pixels()
    intact, _ = examples("patches", images, colour="keep")
    dropped, _ = examples("patches", images, colour="drop")
    same = (intact == dropped).all(dim=(3, 4)).sum(2)  # (n, views): channels that are unchanged
    assert (same == 1).all()


def test_grey_patches_have_three_equal_channels():
    grey, _ = examples("patches", pixels(), colour="grey")
    assert torch.equal(grey[:, :, 0], grey[:, :, 1])
    assert torch.equal(grey[:, :, 0], grey[:, :, 2])


def test_small_patches_are_enlarged_to_what_the_network_needs():
    assert examples("patches", pixels(), least=16)[0].shape[-1] == 16
    assert examples("patches", pixels(64 // 8, 64), least=8)[0].shape[-1] == 16


def test_the_published_patches_of_eleven_pixels_fit_and_larger_ones_do_not():
    published = {"patch": 11, "gap": 0, "jitter": 0, "colour": "keep"}
    assert examples("patches", pixels(), **published)[0].shape[-1] == 11
    patches.check(pretexts.options("patches", published), 32)
    with pytest.raises(UserError, match=r"3 patches of 12, .* take 36 px; the images have 32"):
        patches.check(pretexts.options("patches", {**published, "patch": 12}), 32)


def test_a_rotated_image_turned_back_is_the_image():
    images = pixels(40)
    views, answers = examples("rotation", images)
    back = torch.stack([torch.rot90(view[0], -int(turn), (1, 2)) for view, turn in zip(views, answers, strict=True)])
    assert torch.equal(back, images)
    assert rotation.TURNS == 4


def test_labels_are_the_answers_of_a_source_task():
    images, labels = pixels(), torch.tensor([2, 0, 1, 1, 2, 0])
    views, answers = examples("labels", images, labels=labels)
    assert torch.equal(answers, labels)
    assert torch.equal(views[:, 0], images)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("patchs", {}, "unknown pretext 'patchs'; one of labels, patches, rotation"),
        ("patches", {"jitters": 1}, "jitters 1 is no option of pretext patches; it has patch, gap, jitter, colour"),
        ("patches", {"gap": 1.5}, "gap of pretext patches 1.5"),
        ("rotation", {"gap": 1}, "gap 1 is no option of pretext rotation; it has none"),
    ],
)
def test_a_wrong_name_or_option_is_refused_with_the_choices(name, settings, message):
    with pytest.raises(UserError, match=message):
        pretexts.options(name, settings)


def test_an_unknown_treatment_of_colours_is_refused():
    with pytest.raises(UserError, match="unknown colour 'red' of pretext patches; one of drop, grey, keep"):
        patches.check(pretexts.options("patches", {"colour": "red"}), 32)
