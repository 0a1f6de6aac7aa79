"""What depends on where a file of this project lies points at something: a moved file would leave it empty."""

import hashlib
from pathlib import Path

from analysis.report import pages
from study.backend import working_tree
from study.data import images, prepare, tasks
from study.pretraining import initial_weights
from study.storage import study_folder

ROOT = Path(__file__).parents[1]


def test_the_fingerprint_of_the_code_is_of_the_whole_package():
    package = ROOT / "study"
    files = sorted(package.rglob("*.py"))
    assert len(files) > 150
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        digest.update(str(path.relative_to(package)).encode() + path.read_bytes())
    assert study_folder.code_fingerprint.__wrapped__() == digest.hexdigest()


def test_weights_depend_on_the_code_that_trains_them():
    names = {str(path.relative_to(ROOT)) for path in initial_weights.code_files()}
    assert all((ROOT / name).is_file() for name in names)
    for name in ("training/loop.py", "models/net.py", "models/families/resnet18.py", "data/splits.py", "seeds.py"):
        assert f"study/{name}" in names
    assert {"study/pretraining/train.py", "study/pretraining/epochs.py"} <= names
    for entry in initial_weights.CODE:
        assert any(name.startswith(f"study/{entry}") for name in names), entry


def test_decoded_pixels_depend_on_the_code_that_decodes_and_draws_them(monkeypatch):
    read = []
    monkeypatch.setattr(prepare.store, "checksum_of", lambda content: read.append(content) or "")
    prepare._code(tasks.load("gtsrb"))
    for name in ("images.py", "image_files.py", "pixels.py", "arrays.py", "types.py", "own_images.py"):
        assert (ROOT / "study" / "data" / name).read_bytes() in read[0], name
    for name in ("gtsrb.py", "rendered.py", "_gtsrb_signs.py", "_drawing.py"):
        assert (ROOT / "study" / "data" / "tasks" / name).read_bytes() in read[0], name
    assert {Path(file).name for file in images.FILES} >= {"images.py", "image_files.py", "regular_files.py"}


def test_the_working_tree_and_the_templates_are_this_project_s():
    assert working_tree.ROOT == ROOT
    assert (working_tree.ROOT / "pyproject.toml").is_file()
    names = ("beside", "inspection", "inspection_style", "parts", "report")
    assert {path.name for path in pages.HERE.glob("*.j2")} == {f"{name}.html.j2" for name in names}
    assert (pages.HERE / "sort.js").is_file()
