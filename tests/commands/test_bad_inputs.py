"""Bad inputs, one table by another: one clear line, the right exit code, and nothing of the user's changed."""

import importlib
import signal

import pytest

from tests.bad_inputs import CASES, Case
from tests.bad_inputs.case import tree


@pytest.fixture(autouse=True)
def no_start(monkeypatch):
    """Whatever is wrong is found before Ray starts."""
    began = AssertionError("the study began")
    monkeypatch.setattr("ray.init", lambda *args, **kwargs: (_ for _ in ()).throw(began))


@pytest.fixture(autouse=True)
def own_signals():
    """A command takes Ctrl-C over: give it back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def answer(case: Case) -> int:
    """Run a case's command here; its exit code."""
    package = case.module in ("analysis", "study.watch")
    main = importlib.import_module(f"{case.module}.__main__" if package else case.module).main
    try:
        return main(case.command)
    except SystemExit as ended:
        return ended.code


def apart(found: dict) -> dict:
    """Leave out who had the lock of a study last."""
    return {name: body for name, body in found.items() if name not in ("out/.lock", "out/.owner", "out/.watch.lock")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_input_is_one_clear_line_and_changes_nothing(case, tmp_path, monkeypatch, capsys):
    case.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value.format(here=tmp_path))
    before = apart(tree(tmp_path))
    code = answer(case)
    said = capsys.readouterr().err
    first, *more = said.splitlines() or [""]
    assert (code, case.said in said) == (case.code, True), said
    assert first.startswith(f"{case.module}: "), said
    assert [line for line in more if not line.startswith("  ")] == []
    assert "Traceback" not in said
    assert apart(tree(tmp_path)) == before


def test_the_table_is_long_and_its_cases_differ():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({(case.module, case.words, case.make, case.said, *case.environment.values()) for case in CASES}) == len(
        CASES
    )
