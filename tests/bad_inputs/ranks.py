"""Networks that cannot be ranked, and images that they cannot be ranked on."""

from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs.case import Case, nothing
from tests.support import own_images


def _rank(name: str, said: str, words: str, make: Callable[[Path], object] = nothing, code: int = 2) -> Case:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": "{here}"}
    return Case(name, words, code, said, make, "study.rank", offline)


def _few(here: Path) -> None:
    own_images.folders(here / "data", {f"{split}/{name}": 4 for split in ("train", "test") for name in ("cat", "dog")})


OWN = "--data data --image-size 16 --families small_cnn@none"
PETS = "--task pets --image-size 16"
CASES = [
    _rank("networks of no name", "--families: '@none' names no network", f"{PETS} --families @none"),
    _rank("no networks", "--families is missing", f"{PETS} --families ,"),
    _rank("a family that is none", "unknown family 'resnet19'; one of", f"{PETS} --families resnet19"),
    _rank("a network that is none", "the nearest: ", f"{PETS} --families timm/resnet_19"),
    _rank("a network twice", "small_cnn is named twice", f"{PETS} --families small_cnn@none,small_cnn@none"),
    _rank("weights that a ranked network lacks", "unknown weights 'pretrained'", f"{PETS} --families small_cnn"),
    _rank("no file of ranked weights", "no.pt: no such file", f"{PETS} --families small_cnn@no.pt"),
    _rank(
        "ranked weights that are not here, and no network",
        "or leave timm/resnet18 out of --families",
        f"{PETS} --families small_cnn@none,timm/resnet18",
    ),
    _rank("weights to be trained first", "are trained first", f"{PETS} --families small_cnn@rotation:gtsrb"),
    _rank("a size for none", "are too small for family", "--task pets --image-size 8 --families resnet18@none"),
    _rank("labels above all", "label_fraction", f"{PETS} --labels 1.5 --families small_cnn@none"),
    _rank("no images to rank on", "--data is missing", "--families small_cnn@none"),
    _rank("images to rank on nowhere", "--data no: no such folder", "--data no --families small_cnn@none"),
    _rank("a task that is none", "unknown task 'cats'; one of", "--task cats --families small_cnn@none"),
    _rank(
        "a folder where a ranking is to be written",
        "--json: . is a folder",
        f"{PETS} --json . --families small_cnn@none",
    ),
    _rank("no threads", "--cpus 0: this machine has", f"{PETS} --cpus 0 --families small_cnn@none"),
    _rank(
        "an unknown hyperparameter of a rank", "unknown hyperparameter", f"{PETS} --set a=1 --families small_cnn@none"
    ),
    _rank(
        "too few images for folds",
        "cross-validation in 5 folds",
        "--data data --image-size 16 --families small_cnn@none",
        _few,
    ),
    _rank(
        "a rank of images without a class",
        "data",
        "--data data --families small_cnn@none",
        lambda here: (here / "data").mkdir(),
    ),
]
