"""Tests that the documents name exist, and each promise has one that CI runs."""

import ast
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_each_test_that_a_page_names_is_there(page):
    text = (ROOT / "docs" / page).read_text()
    absent = [f"{file}::{name}" for file, name in NAMED.findall(text) if f"def {name}(" not in _read(ROOT / file)]
    assert absent == []


def promises():
    """The number of each promise, and what is written of its tests."""
    return re.findall(r"^\| (\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "reliability.md").read_text(), re.MULTILINE)


def test_the_promises_are_all_there_each_with_a_test():
    rows = promises()
    assert [number for number, _ in rows] == [str(number) for number in range(1, 27)]
    assert [number for number, tests in rows if not NAMED.search(tests) and "the same" not in tests] == []


def test_each_promise_has_a_test_that_ci_runs():
    script = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^step python -m pytest (?!.*-m )", script, re.MULTILINE)
    assert re.search(r"^step python -m pytest .*-m \"slow and not nightly\"$", script, re.MULTILINE)
    left, before = [], []
    for number, tests in promises():
        named = [*NAMED.findall(tests), *(before if "the same" in tests else ())]
        if all("nightly" in marks(_read(ROOT / file), name) for file, name in named):
            left.append(number)
        before = named
    assert left == []


MARKED = """
pytestmark = {module}

@pytest.mark.parametrize("a", [1, pytest.param(2, marks=pytest.mark.nightly)])
def test_some_of(a): ...

@pytest.mark.parametrize("a", [
    pytest.param(1, marks=[pytest.mark.nightly]),
    pytest.param(2, marks=pytest.mark.nightly),
])
def test_all_of(a): ...

@pytest.mark.slow
@pytest.mark.nightly
def test_marked(): ...

@pytest.mark.skipif(True, reason="")
def test_other(): ...
"""


def test_marks_are_read_where_pytest_reads_them():
    text = MARKED.format(module="[]")
    assert [marks(text, f"test_{name}") for name in ("some_of", "all_of", "marked", "other")] == [
        {"parametrize"},
        {"parametrize", "nightly"},
        {"slow", "nightly"},
        {"skipif"},
    ]
    for module in ("pytest.mark.nightly", "[pytest.mark.slow, pytest.mark.nightly]"):
        assert "nightly" in marks(MARKED.format(module=module), "test_other")


def marks(text, name):
    """The marks of a test, its module's among them; a mark that all of its parameters have is its own."""
    tree, found = ast.parse(text).body, set()
    for node in tree:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            found |= _marks_in(node.value)
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for decorator in node.decorator_list:
                found |= _named(decorator) | _of_all_parameters(decorator)
    return found


def _named(node):
    """The mark that a decorator is."""
    return set(re.findall(r"^pytest\.mark\.(\w+)", ast.unparse(node)))


def _marks_in(node):
    """All marks that an expression names."""
    return set(re.findall(r"pytest\.mark\.(\w+)", ast.unparse(node)))


def _of_all_parameters(decorator):
    values = decorator.args[1:2] if isinstance(decorator, ast.Call) else []
    each = [_marks_in(value) for value in getattr(values[0], "elts", [])] if values else []
    return set.intersection(*each) if each else set()


def _read(path):
    return path.read_text() if path.exists() else ""


FILES = re.compile(r"`((?:study|analysis|tests|benchmarks|search_spaces|deploy|docs)/[\w/.*-]+)")
DOTTED = re.compile(r"`((?:study|analysis|benchmarks|tests)(?:\.(?!py\b|json\b)\w+)+)")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_each_file_that_a_document_names_is_there():
    named = [(page.name, match) for page in PAGES for match in FILES.findall(page.read_text())]
    assert len(named) > 50
    assert [(page, name) for page, name in named if not list(ROOT.glob(name.rstrip("/.")))] == []


def test_each_module_and_attribute_that_a_document_names_is_there():
    named = {(page.name, match) for page in PAGES for match in DOTTED.findall(page.read_text())}
    assert len(named) > 15
    assert [(page, name) for page, name in sorted(named) if not resolves(name)] == []


def resolves(name):
    try:
        return pkgutil.resolve_name(name) is not None
    except (ImportError, AttributeError):
        return False


def test_packages_ship_the_files_that_they_read():
    """`package-data` names folders of files that are no Python; each pattern has some."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    patterns = [(package, pattern) for package, each in data.items() for pattern in each]
    assert [each for each in patterns if not list((ROOT / each[0].replace(".", "/")).glob(each[1]))] == []
    shipped = {path for package, pattern in patterns for path in (ROOT / package.replace(".", "/")).glob(pattern)}
    others = {
        path for name in ("study", "analysis") for path in (ROOT / name).rglob("*.*") if path.suffix in (".j2", ".js")
    }
    assert shipped == others
