"""`python -m study.backbones`: lists networks, describes one, and names the nearest where there is none."""

import pytest

from study import backbones

pytest.importorskip("timm")


def lines(capsys, pattern: str) -> list[str]:
    assert backbones.main([pattern]) == 0
    return capsys.readouterr().out.splitlines()


def test_names_that_match_are_listed(capsys):
    assert lines(capsys, "timm/test_vit") != []
    assert "timm/test_vit" in lines(capsys, "timm/test_v*")
    assert {"resnet18", "timm/resnet18", "torchvision/resnet18"} <= {*lines(capsys, "*resnet18")}
    assert lines(capsys, "timm/*")[-1].endswith("more; write more of the name")


def test_a_network_is_described_with_its_stages_sizes_and_weights(capsys):
    first, *rest = lines(capsys, "timm/vit_small_patch14_dinov2")
    assert first.startswith("timm/vit_small_patch14_dinov2: 22.1 M parameters, 46.70 G MACs for an image of 518 px")
    assert sum(" blocks." in line for line in rest) == 4
    assert "image_size: multiples of 14 px from 14 px; the weights saw 518 px" in rest
    assert "weights: pretrained (lvd142m), no classes; licence apache-2.0" in rest


def test_licences_that_forbid_products_are_marked():
    assert backbones._licence("cc-by-nc-4.0") == "licence cc-by-nc-4.0 (not for commercial use)"
    assert backbones._licence("apache-2.0") == "licence apache-2.0"
    assert backbones._licence(None) == "licence not stated"


def test_a_family_written_by_hand_is_described(capsys):
    written = lines(capsys, "resnet18")
    assert written[0] == "resnet18: a family of 4 stages that is written by hand"
    assert written[1] == "11.2 M parameters, 1.81 G MACs for an image of 224 px, 512 features"
    assert written[-1] == "weights: none, imagenet, pretrained; licence not stated"
    assert lines(capsys, "small_cnn")[-1] == "weights: none"


@pytest.mark.parametrize(("pattern", "text"), [
    ("timm/test_vitt", "unknown network 'test_vitt' of timm; the nearest: test_vit"),
    ("*nothing*", "no network's name matches '*nothing*'; try *nothin*"),
    ("vgg", "unknown family 'vgg'; one of "),
])  # fmt: skip
def test_a_name_that_there_is_not_is_refused_in_a_line(capsys, pattern, text):
    assert backbones.main([pattern]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"study.backbones: {text}")
    assert message.count("\n") == 1
