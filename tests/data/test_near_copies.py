"""Near copies: which changes of an image are seen through, and what is not taken for a copy."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from benchmarks._transformations import KINDS
from study.data.copies import near_copies, registration
from study.data.copies.signatures import SIDE, signature, stacked
from tests.support.photographs import photograph

COUNT = 12
FEWER = {"cropped by up to 10 % a side": 8, "cropped by up to 20 % a side": 1, "tilted by up to 10°, black corners": 6}
"""Copies that are found at least, of kinds of which some are missed: kind → number of `COUNT`."""


def pairs(images: list[Image.Image], same: list[str] | None = None) -> list[near_copies.NearCopy]:
    return near_copies.near_copies(
        stacked([signature(image) for image in images]), same or [*map(str, range(len(images)))]
    )


def positions(images: list[Image.Image], same: list[str] | None = None) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in pairs(images, same)}


@pytest.fixture(scope="module")
def photographs() -> list[Image.Image]:
    return [photograph(seed) for seed in range(COUNT)]


@pytest.mark.parametrize("kind", KINDS)
def test_copies_of_every_kind_are_found_and_nothing_else(photographs, kind):
    random = np.random.default_rng(1)
    copies = [KINDS[kind](image, random) for image in photographs]
    right = {(number, COUNT + number) for number in range(COUNT)}
    found = positions(photographs + copies)
    assert found <= right
    assert len(found) >= FEWER.get(kind, COUNT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda image: image.resize((80, 60)), "resized or saved again"),
        (ImageOps.mirror, "mirrored"),
        (ImageOps.flip, "mirrored upside down"),
        (lambda image: image.rotate(180), "turned by 180°"),
        (lambda image: image.rotate(90, expand=True), "turned by 90°"),
        (lambda image: image.transpose(Image.Transpose.TRANSPOSE), "mirrored and turned by 90°"),
        (lambda image: image.crop((16, 0, 160, 120)), "cropped"),
        (lambda image: ImageOps.expand(image, 20, "white"), "padded"),
        (lambda image: ImageEnhance.Brightness(image).enhance(0.6), "lit otherwise"),
        (lambda image: image.rotate(5), "tilted"),
        (lambda image: ImageEnhance.Brightness(ImageOps.mirror(image)).enhance(0.6), "mirrored, lit otherwise"),
    ],
)
def test_the_change_is_named(photographs, change, words):
    (pair,) = pairs([*photographs, change(photographs[3])])
    assert (pair.first, pair.second, pair.change) == (3, COUNT, words)
    assert near_copies.LIKE <= pair.likeness <= 1


def test_flat_and_nearly_empty_images_are_no_copies_of_each_other():
    flat = [Image.new("RGB", (64, 48), (value, value, value)) for value in range(0, 250, 25)]
    noisy = [
        Image.fromarray(np.random.default_rng(seed).integers(118, 122, (48, 64, 3)).astype(np.uint8))
        for seed in range(5)
    ]
    assert pairs(flat + noisy) == []


def test_stripes_and_chequerboards_are_no_copies_of_each_other():
    images = []
    for cells in (2, 4, 6, 8, 12):
        down, across = np.indices((96, 96)) * cells // 96
        images += [
            Image.fromarray((255 * (each % 2)).astype(np.uint8)).convert("RGB") for each in (down, down + across)
        ]
    assert pairs(images) == []


def test_simple_drawings_that_are_merely_alike_are_no_copies():
    """Strokes of seven and one, as people write them."""
    images = []
    for number in range(12):
        image = Image.new("RGB", (96, 96))
        lean, bend = 3 * (number % 4), 4 * (number // 4)
        ImageDraw.Draw(image).line([(20, 20 + bend), (70, 20), (50 - lean, 60), (40 - lean, 85)], "white", 9, "curve")
        images.append(image.resize((28, 28)))
    assert pairs(images) == []


def test_of_equal_images_the_first_is_compared_and_unreadable_ones_are_not(photographs):
    images = [photographs[0], photographs[0], ImageOps.mirror(photographs[0]), photographs[0]]
    assert positions(images, ["a", "a", "b", ""]) == {(0, 2)}
    assert positions(images[:1] * 2, ["a", "a"]) == set()


def test_all_copies_of_an_image_are_joined(photographs):
    copies = [photographs[0].crop((number, 0, 160, 120)) for number in range(40)]
    joined = {0}
    for first, second in sorted(positions(copies)):
        if first in joined:
            joined.add(second)
    assert joined == set(range(40))


def test_a_pair_is_found_once_though_it_fits_in_two_orientations(photographs):
    image = photographs[0].copy()
    image.paste(ImageOps.mirror(image.crop((0, 0, 80, 120))), (80, 0))
    (pair,) = pairs([*photographs[1:], image, image.resize((100, 70))])
    assert (pair.first, pair.second) == (COUNT - 1, COUNT)


def test_two_images_that_differ_in_colour_alone_are_copies(photographs):
    grey = photographs[0].convert("L").convert("RGB")
    assert positions([photographs[0], grey]) == {(0, 1)}


def test_borders_are_left_out_of_a_signature(photographs):
    plain = signature(photographs[0])
    framed = signature(ImageOps.expand(photographs[0], (16, 12, 16, 12), "black"))
    assert plain.box.tolist() == [0, 0, 1, 1]
    assert framed.box == pytest.approx([1 / 12, 1 / 12, 11 / 12, 11 / 12], abs=0.01)
    assert np.abs(plain.thumbnail.astype(int) - framed.thumbnail).mean() < 3


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (7, 7), (3000, 5), (256, 257), (1023, 700)])
def test_images_of_any_size_have_a_signature(size):
    assert signature(photograph(0, *size)).thumbnail.shape == (SIDE, SIDE)
    assert signature(Image.new("RGB", size)).box.tolist() == [0, 0, 1, 1]


def test_what_was_found_is_stored(photographs, monkeypatch):
    signatures = stacked([signature(image) for image in (*photographs, ImageOps.mirror(photographs[2]))])
    same = [str(number) for number in range(COUNT + 1)]
    first = near_copies.stored(signatures, same)
    monkeypatch.setattr(near_copies, "near_copies", None)
    assert near_copies.stored(signatures, same) == first
    assert [(pair.first, pair.second) for pair in first] == [(2, COUNT)]
    with pytest.raises(TypeError):
        near_copies.stored(signatures, [*same[:-1], "other"])


def test_whoever_waits_may_end_it(photographs):
    def enough(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        near_copies.near_copies(stacked([signature(image) for image in photographs]), ["a", "b"] * 6, enough)


def test_images_that_cannot_be_laid_on_each_other_are_alike_in_nothing():
    flat, ramp = np.full((48, 48), 7, np.uint8), np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))
    dot = flat.copy()
    dot[20, 20] = 255
    noise = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    images = np.stack([flat, ramp, dot, noise, 255 - 255 * (noise > 128).astype(np.uint8)])
    first, second = np.triu_indices(len(images), 1)
    registered = registration.register(images[first], images[second])
    assert all(np.isfinite(part).all() for part in registered)
    assert registered.likeness.max() < near_copies.LIKE
    assert np.isfinite(registration.richness(images)).all()
