"""Entry points of installed distributions: found, identified, listed and refused."""

import pytest

from study import backbones, plugins
from study.cli import catalogue
from study.data import tasks
from study.errors import UserError
from study.models import families
from study.pretraining import pretexts
from tests.support import own_code

POINTS = """
    [transfer_study.families]
    mynet = mynets.family
    resnet18 = mynets.family
    broken = mynets.broken
    object = mynets.family:FAMILY
    [transfer_study.tasks]
    mytask = mynets.task
    [transfer_study.pretexts]
    mypretext = mynets.pretext
    [transfer_study.spaces]
    myspace = mynets.space
    mybroken = mynets.broken
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    own_code.distribution(tmp_path, POINTS, monkeypatch, broken="1 / 0\n", **own_code.MEMBERS)
    for name in ("", *(f".{module}" for module in ("broken", *own_code.MEMBERS))):
        monkeypatch.delitem(__import__("sys").modules, f"mynets{name}", raising=False)
    return tmp_path / "mynets"


@pytest.mark.usefixtures("installed")
def test_each_kind_is_loaded_by_its_name():
    assert families.load("mynet").features == 16
    assert tasks.load("mytask").METRIC == tasks.load("pets").METRIC
    assert pretexts.load("mypretext").LABELS is False
    assert len(catalogue.load("myspace").cells()) == 2


def test_the_identity_has_the_version_and_the_code(installed):
    before = families.versions("mynet")
    assert before["family code"].startswith("mynets 1.0, sha256:")
    assert tasks.versions("mytask/level").keys() == {"task code"}
    assert tasks.versions("pets") == pretexts.versions("rotation") == families.versions("resnet18") == {}
    (installed / "helper.py").write_text("")
    plugins.installed._hash.cache_clear()
    assert families.versions("mynet") != before


@pytest.mark.usefixtures("installed")
def test_the_package_has_its_names_itself_and_lists_say_so(capsys):
    assert len(families.load("resnet18").stages) == 4
    assert backbones.main(["[mr]*[t1][8]"]) == 0
    assert "resnet18 (the package's own; that of mynets 1.0 is hidden)" in capsys.readouterr().out.splitlines()
    assert backbones.main(["myn*"]) == 0
    assert capsys.readouterr().out == "mynet (of mynets 1.0)\n"


@pytest.mark.usefixtures("installed")
def test_spaces_are_listed_with_their_distribution():
    known = catalogue.known()
    assert known["myspace"] == "A question? (of mynets 1.0)"
    assert known["mybroken"].startswith("cannot be loaded: space 'mybroken' of mynets 1.0 fails: ZeroDivisionError")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("name", "message"), [
    ("broken", "family 'broken' of mynets 1.0 fails: ZeroDivisionError: division by zero"),
    ("object", "family 'object' of mynets 1.0 must be a module, and 'mynets.family:FAMILY' is a Family"),
    ("mynett", "unknown family 'mynett'; one of efficientnet_lite0, "),
])  # fmt: skip
def test_a_fault_names_the_distribution_where_it_is_used(name, message):
    with pytest.raises(UserError) as refused:
        families.load(name)
    assert str(refused.value).startswith(message)


def test_a_name_of_two_distributions_is_refused(installed, tmp_path, monkeypatch):
    point = "[transfer_study.families]\nmynet = others.family\n"
    own_code.distribution(tmp_path / "second", point, monkeypatch, name="others", version="2.1", family="")
    with pytest.raises(UserError, match=r"family 'mynet' is an entry point of others 2.1 and mynets 1.0"):
        families.load("mynet")


def test_another_version_is_refused(installed, tmp_path, monkeypatch):
    code = plugins.code("family", "mynet")
    plugins.refuse_other([code])
    with pytest.raises(UserError, match=r"family mynet is mynets 1.0, sha256:\w+, not mynets 0.9"):
        plugins.refuse_other([code._replace(identity="mynets 0.9, sha256:0")])
    with pytest.raises(UserError, match=r"family gone is not installed here, not mynets 1.0"):
        plugins.refuse_other([code._replace(name="gone")])
