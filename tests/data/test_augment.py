import pytest
import torch

from study.data.augment import augment, draw
from tests.support.toy_task import AUGMENT

IMAGES = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))
NONE = torch.zeros(6, 7)


def draws(seed=1):
    return draw(6, torch.Generator().manual_seed(seed))


def with_column(column, value):
    changed = NONE.clone()
    changed[:, column] = value
    return changed


def test_strength_0_is_the_identity():
    assert augment(IMAGES, draws(), AUGMENT, 0.0) is IMAGES
    assert augment(IMAGES, draws(), {}, 1.0) is IMAGES


def test_equal_draws_give_equal_images():
    assert torch.equal(augment(IMAGES, draws(), AUGMENT, 1.0), augment(IMAGES, draws(), AUGMENT, 1.0))
    assert not torch.equal(augment(IMAGES, draws(), AUGMENT, 1.0), augment(IMAGES, draws(2), AUGMENT, 1.0))


def test_images_stay_in_range_and_shape_and_the_source_as_it_was():
    before = IMAGES.clone()
    after = augment(IMAGES, draws(), AUGMENT, 1.0)
    assert after.shape == IMAGES.shape
    assert 0 <= after.min() <= after.max() <= 1
    assert torch.equal(IMAGES, before)


def test_a_quarter_turn_is_a_quarter_turn():
    turned = augment(IMAGES, with_column(0, 1.0), {"rotate": 90.0}, 1.0)
    torch.testing.assert_close(turned, torch.rot90(IMAGES, 1, (2, 3)), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("column", "axis"), [(2, 3), (3, 2)])
def test_a_shift_moves_by_its_share_of_the_side(column, axis):
    moved = augment(IMAGES, with_column(column, 1.0), {"shift": 0.25}, 1.0)
    shifted = torch.roll(IMAGES, -4, axis)
    torch.testing.assert_close(moved.narrow(axis, 0, 12), shifted.narrow(axis, 0, 12), atol=1e-4, rtol=0)


def test_a_scale_magnifies_the_middle():
    blot = torch.zeros(6, 3, 16, 16)
    blot[:, :, 6:10, 6:10] = 1
    larger = augment(blot, with_column(1, 1.0), {"scale": 1.0}, 1.0)
    assert larger.sum() == pytest.approx(4 * blot.sum().item(), rel=0.02)


def test_flip_mirrors_only_what_was_drawn_for_it():
    mirrored = augment(IMAGES, with_column(6, -1.0), {"flip": 1.0}, 1.0)
    torch.testing.assert_close(mirrored, IMAGES.flip(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(augment(IMAGES, with_column(6, 0.5), {"flip": 1.0}, 1.0), IMAGES, atol=1e-4, rtol=0)
    torch.testing.assert_close(augment(IMAGES, with_column(6, -1.0), {"rotate": 9}, 1.0), IMAGES, atol=1e-4, rtol=0)


def test_light_and_contrast_by_hand():
    lit = augment(IMAGES, with_column(4, -1.0), {"brightness": 0.3}, 1.0)
    torch.testing.assert_close(lit, 0.7 * IMAGES)
    flat = augment(IMAGES, with_column(5, -1.0), {"contrast": 0.3}, 1.0)
    mean = IMAGES.mean(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(flat, mean + 0.7 * (IMAGES - mean))


def test_strength_scales_the_ranges():
    half = augment(IMAGES, with_column(4, -1.0), {"brightness": 0.3}, 0.5)
    torch.testing.assert_close(half, 0.85 * IMAGES)


def test_an_unknown_range_is_refused():
    with pytest.raises(ValueError, match="'hue'; one of rotate"):
        augment(IMAGES, draws(), {"hue": 0.1}, 1.0)
