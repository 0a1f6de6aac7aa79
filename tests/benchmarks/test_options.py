"""A mistake in a benchmark's command line is one line that names it and the choices, before any work."""

import pytest

from benchmarks import levers, scaling, study

MISTAKES = [
    (study, "--family nope", "unknown family 'nope'; one of"),
    (study, "--size 3", "images of 3 px are too small for family efficientnet_lite0; at least"),
    (study, "--only nope", "unknown workload 'nope'; one of feature_extraction"),
    (study, "--repeats 0", "--repeats: '0' must be a whole number, at least 1"),
    (study, "--repeats many", "--repeats: 'many' must be a whole number"),
    (study, "--json nowhere/f.json", "--json: nowhere/f.json: there is no folder nowhere"),
    (study, "--json text.json", "--json: text.json: is not JSON"),
    (study, "--json .", "--json: .: cannot be read"),
    (study, "--json other.json", "other.json has no figures of benchmarks.study"),
    (study, "--timeline t.xyz", "--timeline: t.xyz: is no picture's name; it ends in one of .png"),
    (study, "--timeline nowhere/t.png", "--timeline: nowhere/t.png: there is no folder nowhere"),
    (levers, "--repeats 0", "--repeats: '0' must be"),
    (levers, "--device cuda", "--device cuda: torch sees no GPU here; name --device cpu"),
    (levers, "--json text.json", "--json: text.json: is not JSON"),
    (levers, "--only nope", "--only: invalid choice: 'nope' (choose from"),
    (scaling, "--trials 19", "--trials: '19' must be a whole number, at least 20"),
    (scaling, "--json nowhere/f.json", "--json: nowhere/f.json: there is no folder nowhere"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "text.json").write_text("no figures")
    (tmp_path / "other.json").write_text('{"rows": []}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    return tmp_path


@pytest.mark.parametrize(("command", "line", "message"), MISTAKES, ids=lambda value: getattr(value, "__name__", value))
def test_a_mistake_is_one_line_and_exit_code_2(command, line, message, folder, capsys):
    before = sorted(folder.iterdir())
    try:
        code = command.main(line.split())
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith(f"{command.__name__}: ")
    assert message in said
    assert said.count("\n") == 1
    assert sorted(folder.iterdir()) == before
