"""Whatever lies in a folder of pictures: no program runs, no file is read without end, and memory has a bound."""

import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

import study
from study.data import image_files, images, pixels, scan
from study.data.images import read_rgb
from study.data.layouts import folder_tree
from study.storage import regular_files
from tests.support import hostile_images
from tests.support.hostile_images import (
    EPS,
    READABLE,
    REFUSED,
    frames,
    gif_frames,
    jpeg,
    plain,
    png,
    segment,
    tiff,
    written,
)


def refusal(path: Path) -> str:
    with pytest.raises(images.Unreadable) as raised:
        read_rgb(path)
    return str(raised.value)


def seen(path: Path) -> images.Picture:
    with images.picture(path) as picture:
        return picture


def test_no_program_runs_for_a_picture(tmp_path, monkeypatch):
    """Pillow alone runs what is called `gs`: the stand-in works."""
    monkeypatch.setenv("PATH", hostile_images.stand_in_for_ghostscript(tmp_path / "bin"))
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    path, ran = written(tmp_path / "a.png", EPS), tmp_path / "ran"
    with pytest.raises(OSError), Image.open(path) as image:  # noqa: PT011
        image.load()
    assert ran.exists()
    ran.unlink()
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    assert refusal(path).startswith(f"{path}: is PostScript (EPS), not an image that is read; AVIF, BMP")
    assert not ran.exists()


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_named_with_the_reason(tmp_path, monkeypatch, what):
    monkeypatch.setattr(regular_files, "STEPS", 5_000)  # of 500,000
    reason, make = REFUSED[what]
    path = written(tmp_path / "a.png", make())
    assert refusal(path).startswith(f"{path}: {reason}")


@pytest.mark.parametrize("what", READABLE)
def test_pixels_are_read_whatever_stands_beside_them(tmp_path, what):
    content = READABLE[what]()
    picture = seen(written(tmp_path / "a.png", content))
    expected = read_rgb(written(tmp_path / "b.png", jpeg() if content.startswith(b"\xff\xd8") else png()))
    assert (np.asarray(picture.image) == expected).all()
    assert (picture.width, picture.height) == (24, 20)
    assert picture.notes == ("more is written beside its pixels than is read; it was left out",)


def test_how_a_picture_is_turned_is_known_though_other_parts_are_left_out(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    content = plain("JPEG", exif=exif)
    picture = seen(written(tmp_path / "a.jpg", content[:2] + segment(0xE5, bytes(65_000)) * 300 + content[2:]))
    assert (picture.width, picture.height) == (20, 24)
    assert (np.asarray(picture.image) == read_rgb(written(tmp_path / "b.jpg", content))).all()


@pytest.mark.parametrize(
    "content",
    [gif_frames(100_000), frames("WEBP", 300), frames("PNG", 300), frames("AVIF", 20), frames("TIFF", 300), tiff({})],
    ids=["gif", "webp", "apng", "avif", "tiff", "a circle of directories"],
)
def test_of_many_frames_one_is_read(tmp_path, content):
    assert seen(written(tmp_path / "a", content)).image.size in ((24, 20), (8, 8))


def test_every_format_of_the_accepted_suffixes_is_read_whatever_the_name(tmp_path):
    registered = Image.registered_extensions()
    kinds = {registered[suffix] for suffix in folder_tree.SUFFIXES}
    assert kinds == set(image_files.FORMATS)
    for kind in (*sorted(kinds), "MPO"):
        how = {"save_all": True, "append_images": [Image.new("RGB", (24, 20))]} if kind == "MPO" else {}
        assert read_rgb(written(tmp_path / "a.x", plain(kind, **how))).shape == (20, 24, 3), kind


def test_what_pillow_has_loaded_before_changes_nothing(tmp_path):
    """In a fresh process no other format is loaded, and pixels are what they are after all are."""
    script = (
        "import sys\nfrom study.data import images\nfrom PIL import Image\n"
        "from tests.support.hostile_images import plain\n"
        "def all():\n for kind in image_files.FORMATS:\n  open(sys.argv[1], 'wb').write(files[kind])\n"
        "  yield images.read_rgb(sys.argv[1]).tobytes()\n"
        "from study.data import image_files\nfiles = {kind: plain(kind) for kind in image_files.FORMATS}\n"
        "first = [*all()]\nassert 'PIL.EpsImagePlugin' not in sys.modules\nImage.init()\nassert first == [*all()]\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")], check=True, cwd=Path(__file__).parents[2])


def test_files_that_may_never_end_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "terminal.png").symlink_to("/dev/tty")
    (tmp_path / "folder.png").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path has a hundred letters at most
        server.bind("socket.png")
        os.chdir(here)
        for name in ("pipe", "zero", "terminal", "folder", "socket"):
            path = tmp_path / f"{name}.png"
            assert refusal(path) == f"{path}: is no file"
            with pytest.raises(OSError, match="is no file"):
                regular_files.text(path)
    (tmp_path / "link.png").symlink_to(written(tmp_path / "a.png", png()))
    assert read_rgb(tmp_path / "link.png").shape == (20, 24, 3)


def test_a_file_is_read_to_where_it_ended_when_it_was_opened(tmp_path):
    path = written(tmp_path / "a.txt", b"first")
    with regular_files.PlainFile(path, 100) as file:
        with path.open("ab") as end:
            end.write(b" and so on without end")
        assert file.read() == b"first"
    with pytest.raises(OSError, match="has 27 bytes; at most 26 are read"):
        regular_files.content(path, 26)


def test_a_file_that_is_cut_or_gone_while_it_is_read_is_named(tmp_path, monkeypatch):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8))
    noise.save(tmp_path / "a.bmp")
    whole, opened = Image.open, image_files.Image.open

    def cut(file, formats):
        image = opened(file, formats=formats)
        os.truncate(tmp_path / "a.bmp", 1000)
        return image

    monkeypatch.setattr(image_files.Image, "open", cut)
    assert "truncated" in refusal(tmp_path / "a.bmp")
    monkeypatch.setattr(image_files.Image, "open", whole)
    (tmp_path / "a.bmp").unlink()
    assert refusal(tmp_path / "a.bmp") == f"{tmp_path / 'a.bmp'}: No such file or directory"


def test_a_sparse_file_of_a_terabyte_is_refused_by_its_size(tmp_path):
    path = written(tmp_path / "a.bmp", plain("BMP"))
    os.truncate(path, 10**12)
    assert refusal(path) == f"{path}: has 1,000,000,000,000 bytes; at most 1,000,000,000 are read"


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "GIF"])
def test_a_picture_one_row_over_the_bound_is_refused_with_its_size(tmp_path, monkeypatch, kind):
    path = written(tmp_path / "a", plain(kind, (20, 11), "L" if kind == "GIF" else "RGB"))
    monkeypatch.setattr(image_files, "MOST_PIXELS", 20 * 10)
    assert refusal(path) == f"{path}: has 20 × 11 pixels; at most 200 are read"
    monkeypatch.setattr(image_files, "MOST_PIXELS", 20 * 11)
    assert read_rgb(path).shape == (11, 20, 3)


_MEMORY = """
import resource, sys
import numpy as np
from study.data import images, scan
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[2]), ) * 2)
pixels = images.decode(sys.argv[1], True, 32)
assert not isinstance(pixels, str), pixels
facts = scan._scan(sys.argv[1])[0]
assert not facts.problem, facts
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is counted as Linux does")
@pytest.mark.parametrize(("mode", "most"), [
    ("RGB", 110e6),  # 64 MB as Pillow has it
    ("RGBA", 250e6),  # and 64 MB with its alpha
    ("I;16", 250e6),
])  # fmt: skip
def test_a_picture_of_16_megapixels_takes_its_own_memory_and_hardly_more(tmp_path, mode, most):
    Image.new(mode, (4000, 4000)).save(tmp_path / "a", "PNG", compress_level=1)
    script = [sys.executable, "-c", _MEMORY, str(tmp_path / "a"), str(int(most))]
    done = subprocess.run(script, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr


def test_a_very_large_jpeg_is_reduced_and_any_other_picture_is_not(tmp_path, monkeypatch):
    path = written(tmp_path / "a.jpg", plain("JPEG", (200, 121), quality=95))
    whole = seen(path)
    monkeypatch.setattr(image_files, "_REDUCED", 200 * 121 - 1)
    half = seen(path)
    assert (whole.image.size, half.image.size) == ((200, 121), (100, 61))
    assert (half.width, half.height) == (200, 121)
    small = [images._crop(picture.image, None, True, 16).astype(int) for picture in (whole, half)]
    assert np.abs(small[0] - small[1]).mean() < 6
    monkeypatch.setattr(image_files, "_REDUCED", 200 * 121)
    assert seen(path).image.size == (200, 121)
    monkeypatch.setattr(image_files, "_REDUCED", 0)
    assert seen(written(tmp_path / "a.png", png())).image.size == (24, 20)


def test_threads_together_hold_no_more_pixels_than_there_is_room_for(monkeypatch):
    budget, most, held = image_files._PixelBudget(100), [0], [0]
    lock = threading.Lock()

    def take(pixels):
        with budget.take(pixels):
            with lock:
                held[0] += min(pixels, 100)
                most[0] = max(most[0], held[0])
            threading.Event().wait(0.001)
            with lock:
                held[0] -= min(pixels, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, [40, 70, 300, 20, 100, 1] * 10))
    assert 40 <= most[0] <= 100
    assert held[0] == 0


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_bands_of_a_picture_are_what_it_is_as_a_whole(tmp_path, monkeypatch, mode):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (31, 17, 4), np.uint8))
    image = (
        Image.fromarray(np.asarray(image)[..., 0].astype(np.uint16) * 200) if mode == "I;16" else image.convert(mode)
    )
    image.save(tmp_path / "a.tif")
    image.convert("P").save(tmp_path / "p.png", transparency=bytes(range(256))) if mode == "P" else None
    for path in tmp_path.iterdir():
        whole, digest = read_rgb(path), scan._scan(path)[0].same
        monkeypatch.setattr(pixels, "BAND", 17 * 3)
        assert (read_rgb(path) == whole).all()
        assert scan._scan(path)[0].same == digest
        monkeypatch.undo()


def test_pictures_are_opened_in_one_place_alone():
    root = Path(study.__file__).parent
    assert [path.name for path in root.rglob("*.py") if "Image.open(" in path.read_text()] == ["image_files.py"]
