"""What a saved network makes of files: the answers that were scored, whichever way they are asked for."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import EpsImagePlugin, Image

from study import predict
from study.cli import best_model
from study.data import prepare, splits
from study.data.device_split import feed
from study.errors import UserError
from study.models import cards, inference, saved
from study.storage import checksums
from study.training import evaluation
from tests.support import hostile_images
from tests.support.small_study import CLASSES


@pytest.fixture(scope="module")
def model(finished):
    return best_model.choose(finished[0]).folder


@pytest.fixture(scope="module")
def answers(finished, tmp_path_factory):
    """What the command writes of all test images."""
    out, images = finished
    file = tmp_path_factory.mktemp("answers") / "answers.csv"
    assert predict.main([str(out), str(images / "test"), "--csv", str(file)]) == 0
    return pd.read_csv(file)


def wrong(capsys, *arguments):
    """Run the command, which refuses in one line; gives its exit code and the line."""
    try:
        code = predict.main([str(each) for each in arguments])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return code, said


def test_files_get_the_answers_that_were_scored(finished, model, answers):
    out, images = finished
    prepared = prepare.prepare("animals", images, 16, None)
    test = prepare.open_data(prepared, splits.SplitOptions(), 0, 0, sealed=False).test
    net, card = saved.load(model)
    logits = evaluation.predict(net, feed(test, "predicted", "cpu", card["mean"], card["std"]))
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert answers["path"].tolist() == sorted(map(str, (images / "test").rglob("*.*")))  # the listing's order too
    assert np.abs(answers[list(CLASSES)].to_numpy() - expected).max() < 1e-6
    assert answers["label"].tolist() == [CLASSES[at] for at in logits.argmax(1)]
    assert np.allclose(answers["probability"], expected.max(1), atol=1e-6)
    table = pd.read_parquet(out / "table.parquet").query("split == 'test' and metric == 'accuracy'")
    scored = table.set_index("trial")["score"][model.name]
    truth = [Path(path).parent.name for path in answers["path"]]
    assert np.mean(answers["label"] == truth) == pytest.approx(scored) == pytest.approx(card["scores"]["test accuracy"])
    assert scored > 0.5


def test_a_card_says_all_that_a_picture_needs(model):
    card = json.loads((model / cards.CARD).read_text())
    told = {"image_size": 16, "crop": "centre", "upsample": None, "colour": "colour", "labels_per_image": "one"}
    assert told.items() <= card.items()
    assert card["classes"] == list(CLASSES)
    assert card["versions"]["torch"] == torch.__version__.partition("+")[0]


def test_cards_of_before_are_filled_in(model, tmp_path):
    shutil.copytree(model, tmp_path / "old")
    card = json.loads((model / cards.CARD).read_text())
    old = {name: card[name] for name in ("trial", "config", "seed", "classes", "trained_on", "scores", "mean", "std")}
    (tmp_path / "old" / cards.CARD).write_text(json.dumps(old))
    found, whole = cards.read(tmp_path / "old"), cards.read(model)
    assert found == {name: value for name, value in whole.items() if name != "versions"}


def test_the_company_of_an_image_does_not_matter(finished, model):
    paths = sorted(map(str, (finished[1] / "test").rglob("*.*")))
    net, card = saved.load(model)
    together, alone = (list(inference.predict(net, card, some)) for some in (paths, paths[5:6]))
    assert np.abs(alone[0][1] - together[5][1]).max() < 1e-6


def test_a_batch_is_in_memory_and_no_more(finished, model):
    some, asked = str(next((finished[1] / "test").rglob("*.png"))), []
    found = inference.predict(*saved.load(model), (asked.append(number) or some for number in range(1000)))
    next(found)
    assert len(asked) == 64


def test_the_choice_is_by_validation_and_by_the_mean_of_replicates(finished, tmp_path):
    changed = shutil.copytree(finished[0], tmp_path / "out")
    table = pd.read_parquet(changed / "table.parquet")
    for better, other in (("c000", "c001"), ("c001", "c000")):
        for split, trial in (("val", better), ("test", other)):
            rows = table["trial"].eq(f"{trial}-r000") & table["split"].eq(split) & table["metric"].eq("accuracy")
            table.loc[rows, "score"] = 0.99
        rows = table["trial"].eq(f"{other}-r000") & table["split"].eq("val") & table["metric"].eq("accuracy")
        table.loc[rows, "score"] = 0.9
        table.to_parquet(changed / "table.parquet")
        chosen = best_model.choose(changed)
        assert chosen.folder == changed / "models" / f"{better}-r000"
        assert (
            "validation score (accuracy 99.00 %, 1 replicate) of 2 cells with a model; test scores play no"
            in chosen.why
        )


def test_what_was_validated_on_the_test_is_chosen_only_by_name(finished, tmp_path):
    changed = shutil.copytree(finished[0], tmp_path / "out")
    table = pd.read_parquet(changed / "table.parquet")
    for cell, told in (("label_fraction=0.5", "label_fraction=1.0"), ("label_fraction=1.0", None)):
        table.loc[table["cell"] == cell, "validation"] = "test"
        table.to_parquet(changed / "table.parquet")
        if told:
            assert f"cell {told}: highest" in best_model.choose(changed).why
        else:
            with pytest.raises(
                UserError, match=r"validated on the test split.*; one of 'label_fraction=0.5'; 'label_f"
            ):
                best_model.choose(changed)
        assert best_model.choose(changed, cell).why == f"cell {cell}, as named"


def test_a_cell_or_a_model_can_be_named(finished, capsys):
    out, images = finished
    picture = str(images / "test" / "red" / "00.jpg")
    for where in ([str(out), "--cell", "label_fraction=0.5"], [str(out / "models" / "c000-r000")]):
        assert predict.main([where[0], picture, *where[1:], "--top", "1"]) == 0
        said = capsys.readouterr().out
        assert said.startswith(f"model {out}/models/c000-r000 (small_cnn): task animals, 3 classes\n")
        assert "images are shown as the largest square in their middle, 16 px" in said
    code, told = wrong(capsys, out, picture, "--cell", "regime=x")
    assert code == 2
    assert "has no model of such a cell; one of 'label_fraction=0.5'; 'label_fraction=1.0'" in told
    code, told = wrong(capsys, out / "models" / "c000-r000", picture, "--cell", "label_fraction=0.5")
    assert (code, "is a model's own folder; give the study's" in told) == (2, True)


def test_unreadable_files_are_named_and_the_others_predicted(finished, tmp_path, capsys):
    out, images = finished
    (tmp_path / "mine" / ".hidden").mkdir(parents=True)
    for name in ("mine/a.jpg", "mine/.hidden/b.jpg", "mine/.c.jpg"):
        shutil.copy(images / "test" / "red" / "00.jpg", tmp_path / name)
    (tmp_path / "mine" / "page.png").write_text("<html>")
    (tmp_path / "empty").mkdir()
    given = [tmp_path / "mine", tmp_path / "empty", tmp_path / "gone.jpg", images / "test" / "blue" / "01.png"]
    assert predict.main([str(out), *map(str, given)]) == 1
    told = capsys.readouterr()
    assert [line.split(": ")[1] for line in told.err.splitlines()] == [
        *(str(tmp_path / name) for name in ("empty", "gone.jpg", "mine/page.png")),
    ]
    assert [line.rpartition("/")[2].split()[0] for line in told.out.splitlines() if line.startswith("/")] == [
        "a.jpg",
        "01.png",
    ]


def test_nothing_to_predict_is_a_mistake_and_leaves_no_file(finished, tmp_path, capsys):
    (tmp_path / "page.png").write_text("<html>")
    (tmp_path / "empty").mkdir()
    file = tmp_path / "answers.csv"
    assert predict.main([str(finished[0]), str(tmp_path / "empty"), "--csv", str(file)]) == 2
    assert "there is no image to predict" in capsys.readouterr().err
    assert predict.main([str(finished[0]), str(tmp_path / "page.png"), "--csv", str(file)]) == 2
    assert "none of the images could be read" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "page.png"]


@pytest.mark.parametrize(("options", "said"), [
    (["--threshold", "0.3"], "--threshold 0.3: images of task animals have one label; use --top K"),
    (["--threshold", "2"], "'2' is no probability; write 0.5"),
    (["--top", "0"], "'0' is no number of classes; write 1, 3 or 5"),
    (["--csv", "photo.jpg"], "--csv photo.jpg: name a file that ends in .csv"),
    (["--csv", "nowhere/x.csv"], "--csv nowhere/x.csv: no folder nowhere"),
    (["--own-batchnorm"], "--own-batchnorm: is of a task that was learnt before; name it with --task"),
    (["--task", "voc"], "has no task 'voc' that its network had learnt before; it has none"),
    (["--fast"], "unrecognized arguments: --fast"),
])  # fmt: skip
def test_a_mistake_is_one_line(finished, capsys, options, said):
    code, told = wrong(capsys, finished[0], finished[1] / "test" / "red" / "00.jpg", *options)
    assert (code, told.startswith("study.predict: ")) == (2, True)
    assert said in told


def test_a_folder_without_a_model_says_what_there_is(finished, tmp_path, capsys):
    table = pd.read_parquet(finished[0] / "table.parquet")
    table[table["role"] == "search"].to_parquet(tmp_path / "table.parquet")
    for folder, said in (
        (tmp_path, "has no model: the first complete replicate of each cell leaves one in models/; trials: 2 complete"),
        (tmp_path / "gone", "no folder"),
        (finished[1], "no table.parquet in"),
    ):
        code, told = wrong(capsys, folder, "a.jpg")
        assert (code, said in told) == (2, True), told


def test_usage_needs_neither_torch_nor_pandas():
    heavy = "print(sorted({'torch', 'pandas', 'ray'} & set(sys.modules)))"
    code = f"import sys, study.predict\ntry:\n study.predict.main([])\nexcept SystemExit:\n {heavy}"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (told.stdout, told.stderr.count("\n")) == ("[]\n", 1)


def test_names_are_shown_without_their_control_characters(finished, tmp_path, capsys):
    name = "\x1b[31m[red]\n.jpg"
    shutil.copy(finished[1] / "test" / "red" / "00.jpg", tmp_path / name)
    (tmp_path / "\x07.png").touch()
    assert predict.main([str(finished[0]), str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert r"\x1b[31m[red]\n.jpg" in told.out.replace("\n", "")
    assert not {"\x1b", "\x07"} & set(told.out + told.err)


def test_csv_cells_that_a_spreadsheet_would_run_are_defused(model, tmp_path, monkeypatch):
    shutil.copytree(model, tmp_path / "model")
    card = json.loads((model / cards.CARD).read_text()) | {"classes": ["=1+1", "-0.5", "@SUM(A1)"]}
    (tmp_path / "model" / cards.CARD).write_text(json.dumps(checksums.sealed(card, tmp_path / "model")))
    monkeypatch.chdir(tmp_path)
    for name in ("=cmd|' -C calc'!A0.png", "\tx.png"):
        Image.new("RGB", (8, 8)).save(name, "PNG")
    assert predict.main(["model", "=cmd|' -C calc'!A0.png", "\tx.png", "--csv", "a.csv"]) == 0
    with open("a.csv", newline="") as opened:
        head, *rows = csv.reader(opened)
    assert head == ["path", "label", "probability", "'=1+1", "-0.5", "'@SUM(A1)"]
    assert [row[0] for row in rows] == ["'=cmd|' -C calc'!A0.png", "'\tx.png"]
    assert {row[1] for row in rows} <= set(head[3:])
    assert all(float(text) >= 0 for row in rows for text in row[2:])


def test_no_program_runs_for_a_picture_and_none_is_read_without_end(finished, tmp_path, monkeypatch, capsys):
    out, images = finished
    monkeypatch.setenv("PATH", hostile_images.stand_in_for_ghostscript(tmp_path / "bin"))
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    place = tmp_path / "mine"
    place.mkdir()
    shutil.copy(images / "test" / "red" / "00.jpg", place / "whole.jpg")
    (place / "a.png").write_bytes(hostile_images.EPS)
    (place / "b.png").write_bytes(hostile_images.header(60_000, 60_000))
    (place / "c.png").symlink_to("/dev/zero")
    os.mkfifo(place / "d.png")
    assert predict.main([str(out), str(place), str(place / "d.png")]) == 1
    told = capsys.readouterr()
    assert [line.removeprefix(f"study.predict: {place}/") for line in told.err.splitlines()] == [
        "d.png: is no file",
        "a.png: is PostScript (EPS), not an image that is read; AVIF, BMP, GIF, JPEG, PNG, PPM, TIFF and WEBP are",
        "b.png: has 3,600,000,000 pixels; at most 178,956,970 are read",
        "c.png: is no file",
        "d.png: is no file",
    ]
    assert f"{place}/whole.jpg" in told.out
    assert not (tmp_path / "ran").exists()


def test_what_is_odd_about_a_picture_is_a_line_and_no_fault(finished, tmp_path, capsys):
    out, _ = finished
    for number in range(7):
        Image.new("RGB", (1000, 2), (number, 9, 9)).save(tmp_path / f"{number}.png")
    broken = hostile_images.segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x09\0\x01\x01")
    (tmp_path / "0.jpg").write_bytes(hostile_images.jpeg(broken))
    assert predict.main([str(out), str(tmp_path)]) == 0
    first, second, *_, last = capsys.readouterr().err.splitlines()
    warned = "Corrupt EXIF data. Expecting to read 12 bytes but only got 2"
    assert first == f"study.predict: note: {tmp_path}/0.jpg: {warned}"
    told = "has 1,000 × 2 pixels: a square in its middle is 0.20% of it"
    assert second == f"study.predict: note: {tmp_path}/0.png: {told}"
    assert last == "study.predict: note: … and 3 more such notes"
