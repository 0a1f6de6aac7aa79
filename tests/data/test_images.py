"""Images of every kind load as a person would see them, and files that are no images say what they are."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.data import images
from study.data.images import read_rgb
from study.errors import UserError

WIDE, HIGH = 24, 16
RAMP = np.linspace(0, 1, WIDE * HIGH).reshape(HIGH, WIDE)
COLOURS = np.stack([np.rint(255 * RAMP), np.full((HIGH, WIDE), 40), 255 - np.rint(255 * RAMP)], 2).astype(np.uint8)
SEEN = np.repeat(np.rint(255 * RAMP)[..., None], 3, 2)
"""The ramp as 8 bits: what each grey picture of it shows, whatever its numbers are."""


def saved(path: Path, pixels: np.ndarray, mode: str | None = None, **how) -> Path:
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **how)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "ppm", "tif"])
def test_rgb_is_kept_to_the_bit(tmp_path, suffix):
    assert (read_rgb(saved(tmp_path / f"a.{suffix}", COLOURS)) == COLOURS).all()


def test_a_listing_is_decoded_as_before_where_images_are_plain(tmp_path):
    """What PIL alone makes of plain colours and greys: stored data sets stay what they were."""
    from study.data.types import Listing

    paths = [saved(tmp_path / "a.jpg", COLOURS), saved(tmp_path / "b.png", COLOURS[..., 0])]
    listing = Listing([str(path) for path in paths], np.arange(2), np.arange(2), None, square=True)
    for path, pixels in zip(paths, images._decode_all(listing, 8, []), strict=True):
        with Image.open(path) as image:
            plain = image.convert("RGB").resize((8, 8), Image.Resampling.BICUBIC, (4, 0, 20, 16))
        assert (pixels == np.asarray(plain)).all()


def test_grey_bilevel_and_palette_are_looked_up(tmp_path):
    assert (read_rgb(saved(tmp_path / "l.png", SEEN[..., 0].astype(np.uint8))) == SEEN.astype(np.uint8)).all()
    assert set(np.unique(read_rgb(saved(tmp_path / "1.png", COLOURS, "1")))) <= {0, 255}
    few = np.where(RAMP[..., None] > 0.5, (204, 0, 51), (0, 102, 255)).astype(np.uint8)
    assert (read_rgb(saved(tmp_path / "p.png", few, "P")) == few).all()


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bits_are_scaled_by_their_whole_range(tmp_path, suffix):
    whole = np.rint(65_535 * RAMP).astype(np.uint16)
    assert np.abs(read_rgb(saved(tmp_path / f"a.{suffix}", whole)) - SEEN).max() <= 1
    dark = read_rgb(saved(tmp_path / f"b.{suffix}", whole // 16))
    assert np.abs(dark - SEEN / 16).max() <= 1  # not by what this one image makes of it


def test_16_bits_whose_white_is_zero_are_turned_round(tmp_path):
    for name, photometric, wanted in (("w", 0, 255 - SEEN), ("b", 1, SEEN)):
        numbers = np.rint(65_535 * RAMP).astype(np.uint16)
        path = saved(tmp_path / f"{name}.tif", numbers, tiffinfo={262: photometric})
        assert np.abs(read_rgb(path).astype(int) - wanted).max() <= 1


def bitmap(path: Path, alpha: int) -> Path:
    """Write a BMP file with four bytes a pixel, of which the fourth is called alpha, as screenshots have it."""
    pixels = np.dstack([COLOURS[..., ::-1], np.full((HIGH, WIDE), alpha, np.uint8)])[::-1].tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, WIDE, HIGH, 1, 32, 3, len(pixels), 2835, 2835, 0, 0)
    header = (header + masks + b"BGRs").ljust(108, b"\0")
    path.write_bytes(b"BM" + struct.pack("<IHHI", 122 + len(pixels), 0, 0, 122) + header + pixels)
    return path


def test_a_bitmap_whose_alpha_is_0_everywhere_is_opaque(tmp_path):
    for alpha in (0, 255):
        assert (read_rgb(bitmap(tmp_path / f"{alpha}.bmp", alpha)) == COLOURS).all()


def text_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("at", [33, -12])
@pytest.mark.parametrize("chunk", [text_chunk(b"tEXt", b"x\0" + bytes(2**21)),
                                   text_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**21)))])  # fmt: skip
def test_a_png_with_much_text_has_its_pixels(tmp_path, at, chunk):
    path = saved(tmp_path / "a.png", COLOURS)
    content = path.read_bytes()
    path.write_bytes(content[:at] + chunk + content[at:])
    assert (read_rgb(path) == COLOURS).all()


def test_a_jpeg_with_a_hole_has_a_note_and_flat_ones_have_none(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    flat = np.full((900, 900, 3), 255, np.uint8)
    whole = saved(tmp_path / "whole.jpg", noise).read_bytes()
    middle = len(whole) // 2
    (tmp_path / "hole.jpg").write_bytes(whole[:middle] + bytes(2048) + whole[middle + 2048 :])
    for name, options in (("flat", {}), ("small", {"optimize": True}), ("steps", {"progressive": True})):
        saved(tmp_path / f"{name}.jpg", flat, **options)
    notes = {}
    for path in tmp_path.iterdir():
        with images.picture(path) as picture:
            notes[path.stem] = picture.notes
    assert notes.pop("hole") == ("has a hole: 2,048 zero bytes among its pixels, as of a broken copy",)
    assert set(notes.values()) == {()}


def test_16_bit_colours_are_scaled(tmp_path):
    """Written by hand: PIL writes none."""
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in COLOURS)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", WIDE, HIGH, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    made = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(made))
    assert np.abs(read_rgb(tmp_path / "a.png").astype(int) - COLOURS).max() <= 1


def test_float_tiff_from_0_to_1_is_not_black(tmp_path):
    assert np.abs(read_rgb(saved(tmp_path / "a.tif", RAMP.astype(np.float32))) - SEEN).max() <= 1


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        (255 * RAMP.astype(np.float32), r"its numbers are 0 to 255, and 0 \(black\) to 1 \(white\) is what is read"),
        (RAMP.astype(np.float32) - 1, "its numbers are -1 to 0"),
        (np.where(RAMP > 0.5, np.nan, RAMP).astype(np.float32), "its numbers are nan to nan"),
        ((70_000 * RAMP).astype(np.int32), "whole numbers of 32 bits, of which none is known to be white"),
    ],
)
def test_numbers_of_an_unknown_range_are_refused_by_name(tmp_path, numbers, reason):
    with pytest.raises(UserError, match=rf"odd\.tif: {reason}"):
        read_rgb(saved(tmp_path / "odd.tif", numbers))


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_transparent_pixels_lie_on_white(tmp_path, suffix):
    alpha = np.zeros((HIGH, WIDE, 1), np.uint8)
    alpha[:, WIDE // 2 :] = 255
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.concatenate([COLOURS, alpha], 2)).save(path, **({"lossless": True} if suffix == "webp" else {}))
    pixels = read_rgb(path)
    assert (pixels[:, : WIDE // 2] == 255).all()
    assert (pixels[:, WIDE // 2 :] == COLOURS[:, WIDE // 2 :]).all()


def test_half_transparent_grey_and_a_transparent_colour_of_a_palette(tmp_path):
    half = np.dstack([np.zeros((4, 4), np.uint8), np.full((4, 4), 128, np.uint8)])
    assert (read_rgb(saved(tmp_path / "la.png", half)) == 127).all()
    few = np.where(RAMP > 0.5, 1, 0).astype(np.uint8)
    image = Image.fromarray(few, "P")
    image.putpalette([9, 9, 9, 200, 10, 30])
    image.save(tmp_path / "p.png", transparency=0)
    wanted = np.where(few[..., None], (200, 10, 30), 255)
    assert (read_rgb(tmp_path / "p.png") == wanted).all()
    whole = np.rint(65_535 * RAMP).astype(np.uint16)
    assert (read_rgb(saved(tmp_path / "16.png", whole, transparency=0))[0, 0] == 255).all()


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_has_the_colours_that_it_was_made_from(tmp_path, suffix):
    flat = np.broadcast_to(np.array([200, 60, 20], np.uint8), (HIGH, WIDE, 3))
    pixels = read_rgb(saved(tmp_path / f"a.{suffix}", flat, "CMYK"))
    assert np.abs(pixels.astype(int) - flat).max() <= 4  # an inverted one would be off by 145


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, -1), (8, 1)])
def test_pictures_are_turned_as_their_exif_data_say(tmp_path, suffix, orientation, turns):
    image = Image.fromarray(np.kron(COLOURS, np.ones((4, 4, 1), np.uint8)))
    exif = image.getexif()
    exif[274] = orientation
    image.save(tmp_path / f"a.{suffix}", exif=exif, quality=95)
    pixels, wanted = read_rgb(tmp_path / f"a.{suffix}").astype(int), np.rot90(np.asarray(image), turns)
    assert pixels.shape == wanted.shape
    assert np.abs(pixels - wanted).mean() < 4


def test_of_several_frames_the_first_is_taken(tmp_path):
    first, second = (Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (50, 200))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert (read_rgb(tmp_path / "a.gif") == 50).all()


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"\n<!DOCTYPE html><html>404</html>", "is a web page, no image"),
        (
            b"version https://git-lfs.github.com/spec/v1",
            "is no image that can be read; it begins with b'version https://",
        ),
        (JPEG, "."),
    ],
)
def test_what_is_no_image_says_what_it_is(tmp_path, content, reason):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(images.Unreadable, match=rf"^{path}: {reason}"):
        read_rgb(path)


def test_a_cut_off_file_a_folder_and_nothing_at_all(tmp_path):
    path = saved(tmp_path / "a.jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-500])
    for place, reason in (
        (path, "image file is truncated"),
        (tmp_path, "is no file"),
        (tmp_path / "b", "No such file"),
    ):
        with pytest.raises(UserError, match=f"^{place}: {reason}"):
            read_rgb(place)
