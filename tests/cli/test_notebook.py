"""In a notebook the progress is one line that is replaced; elsewhere there is none."""

import sys
from types import SimpleNamespace

from study.cli import notebook


def test_outside_of_a_notebook_there_is_no_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert notebook.line() is None
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert notebook.line() is None
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))  # a terminal's
    assert notebook.line() is None


def test_the_line_of_a_cell_is_replaced(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=lambda *_, **__: handle))
    replace = notebook.line()
    replace("1 of 2 trials done")
    replace("2 of 2 trials done")
    assert shown == ["1 of 2 trials done", "2 of 2 trials done"]
