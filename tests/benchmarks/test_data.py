"""The files that the benchmark draws are a GTSRB folder, and the links are just what ours trains and validates on."""

import pytest

from benchmarks import _data
from study.data import prepare
from study.data.splits import SplitOptions
from study.data.tasks import _gtsrb_signs, gtsrb


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    _data.write(folder, tracks=2, frames=1, size=8)
    return folder


def test_layout(images):
    source = gtsrb.read(images, "roi")
    assert len(source.splits["train"].paths) == 2 * len(_gtsrb_signs.SIGNS)
    assert len(source.splits["test"].paths) == len(_gtsrb_signs.SIGNS)


def test_links_are_the_splits(images, tmp_path):
    _data.link(tmp_path, images, 8, 0.5, seed=3)
    opened = prepare.open_data(prepare.prepare("gtsrb", images, 8, None), SplitOptions(0.5), 3, 3, sealed=True)
    paths = gtsrb.read(images, "roi").splits["train"].paths
    for name, split in {"train": opened.train, "val": opened.val}.items():
        linked = {str(path.resolve()) for path in (tmp_path / name).glob("*/*.ppm")}
        assert linked == {paths[row] for row in split.index}
