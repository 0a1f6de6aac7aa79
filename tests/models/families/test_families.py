"""Every family in the folder, with each of its options; a new one is picked up by its file."""

import re
import subprocess
import sys

import pytest

from study.errors import UserError
from study.models import families
from tests.models.families import conformance

ENCODERS = [name for name in families.names() if "encoder" not in families.options(name)]
CHOICES = {"encoder": ENCODERS, "stem": ["standard", "small"]}
CASES = [
    (name, dict(zip(families.options(name), values, strict=True)))
    for name in families.names()
    for values in ([(choice,) for option in families.options(name) for choice in CHOICES[option]] or [()])
]


LIKE_OTHERS = {"efficientnet_lite1", "efficientnet_lite2"}
"""Families that differ from another one in numbers alone."""


def _case(name: str, options: dict[str, str]):
    marks = [pytest.mark.slow] if LIKE_OTHERS & {name, *options.values()} else []
    return pytest.param((name, options), marks=marks, id="-".join((name, *options.values())))


@pytest.fixture(scope="module", params=[_case(*case) for case in CASES])
def made(request):
    name, options = request.param
    return conformance.make(name, **options)


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
def test_conformance(made, check):
    check(made)


def test_an_unknown_family_is_refused_with_the_choices():
    with pytest.raises(UserError, match=f"'vgg'; one of {', '.join(families.names())}"):
        families.load("vgg")


def test_options_are_what_a_module_reads():
    read = {name: families.options(name) for name in families.names()}
    assert {name: options for name, options in read.items() if options} == {
        "meta_extractor": ("encoder",),
        "mobilenet_v3_large": ("stem",),
        "parallel_net": ("encoder",),
    }


@pytest.mark.parametrize(("name", "options", "text"), [
    ("resnet18", {"stem": "small"}, "stem 'small' is not read by family resnet18; it reads no option"),
    ("meta_extractor", {"stem": "small"}, "stem 'small' is not read by family meta_extractor; it reads encoder"),
    ("mobilenet_v3_large", {"stem": "tiny"},
     "unknown stem 'tiny' of family mobilenet_v3_large; one of standard, small"),
    *[(name, {"encoder": encoder}, f"unknown encoder '{encoder}' of family {name}; one of {', '.join(ENCODERS)}")
      for name in ("meta_extractor", "parallel_net") for encoder in ("meta_extractor", "parallel_net", "vgg")],
])  # fmt: skip
def test_wrong_options_are_refused_with_the_choices(name, options, text):
    for make in (families.load, lambda family, **settings: families.build(family, "none", 7, **settings)):
        with pytest.raises(UserError, match=re.escape(text)):
            make(name, **options)


@pytest.mark.parametrize("name", families.names())
def test_an_option_of_none_is_the_familys_own_choice(name):
    chosen, own = families.load(name, **dict.fromkeys(CHOICES)), families.load(name)
    assert (chosen.stages, chosen.features, chosen.min_size) == (own.stages, own.features, own.min_size)


def test_finding_families_imports_no_torch():
    code = "import sys; from study.models import families; [families.load(name) for name in families.names()]"
    packages = "{'torch', 'torchvision', 'timm', 'pytorchcv'}"
    subprocess.run([sys.executable, "-c", f"{code}; assert not {packages} & set(sys.modules)"], check=True)
