import timm
import torch

from study.models import families
from study.models.families.efficientnet_lite0 import _file


def test_weights_are_the_packages_in_its_own_order():
    """The package and timm list their layers in the same order, which proves the translated names."""
    tensors = list(torch.load(_file(), weights_only=True).values())
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    whole.load_state_dict(dict(zip(whole.state_dict(), tensors, strict=True)))
    net = families.build("efficientnet_lite0", "imagenet", 43, source_head=True).eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(net(images), whole.eval()(images))


def test_the_files_checksum_is_the_one_in_its_name():
    import hashlib
    from pathlib import Path

    file = Path(_file())
    assert hashlib.sha256(file.read_bytes()).hexdigest().startswith(file.stem.rpartition("-")[2])


def test_a_new_head_has_the_tasks_classes():
    assert families.build("efficientnet_lite0", "imagenet", 43).head.out_features == 43
