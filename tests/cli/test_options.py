"""The command line: a mistake is one line that names the thing, the value and the choices, and costs no import."""

import subprocess
import sys

import pytest

from study import run
from study.cli import arguments, options
from study.cli.question import resolve
from study.errors import UserError

MISTAKES = [
    ("", "--space is missing; one of"),
    ("--space nope", "unknown space 'nope'; one of"),
    ("--space ../../x", "unknown space '../../x'"),
    ("--space os.system", "unknown space 'os.system'"),
    ("--space nowhere.py", "space file 'nowhere.py' does not exist"),
    ("--space gtsrb --spce x", "unrecognized arguments: --spce x; did you mean --space?"),
    ("--space gtsrb --wholly x", "unrecognized arguments: --wholly x; the options are --address"),
    ("--space gtsrb --only regime=lpft", "regime has no value 'lpft'; one of feature_extraction"),
    ("--space gtsrb --only reg=scratch", "'reg' is not compared here; one of label_fraction"),
    ("--space gtsrb --only label_fraction=0.3", "label_fraction has no value '0.3'; one of 0.1"),
    ("--space gtsrb --trials 0", "trials is 0; it must be at least 1"),
    ("--space gtsrb --trials -1", "trials is -1; it must be at least 1"),
    ("--space gtsrb --trials many", "invalid int value: 'many'"),
    ("--space gtsrb --epochs 0", "epochs is 0; it must be at least 1"),
    ("--space gtsrb --replicates -1", "replicates is -1; it must be at least 0"),
    ("--space gtsrb --scale huge", "invalid choice: 'huge' (choose from"),
    ("--space gtsrb --time-budget 3x", "'3x' is no duration; write 90s, 30m or 2h"),
    ("--space gtsrb --cpus-per-trial -1", "'-1' is no amount"),
    ("--space gtsrb --cpus-per-trial 0", "0 is no amount of CPUs"),
    ("--space gtsrb --gpus-per-trial nan", "'nan' is no amount; write 1, 2 or 0.5, or auto"),
    ("--space gtsrb --gpus-per-trial Auto", "'Auto' is no amount"),
    ("--space gtsrb --cpus-per-trial auto", "'auto' is no amount; write 1, 2 or 0.5\n"),
    ("--space gtsrb --data nowhere", "--data nowhere: no such folder"),
    ("--space gtsrb --download", "--download needs --data DIR"),
    (f"--space gtsrb --data {__file__}", "test_options.py: is a file, and task gtsrb reads a folder"),
    ("--space gtsrb --set image_size", "--set image_size: write KEY=VALUE"),
    ("--space gtsrb --set size=64", "--set size=64: unknown hyperparameter 'size'; one of task, family"),
    ("--space gtsrb --set image_size=big", "--set image_size=big: image_size 'big' (str) must be an int"),
    ("--space gtsrb --set image_size=4", "image_size 4 is outside [8, 1024]"),
    ("--space gtsrb --set task=voc", "--set task=voc: 'task' is the space's own; copy the space's file"),
    ("--space gtsrb --set lr=0.1", "--set lr=0.1: 'lr' is tuned here; copy the space's file and change it there"),
    ("--space gtsrb --set regime=scratch", "'regime' is compared here; --only regime=scratch keeps some of its values"),
    ("--space folder --set views=1", "--set views=1: 'views' is set for regime=feature_extraction"),
    ("--space gtsrb --set stem=small", "'stem' is set and not read by any cell's family"),
    ("--space gtsrb --set class_weights=even", "unknown class_weights 'even'; one of off, balanced"),
    ("--space gtsrb --set group_pattern=(a)", "group_pattern '(a)' is read by task folder alone, not by gtsrb"),
    ("--space gtsrb --set copies=note", "copies 'note' is read by task folder alone, not by gtsrb"),
    (
        "--space folder --set copies=note",
        "copies 'note' is about copies in your own images: say where they are with --data",
    ),
    ("--space folder --set copies=keep", "unknown copies 'keep'; one of stop, note"),
    ("--space folder --set group_pattern=(a)", "'(a)' names groups of your own images: say where they are with --data"),
    ("--space folder --set group_pattern=a --data .", "group_pattern 'a' has no group"),
    ("--space folder --inspect", "--inspect is for images of your own: --space folder"),
    ("--space gtsrb --inspect --data .", "--inspect is for images of your own"),
]


def code_of(line):
    try:
        return run.main(line.split())
    except SystemExit as error:
        return error.code


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert code_of(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("study.run: ")
    assert message in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_arguments_are_checked_before_torch_and_ray_are_imported():
    check = (
        "import sys; from study import run; code = run.main(['--space', 'nope']);"
        "print(code, sorted({'torch', 'ray', 'optuna', 'pandas', 'timm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2 []"


def test_a_deterministic_study_is_exact():
    exact = [options.parse(words).exact for words in ([], ["--exact"], ["--deterministic"])]
    assert exact == [False, True, True]


def test_gpus_are_an_amount_or_left_to_their_memory():
    given = [options.parse(["--gpus-per-trial", each]).gpus_per_trial for each in ("0", "0.25", "2", "auto")]
    assert [*given, options.parse([]).gpus_per_trial] == [0.0, 0.25, 2.0, arguments.AUTO, None]


def test_a_hyperparameter_is_fixed_in_all_cells_of_a_scale():
    words = "--space gtsrb --set image_size=48 --set crop=None --set class_weights=balanced --set lr_decay=1"
    with pytest.raises(UserError, match="'lr_decay' is set and not read by any cell's regime"):
        resolve(options.parse(words.split()))
    question = resolve(options.parse(words.split()[:-2]))
    assert {(cell.values["image_size"], cell.values["class_weights"]) for cell in question.cells} == {(48, "balanced")}
    assert question.space.fixed["crop"] is None


def test_list_gives_a_line_for_each_space(capsys):
    assert run.main(["--list"]) == 0
    assert capsys.readouterr().out.startswith("animals ")


LEVELS = """from study.space import Space
SPACE = Space("animals/animal", {"weights": ("labels:animals", "labels:pets")}, fixed={"regime": "fine_tune"}, trials=1)
"""


def test_weights_of_another_level_are_trained_on_the_trials_own_folder(tmp_path):
    (tmp_path / "levels.py").write_text(LEVELS)
    words = ["--space", str(tmp_path / "levels.py"), "--data", str(tmp_path)]
    assert len(resolve(options.parse([*words, "--only", "weights=labels:animals"])).cells) == 1
    with pytest.raises(UserError, match="weights 'labels:pets' are trained on task pets: name its real data set"):
        resolve(options.parse(words))
