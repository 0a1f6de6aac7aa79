"""Files of a user's own: what is read, executed and refused, and what stays beside them."""

import dataclasses
import sys

import pytest

from study import plugins
from study.errors import UserError
from study.plugins import files, trusted
from study.storage import store


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    plugins.fix(())


def test_a_file_is_executed_once_and_anew_when_it_has_changed(here):
    (here / "mine.py").write_text("VALUE = [1]\n")
    first = plugins.module("task", "./mine.py")
    assert plugins.module("task", "./mine.py") is first
    before = plugins.code("task", "./mine.py").identity
    (here / "mine.py").write_text("VALUE = [2]\n")
    assert plugins.module("task", "./mine.py").VALUE == [2]
    assert plugins.code("task", "./mine.py").identity != before
    assert files.text(str(here / "mine.py")) == b"VALUE = [2]\n"


def test_nothing_is_left_beside_a_file(here):
    (here / "mine.py").write_text("")
    plugins.module("task", "mine.py")
    assert [path.name for path in here.iterdir()] == ["mine.py"]
    assert sys.dont_write_bytecode is False


def test_dataclasses_with_late_annotations_work_in_a_file(here):
    text = "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 3"
    (here / "mine.py").write_text(text)
    assert dataclasses.asdict(plugins.module("task", "mine.py").A()) == {"x": 3}


def test_a_fixed_text_stands_for_its_file_wherever_that_is(here):
    (here / "mine.py").write_text("VALUE = 1\n")
    code = plugins.code("task", "./mine.py")
    (here / "mine.py").unlink()
    with plugins.fixed([code]):
        made = plugins.module("task", "./mine.py")
        assert (made.VALUE, made.__file__) == (1, str(here / "mine.py"))
        assert plugins.code("task", "./mine.py") == code
    with pytest.raises(UserError, match="does not exist"):
        plugins.module("task", "./mine.py")


@pytest.mark.parametrize(("text", "message"), [
    ("1\n1 / 0\n", "family file 'mine.py' fails in line 2: ZeroDivisionError: division by zero"),
    ("def f():\n    g()\nf()\n", "fails in line 2: NameError"),
    ("SPACE = (\n", "fails in line 1: SyntaxError: '(' was never closed"),
    ("raise SystemExit(3)", "fails in line 1: SystemExit: 3"),
    ("import nowhere_to_be", "fails in line 1: ModuleNotFoundError"),
    ("\0", "fails: SyntaxError"),
])  # fmt: skip
def test_an_error_of_a_file_is_a_line(here, text, message):
    (here / "mine.py").write_text(text)
    before = set(sys.modules)
    with pytest.raises(UserError, match=message.replace("(", r"\(")):
        plugins.module("family", "mine.py")
    assert {name for name in set(sys.modules) - before if name.startswith(files.PREFIX)} == set()


def test_what_is_no_file_is_named_with_the_nearest(here):
    (here / "mynet.py").write_text("")
    (here / "folder.py").mkdir()
    (here / "large.py").write_bytes(b"#" * (files.MOST + 1))
    for name, message in {
        "mynt.py": "family file 'mynt.py' does not exist; the nearest: mynet.py",
        "nowhere/other.py": "family file 'nowhere/other.py' does not exist in ",
        "folder.py": "family file 'folder.py' is a folder; name a .py file",
        "large.py": "family file 'large.py' has 1,000,001 bytes; at most 1,000,000",
    }.items():
        with pytest.raises(UserError) as refused:
            plugins.code("family", name)
        assert str(refused.value).startswith(message)


def test_a_file_that_imports_its_neighbour_is_refused_each_time(here, monkeypatch):
    (here / "neighbour_of_mine.py").write_text("")
    (here / "mine.py").write_text("import neighbour_of_mine\n")
    monkeypatch.syspath_prepend(str(here))
    for _ in range(2):
        with pytest.raises(UserError, match=r"family file 'mine.py' imports neighbour_of_mine.py beside it"):
            plugins.module("family", "mine.py")


def test_a_second_name_of_a_module_is_no_neighbour(here, monkeypatch):
    """Whatever first imports multiprocessing gives `__main__` another name, which lies in a clone's root, say."""
    (here / "main_of_mine.py").write_text("")
    monkeypatch.syspath_prepend(str(here))
    import main_of_mine  # type: ignore[import-not-found]

    (here / "mine.py").write_text("import sys\nsys.modules['__another_main__'] = sys.modules['main_of_mine']\n")
    assert plugins.module("family", "mine.py")
    assert sys.modules.pop("__another_main__") is sys.modules.pop("main_of_mine") is main_of_mine


@pytest.mark.parametrize(("name", "parts"), [
    ("animals/animal/canines", ("animals", "animal/canines")),
    ("./a/mine.py/animal/canines", ("./a/mine.py", "animal/canines")),
    ("a/mine.py", ("a/mine.py", "")),
    ("gtsrb", ("gtsrb", "")),
])  # fmt: skip
def test_the_path_of_a_level_is_split_off(name, parts):
    assert files.split(name) == parts


def test_files_that_were_used_are_remembered_by_their_text(here, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(here / "store"))
    (here / "mine.py").write_text("")
    code = plugins.code("family", "mine.py")
    assert not trusted.remembered(code.identity)
    trusted.remember([code])
    assert trusted.remembered(code.identity)
    assert store.root() == here / "store"
