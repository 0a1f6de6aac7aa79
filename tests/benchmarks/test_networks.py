"""What running networks costs is printed as tables of ratios, a line as soon as it is measured."""

import json

import pytest

from benchmarks import networks


def lines(capsys):
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]


def test_engines_and_layouts_of_a_small_network(tmp_path, capsys):
    file = tmp_path / "figures.json"
    words = "--networks small_cnn --sizes 16 --threads 1 --repeats 1 --only engines layouts --json"
    assert networks.main([*words.split(), str(file)]) == 0
    printed = lines(capsys)
    assert len(printed) == 6
    assert printed[2].startswith("| small_cnn | 16 | 1 | ")
    assert printed[5].startswith("| small_cnn | 16 | 1 | ")
    figures = json.loads(file.read_text())
    assert [len(figures[name]) for name in ("engines", "layouts")] == [1, 1]
    assert figures["engines"][0]["ratios"][0] > 0


def test_a_library_s_network_in_stages_is_compared_with_its_own_forward(capsys):
    assert networks.main(["--networks", "timm/test_vit", "--only", "replay", "--repeats", "1"]) == 0
    assert [line.split(" | ")[2] for line in lines(capsys)[2:]] == ["1", "64"]


def test_an_unknown_network_is_a_line(capsys):
    with pytest.raises(SystemExit) as raised:
        networks.main(["--networks", "resnet19"])
    assert raised.value.code == 2
    assert "unknown family 'resnet19'" in capsys.readouterr().err
