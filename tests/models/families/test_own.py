"""Families of a user's own: what they may be, and how one that breaks the contract is refused."""

from types import SimpleNamespace

import pytest
import torch

from study.errors import UserError
from study.models import families
from study.pretraining import sources
from study.pretraining.initial_weights import InitialWeights
from study.space.config import config
from study.training.trial import CacheSettings, cache_of
from tests.support import own_code

SIZE = 16


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "mynet.py").write_text


def tried() -> families.Family:
    family = families.check("./mynet.py", "none", SIZE)
    families.try_out("./mynet.py", family, SIZE)
    return family


def test_the_family_of_the_page_is_one(write):
    write(own_code.FAMILY)
    family = tried()
    stages, head = family.backbone("none")
    assert (len(stages), head, family.weights) == (2, None, ("none",))
    net = families.build("./mynet.py", "none", 3)
    assert net(torch.zeros(4, 3, SIZE, SIZE)).shape == (4, 3)


def test_a_function_makes_a_family_with_options(write):
    write(own_code.changed(("FAMILY = Family(", "def family(stem=None):\n  return Family(")))
    assert families.options("./mynet.py") == ("stem",)
    trial = config({"task": "pets", "family": "./mynet.py", "stem": "small", "image_size": SIZE})
    assert families.of(trial).features == 16
    with pytest.raises(UserError, match=r"encoder 'resnet18' is not read by family './mynet.py'"):
        families.options_of(config({"task": "pets", "family": "./mynet.py", "encoder": "resnet18"}))


def test_a_network_that_needs_numbers_is_tried_with_numbers(write):
    write(own_code.changed(("    return [first", "    float(first[0].weight.detach().sum())\n    return [first")))
    before = torch.get_rng_state()
    tried()
    assert torch.equal(torch.get_rng_state(), before)


FAULTS = {
    "no family": ([(own_code.FAMILY, "x = 1\n")], "has neither FAMILY = Family(…) nor a function family"),
    "a number": ([(own_code.FAMILY, "FAMILY = 3\n")], "FAMILY is of type int and must be a Family"),
    "a stage less": ([("[first, second]", "[first]")], "backbone returns 1 stages, and the family names 2"),
    "other features": ([("features=16", "features=17")], "its last stage gives (2, 16) and must give (2, 17)"),
    "no flattening": ([(", nn.Flatten()", "")], "its last stage gives (2, 16, 1, 1) and must give (2, 16)"),
    "no head": ([("second], None", "second]")], "backbone must return a list of stages, and a head or None"),
    "another head": ([("second], None", "second], nn.ReLU()")], "backbone returns a ReLU as its head; an nn.Linear"),
    "a function": ([("[first, second]", "[first, len]")], "returns a builtin_function_or_method where a stage belongs"),
    "a shared layer": ([("[first, second]", "[first, nn.Sequential(first, second)]")], "of stage 2 is in stage 1 too"),
    "other channels": ([("Conv2d(8, 16", "Conv2d(9, 16")], "stage 2, with images of 16 px, fails: RuntimeError"),
    "a list": ([("nn.ReLU())\n", "nn.ReLU(), Lists())\n"), ("def backbone", "class Lists(nn.Module):\n    forward = "
               "lambda self, x: [x]\n\n\ndef backbone")], "stage 1 gives a list; a tensor, or a tuple of tensors"),
    "an error": ([("    first =", "    lost()\n    first =")], "fails in line 9: NameError: name 'lost' is not"),
    "a text": ([("min_size=8", "min_size='8'")], "min_size '8' must be a number of pixels from 1"),
    "no none": ([('("none",)', '("imagenet",)')], 'must be a tuple of texts with "none" among them'),
    "a std of 0": ([("0.25, 0.25)", "0.25, 0.0)")], "must be three numbers above 0"),
    "a text for stages": ([("one of 16, pooling", "one of 16"), ('("a convolution of 8", "one of 16")', '"two"')],
                          "stages 'two' must be a tuple of texts"),
    "an odd option": ([("FAMILY = Family(", "def family(speed=1):\n  return Family(")], "'speed' of its function"),
    "no default": ([("FAMILY = Family(", "def family(stem):\n  return Family(")], "'stem' of its function"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_family_that_breaks_the_contract_is_refused_in_a_line(write, fault):
    changes, message = FAULTS[fault]
    write(own_code.changed(*changes))
    with pytest.raises(UserError) as refused:
        tried()
    text = str(refused.value)
    assert message in text
    assert text.startswith("family ./mynet.py")
    assert "\n" not in text


def test_a_network_is_tried_once_for_each_version_of_its_file(write, monkeypatch):
    from study.models.families import _own

    write(own_code.FAMILY + "# tried once\n")
    built = []
    monkeypatch.setattr(_own, "_build", lambda *arguments: built.append(arguments[0]))
    for _ in range(2):
        tried()
    assert built == ["family ./mynet.py"]
    write(own_code.FAMILY + "# and again\n")
    tried()
    assert len(built) == 2


def test_kept_features_and_first_weights_are_keyed_by_the_files_text(write):
    trial, data = (
        config({"task": "pets", "family": "./mynet.py"}),
        SimpleNamespace(key="images", train=SimpleNamespace(images=[])),
    )
    keys = []
    for text in (own_code.FAMILY, own_code.FAMILY + "# changed\n"):
        write(text)
        cache = cache_of(trial, data, CacheSettings(1, False, "code"))
        source = sources.source("rotation", {"rotation": {"epochs": 1}}, trial)
        start = InitialWeights(source, SimpleNamespace(fingerprint="images"), 0)
        keys.append((cache.dependencies["family code"], start.key["own_code"]["family code"]))
    assert keys[0] != keys[1]
    assert [first == second for first, second in keys] == [True, True]
