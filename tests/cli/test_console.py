"""What commands print of names that are markup, terminal escape codes, no UTF-8 or too long."""

import importlib
import io
import os
import subprocess
import sys

import pytest
from rich.table import Table

from study import predict, run
from study.cli import messages, options
from study.cli.console import Console
from tests.support.own_images import folders, picture, table

MARKUP = "([a-z]+) [old] [/b] :smile:"
ESCAPES, SHOWN = "\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"
NOT_UTF8 = os.fsdecode(b"caf\xe9")
STOPPED = """
import sys
from study import predict
class Finder:
    def find_spec(name, *more):
        if name == "study.cli.best_model":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
sys.exit(predict.main(["model", "a.jpg"]))
"""


def printed(*things: object) -> str:
    file = io.StringIO()
    Console(width=120, file=file).print(*things)
    return file.getvalue()


def command(*words: object) -> subprocess.CompletedProcess:
    """Run `study.run` where output is strict UTF-8."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    words = sys.executable, "-m", "study.run", *map(str, words)
    return subprocess.run(words, env=environment, capture_output=True, encoding="utf-8", errors="strict")


@pytest.mark.parametrize(("name", "shown"), [(MARKUP, MARKUP), (ESCAPES, SHOWN), ("a\nb", "a\nb")])
def test_names_are_printed_as_they_are_and_move_no_terminal(name, shown):
    cells = Table(name, box=None)
    cells.add_row(name)
    assert printed(name) == f"{shown}\n"
    assert [line.strip() for line in printed(cells).splitlines()] == shown.split("\n") * 2


def test_the_command_to_go_on_keeps_its_brackets(monkeypatch):
    words = ["python", "-m", "study.run", "--data", "plain [old]", "--set", r"group_pattern=([a-z]+\d+)_"]
    monkeypatch.setattr(sys, "orig_argv", words)
    said = printed(messages.again()).replace("\n", "")
    assert said == r"python -m study.run --data 'plain [old]' --set 'group_pattern=([a-z]+\d+)_' --resume"


def test_a_run_prints_names_so(capsys):
    run._console().print(f"wrote {MARKUP}", soft_wrap=True)
    assert capsys.readouterr().out == f"wrote {MARKUP}\n"


def test_an_inspection_shows_any_name(tmp_path):
    place = folders(tmp_path, {f"train/{name}": 3 for name in (ESCAPES, NOT_UTF8, "[red]")})
    picture(place / "train" / NOT_UTF8 / f"{NOT_UTF8}.png", 1, wide=90)
    said = command("--space", "folder", "--data", place, "--inspect")
    assert said.returncode == 2  # for that class's name, which no card can say
    assert r"names that are not UTF-8; rename them:" in said.stderr
    assert r"caf\udce9" in said.stderr
    names = [line.split()[0] for line in said.stdout.splitlines()]
    assert {SHOWN, r"caf\udce9", "[red]"} <= set(names)
    assert "\x1b" not in said.stdout


def test_an_error_shows_any_name(tmp_path):
    (tmp_path / ESCAPES).mkdir()
    said = command("--space", "folder", "--data", tmp_path / ESCAPES, "--inspect")
    assert (said.returncode, said.stderr.count("\n")) == (2, 1)
    assert SHOWN in said.stderr


@pytest.mark.parametrize("option", ["--data", "--out", "--space"])
def test_a_command_that_cannot_be_kept_is_refused(option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        options.parse(["--space", "folder", option, NOT_UTF8])
    said = capsys.readouterr().err
    assert said.startswith(r"study.run: caf\udce9: is not UTF-8")
    assert said.count("\n") == 1


@pytest.mark.parametrize("option", ["--data", "--out", "--source-data"])
@pytest.mark.parametrize("end", ["", ".csv"])
def test_a_name_that_no_disk_takes_is_a_mistake(option, end, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = "x" * 300 + end
    assert run.main(["--space", "gtsrb", option, name]) == 2
    said = capsys.readouterr().err
    assert name in said
    assert "too long for the disk" in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_so_it_is_in_a_table_and_in_place_of_a_study(tmp_path, capsys):
    picture(tmp_path / "a.png", 1)
    labels, name = table(tmp_path, f"path,label\na.png,a\n{'x' * 300}.png,b\n"), "x" * 300
    assert run.main(["--space", "folder", "--data", str(labels), "--inspect"]) == 2
    assert predict.main([name, "a.jpg"]) == 2
    assert capsys.readouterr().err.count("too long for the disk: ") == 2


def test_a_stop_while_predict_imports_is_one_line():
    """Python cannot be interrupted at a certain import from the outside: a finder does it from the inside."""
    told = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (75, "study.predict: interrupted; no file was written\n")


@pytest.mark.parametrize(
    "module", ["study.run", "study.predict", "study.inspect", "study.watch.__main__", "analysis.__main__"]
)
def test_no_character_ends_a_command(module, monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), "ascii", "strict"))
    with pytest.raises(SystemExit, match="2"):
        importlib.import_module(module).main(["--wrong"])
    for stream in (sys.stdout, sys.stderr):
        print(f"…{NOT_UTF8}", file=stream, flush=True)
        assert stream.buffer.getvalue().endswith(b"\\u2026caf\\udce9\n")
