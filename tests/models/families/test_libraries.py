"""Networks of timm and torchvision as families: their contract, their weights, what is refused, a whole small study."""

import math
import re
import subprocess
import sys

import pandas as pd
import pytest
import torch
import torchvision

from study import models
from study.errors import UserError
from study.models import families
from study.models.families import _networks, _plans
from study.space.config import Config
from study.training import optim
from tests.bad_inputs import data, spaces
from tests.models.families import conformance
from tests.support import inline

timm = pytest.importorskip("timm")
QUICK = ("timm/test_vit",)
MORE = (
    *("timm/test_resnet", "torchvision/shufflenet_v2_x0_5"),
    *(
        "timm/convnext_atto",
        "timm/eva02_tiny_patch14_224",
        "timm/mobilevit_xxs",
        "timm/ghostnet_050",
        "timm/fastvit_t8",
    ),
    *("torchvision/resnet18", "torchvision/mobilenet_v3_small", "torchvision/squeezenet1_1"),
)
NAMES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)]
CHECKS = (
    conformance.each_tensor_is_in_one_stage_or_the_head,
    conformance.every_stage_has_something_to_train,
    conformance.the_contract_is_stated,
    conformance.random_weights_come_from_the_global_seed,
    conformance.random_weights_bring_no_source_head,
    conformance.unknown_weights_are_refused_with_the_choices,
)


def side(name: str) -> int:
    """A small side that the network takes, pixels."""
    family = families.load(name)
    return math.ceil(max(family.min_size, 64) / family.multiple) * family.multiple


@pytest.fixture(scope="module", params=NAMES)
def made(request):
    return conformance.make(request.param, image_size=side(request.param))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conformance(made, check):
    check(made)


def test_it_gives_features_of_any_batch_and_trains(made):
    for batch in (1, 3):
        images = torch.rand(batch, 3, side(made.name), side(made.name))
        with torch.no_grad():
            assert made.net.features(images).shape == (batch, made.family.features)
    net = (
        families.build(made.name, "none", 7, image_size=side(made.name)).lay_out("cpu", made.family.contiguous).train()
    )
    config = Config(optimizer="adamw", lr=1e-2, weight_decay=0.1)
    optimizer = optim.build(net, (1.0,) * len(net.stages), config)
    assert optim.unoptimized(optimizer, net) == []
    images = torch.rand(4, 3, side(made.name), side(made.name)).contiguous(memory_format=torch.channels_last)
    torch.nn.functional.cross_entropy(net(images), torch.arange(4)).backward()
    optimizer.step()
    assert all(parameter.isfinite().all() for parameter in net.parameters())


def test_the_smallest_side_works_and_others_are_refused_or_work(made):
    smallest, multiple = made.family.min_size, made.family.multiple
    families.check(made.name, "none", smallest)
    for size in (smallest, smallest + multiple):
        net = families.build(made.name, "none", 7, image_size=size).eval()
        with torch.no_grad():
            assert net(torch.rand(1, 3, size, size)).isfinite().all()
    if multiple > 1:
        with pytest.raises(UserError, match=f"images of {smallest + 1} px do not fit .*; a multiple of {multiple}"):
            families.check(made.name, "none", smallest + 1)


def test_a_patch_is_not_cut_off_in_silence():
    """Timm takes 32 px with patches of 14 and drops four of them."""
    with pytest.raises(UserError, match=r"images of 32 px do not fit family timm/vit_small_patch14_dinov2; a multiple"):
        families.check("timm/vit_small_patch14_dinov2", "none", 32)


def test_generic_and_written_by_hand_are_the_same_network_to_the_bit():
    name = "timm/tf_efficientnet_lite0"
    generic, hand = families.load(name), families.load("efficientnet_lite0")
    assert (generic.mean, generic.std, generic.features) == (hand.mean, hand.std, hand.features)
    nets = [families.build(family, "none", 3).eval() for family in (name, "efficientnet_lite0")]
    assert len(nets[0].stages) == len(nets[1].stages) == 5
    for stage, written in zip(nets[0].stages, nets[1].stages, strict=True):
        tensors = zip(stage.state_dict(), written.state_dict().values(), strict=True)
        stage.load_state_dict(dict(tensors))
    for size in (32, 64):
        activations = [torch.rand(2, 3, size, size)] * 2
        for number in range(5):
            activations = [net.stages[number](passed) for net, passed in zip(nets, activations, strict=True)]
            assert torch.equal(*activations)


@pytest.mark.parametrize(("generic", "hand"), [
    ("torchvision/resnet18", "resnet18"),
    ("torchvision/mobilenet_v3_large", "mobilenet_v3_large"),
])  # fmt: skip
def test_torchvisions_are_cut_where_those_written_by_hand_are(generic, hand):
    sizes = [
        [sum(parameter.numel() for parameter in stage.parameters()) for stage in families.build(name, "none", 3).stages]
        for name in (generic, hand)
    ]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(("name", "text"), [
    ("timm/test_vitt", "unknown network 'test_vitt' of timm; the nearest: test_vit"),
    ("timm/test_vit.r160_in1", "unknown network 'test_vit.r160_in1' of timm; the nearest: test_vit.r160_in1k"),
    ("torchvision/resnet19", "unknown network 'resnet19' of torchvision; the nearest: resnet1"),
    ("torchvision/resnet18.V1", "unknown network 'resnet18.V1' of torchvision; the nearest: resnet18"),
    ("keras/resnet18", "unknown family 'keras/resnet18'; one of"),
    ("timm/", "unknown family 'timm/'; one of"),
])  # fmt: skip
def test_an_unknown_network_is_refused_with_the_nearest(name, text):
    with pytest.raises(UserError, match=re.escape(text)):
        families.load(name)


def test_stages_are_none_or_blocks():
    with pytest.raises(UserError, match=r"unknown stages 'layers' of timm/test_vit; blocks, or leave it out"):
        families.load("timm/test_vit", stages="layers")
    blocks = families.load("timm/test_vit", stages="blocks")
    assert len(blocks.stages) > len(families.load("timm/test_vit").stages)
    assert len(families.build("timm/test_vit", "none", 3, stages="blocks").stages) == len(blocks.stages)


def test_dropout_and_stochastic_depth_are_off_unless_asked_for():
    def active(name, **options):
        net = families.build(name, "none", 3, **options)
        modules = [module for stage in net.stages for module in stage.modules()]
        dropout = [module for module in modules if isinstance(module, torch.nn.Dropout) and module.p]
        return dropout, [module for module in modules if getattr(module, "drop_prob", 0)]

    assert active("timm/nest_tiny_jx", image_size=64) == ([], [])
    dropout, skipped = active("timm/test_vit", drop_path=0.2)
    assert (dropout, bool(skipped)) == ([], True)
    with pytest.raises(
        UserError, match=r"drop_path 0.2 is not read by network ghostnet_050; it has no stochastic depth"
    ):
        families.build("timm/ghostnet_050", "none", 3, drop_path=0.2)


def test_stochastic_depth_is_linear_over_the_blocks_up_to_the_rate_in_both_libraries():
    for name in ("timm/test_vit", "torchvision/swin_t"):
        net = families.build(name, "none", 3, image_size=64, drop_path=0.2)
        modules = [module for stage in net.stages for module in stage.modules()]
        rates = [module.drop_prob for module in modules if hasattr(module, "drop_prob")]
        rates += [module.p for module in modules if type(module).__name__ == "StochasticDepth"]
        assert max(rates) == pytest.approx(0.2)
        assert len({round(rate, 6) for rate in rates}) > 2
    off = families.build("torchvision/swin_t", "none", 3, image_size=64)
    assert not [layer for layer in off.modules() if type(layer).__name__ == "StochasticDepth" and layer.p]


@pytest.mark.parametrize(("name", "size"), [("vit_b_16", 64), ("regnet_y_400mf", 64)])
@pytest.mark.slow
def test_torchvisions_weights_are_fitted_to_another_size(name, size, tmp_path, monkeypatch):
    """Position embeddings are interpolated, and a network that needs numbers to be made is no other network's file."""
    torch.manual_seed(0)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    url = torchvision.models.get_model_weights(name).DEFAULT.url
    file = tmp_path / "checkpoints" / url.rpartition("/")[2]
    file.parent.mkdir()
    whole = torchvision.models.get_model(name)
    torch.save(whole.state_dict(), file)
    net = families.build(f"torchvision/{name}", "pretrained", 3, image_size=size).eval()
    assert net(torch.rand(2, 3, size, size)).shape == (2, 3)
    own = families.build(f"torchvision/{name}", "pretrained", 3, source_head=True).eval()
    images = torch.rand(2, 3, 224, 224)
    assert torch.equal(own(images), whole.eval()(images))


def test_a_network_that_cannot_be_cut_is_one_stage_of_features():
    tokens, maps = torch.rand(2, 7, 5), torch.rand(2, 5, 3, 4)
    assert torch.equal(_plans._Whole(torch.nn.Identity())(tokens), tokens.mean(1))
    assert torch.equal(_plans._Whole(torch.nn.Identity())(maps), maps.mean((2, 3)))


@pytest.mark.slow
def test_tokens_of_a_network_that_gives_them_are_averaged():
    family = families.check("timm/qwen3_vit_88m_enc", "none", 768)
    assert (len(family.stages), family.features) == (5, 1024)


def test_sizes_that_fit_are_named_where_one_does_not():
    name = "torchvision/maxvit_t"
    with pytest.raises(UserError, match=rf"images of 230 px do not fit family {name}; the nearest that do: 224$"):
        families.check(name, "none", 230)
    families.check(name, "none", 224)


def test_embeddings_of_positions_and_tokens_do_not_decay():
    net = families.build("timm/test_vit", "none", 3)
    optimizer = optim.build(net, (1.0,) * len(net.stages), Config(weight_decay=0.1))
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    decay = {
        names[id(parameter)]: group["weight_decay"] for group in optimizer.param_groups for parameter in group["params"]
    }
    assert {decay[f"stages.0.{name}"] for name in ("pos_embed", "cls_token")} == {0.0}
    assert decay["stages.1.blocks.0.attn.qkv.weight"] == 0.1


def test_a_network_whose_training_would_corrupt_memory_channels_last_stays_contiguous():
    assert families.load("timm/fastvit_t8").contiguous
    assert not families.load("timm/test_resnet").contiguous
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 1, 2))
    assert _plans._corrupts_channels_last(net[0])


def test_checking_a_space_again_imports_no_torch(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path))
    _networks._described.cache_clear()
    families.check("timm/test_resnet", "none", 64)
    code = "import sys; from study.models import families; families.check('timm/test_resnet', 'none', 64)"
    heavy = "print(sorted({'torch', 'timm', 'torchvision'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", f"{code}; {heavy}"], capture_output=True, text=True).stdout == "[]\n"


def test_weights_that_cannot_be_had_say_what_to_place_where(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code = (
        "from study.models import families\n"
        "try: families.build('timm/resnet10t.c3_in1k', 'pretrained', 3)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert text.startswith("UserError timm/resnet10t.c3_in1k: cannot get its pretrained weights (")
    assert "copy the hub's cache" in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("regime", [
    *(pytest.param(regime, marks=pytest.mark.slow) for regime in ("feature_extraction", "discriminative")),
    "partial_freeze",
])  # fmt: skip
def test_a_small_study_of_a_transformer_ends_with_a_model_that_loads(tmp_path, regime):
    fixed = {"family": "timm/test_vit", "weights": "none", "regime": regime, "image_size": 32, "batch_size": 4}
    fixed |= {"freeze_depth": 2} if regime == "partial_freeze" else {}
    spaces.write(inline.space(fixed=repr(fixed)), tmp_path)
    data.folder(tmp_path, each=8)
    assert inline.study(tmp_path) == 0
    table = pd.read_parquet(tmp_path / "out" / "table.parquet")
    assert set(table["family"]) == {"timm/test_vit"}
    assert set(table["state"]) == {"complete"}
    frozen = table[table["frozen_before"].notna()]
    assert (frozen["frozen_before"] == frozen["frozen_after"]).all()
    assert len(frozen) or regime == "discriminative"
    (model, *_) = sorted((tmp_path / "out" / "models").iterdir())
    net, card = models.load(model)
    assert card["config"]["family"] == "timm/test_vit"
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 2)
