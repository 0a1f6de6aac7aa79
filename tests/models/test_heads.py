import pytest
import torch
from torch import nn

from study.errors import UserError
from study.models import families, heads


def test_linear_is_one_layer():
    head = heads.make("linear", 5, 3)
    assert isinstance(head, nn.Linear)
    assert tuple(head.weight.shape) == (3, 5)
    assert heads.widths("linear") == ()


def test_hidden_layers_with_relu_and_dropout_between():
    head = heads.make("512-256-128", 1056, 43, dropout=0.3)
    assert [tuple(layer.weight.shape) for layer in head if isinstance(layer, nn.Linear)] == [
        (512, 1056), (256, 512), (128, 256), (43, 128)
    ]  # fmt: skip
    assert [type(layer) for layer in head] == [nn.Linear, nn.ReLU, nn.Dropout] * 3 + [nn.Linear]
    assert {layer.p for layer in head if isinstance(layer, nn.Dropout)} == {0.3}
    assert head(torch.rand(1, 1056)).shape == (1, 43)


@pytest.mark.parametrize("text", ["", "mlp", "512,256", "-512", "512-", "0", "512-0", "5.5", "٣", "100000"])
def test_other_texts_are_refused_with_the_form(text):
    with pytest.raises(UserError, match=r"unknown head .*'linear', or widths of hidden layers like '512-256-128'"):
        heads.widths(text)


def test_a_network_has_the_requested_head():
    net = families.build("small_cnn", "none", 43, dropout=0.2, head="16-8")
    assert [layer.out_features for layer in net.head if isinstance(layer, nn.Linear)] == [16, 8, 43]
    with pytest.raises(UserError, match="unknown head 'deep'"):
        families.build("small_cnn", "none", 43, head="deep")
