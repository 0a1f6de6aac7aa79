"""Text files are UTF-8, whatever the locale says: a study that one machine wrote is read on any other."""

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for package in ("study", "analysis", "search_spaces") for path in (ROOT / package).rglob("*.py"))
TEXT = {"read_text": 0, "write_text": 1, "open": 9, "fdopen": 9, "TextIOWrapper": 1}
"""Functions that open text → the place of their encoding among what is given without a name."""
OTHERS = ("Image", "os", "tarfile", "zipfile", "urllib", "request", "opener", "system")
"""Whose `open` is none of a text file."""


def name_of(call: ast.Call) -> tuple[str, str]:
    """Give the name of a called function, and what it is called on."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr, ast.unparse(call.func.value)
    return getattr(call.func, "id", ""), ""


def mode_of(call: ast.Call, owner: str) -> str:
    """Give the mode with which a file is opened."""
    place = call.args[0 if owner and owner != "os" else 1 :][:1]
    modes = [*place, *(key.value for key in call.keywords if key.arg == "mode")]
    return ast.unparse(modes[0]) if modes else "r"


def without_encoding(path: Path) -> list[str]:
    """List the calls of a file that open text and leave its encoding to the locale."""
    lines = []
    for call in (each for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(each, ast.Call)):
        name, owner = name_of(call)
        if name not in TEXT or (name == "open" and owner.rpartition(".")[2] in OTHERS):
            continue
        binary = name in ("open", "fdopen") and "b" in mode_of(call, owner)
        named = "encoding" in {key.arg for key in call.keywords} or len(call.args) > TEXT[name]
        if not binary and not named:
            lines.append(f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)[:60]}")
    return lines


def test_every_text_file_names_its_encoding():
    assert len(SOURCES) > 100
    assert [line for path in SOURCES for line in without_encoding(path)] == []


def test_a_command_reads_and_writes_utf8_under_every_locale(tmp_path):
    """Python knows ASCII alone here; the process starts itself anew."""
    labels = tmp_path / "Bilder für alle.csv"
    labels.write_text("path,label\nkätzchen.png,a\n", encoding="utf-8")
    command = [sys.executable, "-m", "study.run", "--space", "folder", "--data", labels.name, "--inspect"]
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **locale}, capture_output=True, check=False)
    assert (done.returncode, b"line 2: no file k\\xe4tzchen.png" in done.stderr) == (2, True), done.stderr
