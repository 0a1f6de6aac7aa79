"""Studies that start from a file of the user's weights: what is taken, kept, said and refused."""

import json
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from study import pretrain
from study.backend import nodes
from study.errors import UserError
from study.models import families, weight_files, weight_tensors, weights
from study.models.families import _layouts
from study.pretraining import import_weights, imported, sources
from study.space.config import Config, config
from study.storage import store
from tests.backend.test_nodes import checks as checks  # a fixture
from tests.bad_inputs import data, spaces
from tests.support import inline

timm = pytest.importorskip("timm")
FIXED = "{'family': 'small_cnn', 'regime': 'fine_tune', 'image_size': 16, 'batch_size': 4, 'weights': 'mine.pth'}"


def saved(path: Path, network: nn.Module, prefix: str = "", shift: float = 0.0) -> Path:
    tensors = {f"{prefix}{name}": tensor + shift for name, tensor in network.state_dict().items()}
    torch.save({"model": tensors, "epoch": 3}, path)
    return path


def stages(family: str) -> nn.ModuleList:
    torch.manual_seed(7)
    return nn.ModuleList(families.load(family).backbone("none")[0])


def of(file: Path, **values: object) -> imported.ImportedWeights:
    return imported.of_file(imported.WeightsFile(str(file), config({"task": "pets", **values})))


@pytest.fixture
def here(tmp_path):
    spaces.write(inline.space(fixed=FIXED), tmp_path)
    data.folder(tmp_path, each=8)
    saved(tmp_path / "mine.pth", stages("small_cnn"), "stages.")
    return tmp_path


def test_trials_start_from_the_file_and_a_changed_one_is_refused_at_resume(here, capsys):
    assert inline.study(here) == 0
    said = capsys.readouterr().out
    count = len(stages("small_cnn").state_dict())
    assert f"weights mine.pth: {count} tensors of the network under model.stages.; nothing left out" in said
    study = json.loads((here / "out" / "study.json").read_text())
    start = study["cells"][0]["start"][0]
    assert start["file"] == {"sha256": weight_files.sha256(here / "mine.pth"), "prefix": None}
    entry = weights.tensors(store.place(weights.KIND, start))
    assert all(torch.equal(entry[name], tensor) for name, tensor in stages("small_cnn").state_dict().items())
    assert inline.study(here, "--resume") == 0

    saved(here / "mine.pth", stages("small_cnn"), "stages.", shift=1e-3)
    assert inline.study(here, "--resume") == 4
    assert (
        "was made by another study, nothing was changed in it: cells[0].start[0].file.sha256 was"
        in capsys.readouterr().err
    )
    (here / "mine.pth").unlink()
    assert inline.study(here, "--resume") == 2
    assert "weights mine.pth: no such file" in capsys.readouterr().err


@pytest.mark.slow
def test_scores_differ_from_those_of_random_weights_and_of_another_file(here, capsys):
    text = inline.space(
        compared="{'weights': ('mine.pth', 'other.pth', 'none')}", fixed=FIXED.replace(", 'weights': 'mine.pth'", "")
    )
    spaces.write(text, here)
    saved(here / "other.pth", stages("small_cnn"), "stages.", shift=0.1)
    assert inline.study(here) == 0
    import pandas as pd

    table = pd.read_parquet(here / "out" / "table.parquet")
    first = table[(table["epoch"] == 0) & (table["metric"] == "loss") & (table["split"] == "val")]
    losses = first.groupby("weights")["score"].first()
    assert sorted(losses.index) == ["mine.pth", "none", "other.pth"]
    assert losses.nunique() == 3


@pytest.mark.parametrize(("family", "make"), [
    ("resnet18", torchvision.models.resnet18),
    ("mobilenet_v3_large", torchvision.models.mobilenet_v3_large),
    ("efficientnet_lite0", lambda: timm.create_model("tf_efficientnet_lite0")),
    ("torchvision/shufflenet_v2_x0_5", torchvision.models.shufflenet_v2_x0_5),
    ("timm/test_vit", lambda: timm.create_model("test_vit", img_size=64)),
])  # fmt: skip
def test_a_librarys_file_gives_the_librarys_features(family, make, tmp_path):
    torch.manual_seed(1)
    model = make().eval()
    start = of(saved(tmp_path / "weights.pth", model, "module."), family=family, image_size=64)
    card = import_weights.make(start).meta
    assert card["taken"].endswith("left out: its classifier of 1000 classes")
    net = families.build(family, "none", 2, image_size=64) if "timm/" in family else families.build(family, "none", 2)
    weights.fill(net, start.path)
    images = torch.rand(2, 3, 64, 64)
    heads = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer.out_features == 1000]
    with torch.no_grad():
        assert torch.equal(heads[-1](nn.Sequential(*net.eval().stages)(images)), model(images))


def test_position_embeddings_are_fitted_to_the_images(tmp_path):
    start = of(saved(tmp_path / "weights.pth", timm.create_model("test_vit")), family="timm/test_vit", image_size=64)
    assert "; fitted to the images' size: pos_embed; left out" in import_weights.make(start).meta["taken"]
    other = of(tmp_path / "weights.pth", family="timm/test_vit", image_size=96)
    assert start.path != other.path


@pytest.mark.parametrize("options", [{"pre_norm": True}, {"reg_tokens": 4}])
def test_a_network_with_a_part_that_this_one_lacks_is_refused(options, tmp_path):
    """All of this network's tensors are there, in its shapes; the file's network computes something else."""
    other = timm.create_model("test_vit", img_size=64, **options)
    start = of(saved(tmp_path / "weights.pth", other), family="timm/test_vit", image_size=64)
    with pytest.raises(UserError, match=r"tensors? more than this network: (norm_pre|reg_token)"):
        import_weights.make(start)


def test_tensors_of_an_older_version_are_renamed_by_the_library(tmp_path):
    model = timm.create_model("convnext_atto", num_classes=0)
    before = {}
    for name, tensor in model.state_dict().items():
        for new, old in ((".blocks", ""), ("conv_dw", "dwconv"), ("mlp.fc1", "pwconv1"), ("mlp.fc2", "pwconv2")):
            name = name.replace(new, old)
        parts = name.split(".")
        if parts[0] == "stem":
            name = f"downsample_layers.0.{'.'.join(parts[1:])}"
        elif parts[2] == "downsample":
            name = f"downsample_layers.{parts[1]}.{'.'.join(parts[3:])}"
        before[name.replace("head.norm", "norm")] = (
            tensor[:, :, 0, 0] if "pwconv" in name and tensor.ndim == 4 else tensor
        )
    torch.save({"model": before}, tmp_path / "weights.pth")
    start = of(tmp_path / "weights.pth", family="timm/convnext_atto", image_size=64)
    assert import_weights.make(start).meta["taken"] == "126 tensors of the network under model.; nothing left out"


HUGGING_FACE = {
    "vit": {"norm1": "layernorm_before", "norm2": "layernorm_after", "mlp.fc1": "intermediate.dense",
            "mlp.fc2": "output.dense"},
    "dinov2": {"ls1.gamma": "layer_scale1.lambda1", "ls2.gamma": "layer_scale2.lambda1"},
}  # fmt: skip


@pytest.mark.parametrize("kind", HUGGING_FACE)
def test_tensors_of_transformers_are_renamed(kind, tmp_path):
    model = timm.create_model("test_vit", num_classes=0, img_size=64, init_values=1e-5 if kind == "dinov2" else None)
    file = {"pooler.dense.weight": torch.ones(2, 2)}
    for name, tensor in model.state_dict().items():
        if ".attn.qkv." in name:
            before = name.replace("blocks.", f"{kind}.encoder.layer.").partition(".attn.")[0]
            leaf = name.rpartition(".")[2]
            parts = zip(("query", "key", "value"), tensor.chunk(3), strict=True)
            file |= {f"{before}.attention.attention.{part}.{leaf}": value.clone() for part, value in parts}
            continue
        name = name.replace("blocks.", "encoder.layer.").replace("attn.proj", "attention.output.dense")
        name = name.replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
        name = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings"}.get(name, name)
        name = f"layernorm.{name[5:]}" if name.startswith("norm.") else name
        for new, old in HUGGING_FACE[kind].items():
            name = name.replace(new, old)
        file[f"{kind}.{name}"] = tensor
    torch.save(file, tmp_path / "pytorch_model.bin")
    values = config({"task": "pets", "family": "timm/test_vit", "image_size": 64})
    layouts = _layouts.layouts(values)
    expected = {name: tensor for name, tensor in model.state_dict().items() if ".ls" not in name}
    path = tmp_path / "pytorch_model.bin"
    if kind == "dinov2":  # the network has no layer scale, so that the file is another network's
        with pytest.raises(UserError, match="more than this network"):
            weight_tensors.fit(path, weight_tensors.read(path), [layout for layout, _ in layouts])
        return
    number, fitted = weight_tensors.fit(path, weight_tensors.read(path), [layout for layout, _ in layouts])
    assert (number, fitted.prefix, fitted.left_out) == (0, "vit.", ("pooler.dense.weight",))
    assert all(torch.equal(tensor, expected[name]) for name, tensor in fitted.network.items())


def test_a_folder_that_timm_wrote_is_a_network_with_its_weights(tmp_path):
    from timm.models import save_for_hf

    model = timm.create_model("test_vit", num_classes=5)
    save_for_hf(model, tmp_path / "net", safe_serialization="both")
    family = f"timm/local-dir:{tmp_path / 'net'}"
    values = config({"task": "pets", "family": family, "image_size": 64, "weights": "pretrained"})
    source = sources.source("pretrained", {}, values)
    assert isinstance(source, imported.WeightsFile)
    assert source.path == tmp_path / "net" / "model.safetensors"
    assert import_weights.make(imported.of_file(source)).meta["taken"].endswith("its classifier of 5 classes")
    assert families.load(family).source_size == 160


def test_a_folder_whose_configuration_has_changed_is_another_network(tmp_path):
    (tmp_path / "config.json").write_text('{"architecture": "test_vit"}')
    (tmp_path / "model.safetensors").touch()
    name = f"timm/local-dir:{tmp_path}"
    before = families.versions(name)
    assert len(families.load(name).stages) > 1
    (tmp_path / "config.json").write_text('{"architecture": "test_vit2"}')
    assert families.versions(name) != before


@pytest.mark.parametrize(("content", "message"), [
    (None, "cannot read its config.json"),
    ("{", "config.json is not timm's"),
    ("[]", "config.json is not timm's"),
    ('{"architecture": "test_vitt"}', "unknown network 'test_vitt' of timm; the nearest: test_vit"),
])  # fmt: skip
def test_a_folder_that_is_no_network_is_refused(content, message, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=message) as refusal:
        families.load(f"timm/local-dir:{tmp_path}")
    assert "\n" not in str(refusal.value)


def test_a_relative_folder_is_refused_with_the_whole_path():
    with pytest.raises(UserError, match=rf"write the whole path, timm/local-dir:{Path.cwd()}/net"):
        families.load("timm/local-dir:net")


def test_a_pretraining_may_start_from_a_file(here, capsys, monkeypatch):
    monkeypatch.chdir(here)
    words = "--task rotation:pets --image-size 16 --epochs 1 --images 20 --set weights=mine.pth"
    assert pretrain.main(words.split()) == 0
    assert "weights mine.pth: " in capsys.readouterr().out


def test_zero_shot_needs_a_head_that_a_file_does_not_bring(here, capsys):
    spaces.write(
        inline.space(
            fixed=FIXED.replace("fine_tune", "zero_shot").replace("'batch_size': 4, ", ""),
            tuned="{}",
            baseline="{}",
            compared="{'normalization': ('unit', 'signed')}",
        ),
        here,
    )
    assert inline.study(here) == 2
    assert "weights 'mine.pth' are from a file and have no source head; zero_shot needs one" in capsys.readouterr().err


@pytest.fixture
def sent(checks, tmp_path):
    """A driver's checks, of a node that needs weights from a file; the driver has read them."""
    start = of(saved(tmp_path / "mine.pth", stages("small_cnn"), "stages."), family="small_cnn")
    import_weights.make(start)
    return checks._replace(files=(start,))


def test_a_node_with_the_drivers_store_needs_no_file(sent, tmp_path):
    (tmp_path / "mine.pth").unlink()
    assert nodes.look(sent, "node") == []


def test_a_node_with_a_store_of_its_own_reads_the_file(sent, tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "node"))
    assert nodes.look(sent, "node") == []
    assert store.whole(sent.files[0].path, verified=True)
    assert sent.files[0].path.is_relative_to(tmp_path / "node")


@pytest.mark.parametrize("change", ["gone", "another"])
def test_a_node_without_the_file_or_with_another_one_is_named(sent, tmp_path, monkeypatch, change):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "node"))
    (tmp_path / "mine.pth").unlink()
    if change == "another":
        saved(tmp_path / "mine.pth", stages("small_cnn"), "stages.", shift=1.0)
    (problem,) = nodes.look(sent, "node")
    reason = "no such file" if change == "gone" else "is another file than the one that the study was started with"
    advice = "place the driver's file there, or set STUDY_STORE to a shared folder"
    assert problem == f"weights {tmp_path / 'mine.pth'}: {reason}; {advice}"


def test_checking_a_space_reads_no_tensors(here):
    values = Config(task="pets", weights=str(here / "mine.pth"), regime="fine_tune")
    (here / "mine.pth").write_bytes(b"no tensors at all")
    assert isinstance(sources.source(values.weights, {}, values), imported.WeightsFile)
