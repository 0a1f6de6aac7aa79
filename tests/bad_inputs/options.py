"""Options that mean nothing, contradict each other, or ask for more than there is. Knows no files but spaces'."""

import os
from pathlib import Path

from tests.bad_inputs.case import Case

PRETRAIN = "study.pretrain"


def _two(here: Path) -> None:
    (here / "data").mkdir()
    (here / "other").mkdir()


def _file(here: Path) -> None:
    (here / "file").write_text("mine")


def _option(name: str, words: str, said: str, code: int = 2) -> Case:
    return Case(name, f"--space {{tiny}} {words}", code, said)


def _pretrain(name: str, words: str, said: str) -> Case:
    return Case(name, words, 2, said, module=PRETRAIN)


CASES = [
    Case("no space", "", 2, "--space is missing; one of animals"),
    _option(
        "an option that does not exist", "--trails 3", "unrecognized arguments: --trails 3; did you mean --trials?"
    ),
    _option("an option cut short", "--epoch 3", "unrecognized arguments: --epoch 3; did you mean --epochs?"),
    _option("a word that belongs to no option", "now", "unrecognized arguments: now; the options are --address"),
    _option("an option without its value", "--trials", "argument --trials: expected one argument"),
    _option("trials 0", "--trials 0", "trials is 0; it must be at least 1"),
    _option("trials -1", "--trials -1", "trials is -1; it must be at least 1"),
    _option("trials 2.5", "--trials 2.5", "argument --trials: invalid int value: '2.5'"),
    _option("epochs 0", "--epochs 0", "epochs is 0; it must be at least 1"),
    _option("replicates -1", "--replicates -1", "replicates is -1; it must be at least 0"),
    _option(
        "seed -1", "--seed -1", "argument --seed: '-1' is no seed; write a whole number from 0 to 9223372036854775807"
    ),
    _option("a seed of 20 digits", "--seed 99999999999999999999", "'99999999999999999999' is no seed; write a whole"),
    _option("a scale that does not exist", "--scale huge", "argument --scale: invalid choice: 'huge' (choose from"),
    _option("only an unknown value", "--only label_fraction=0.3", "label_fraction has no value '0.3'; one of 0.1, 0.2"),
    _option("only an unknown key", "--only regime=scratch", "'regime' is not compared here; one of label_fraction"),
    _option("only without a value", "--only label_fraction=", "label_fraction has no value ''; one of 0.1, 0.2"),
    _option("only without anything", "--only ''", "'' is not compared here; one of label_fraction"),
    _option("a budget without a unit", "--time-budget 90", "'90' is no duration; write 90s, 30m or 2h"),
    _option("a budget that is no time", "--time-budget soon", "'soon' is no duration; write 90s, 30m or 2h"),
    _option("a budget below 0", "--time-budget=-3s", "'-3s' is no duration; write 90s, 30m or 2h"),
    _option("checkpoints every nan", "--checkpoint-every nan", "'nan' is no duration; write 90s, 30m or 2h"),
    _option("0 CPUs", "--cpus-per-trial 0", "0 is no amount of CPUs; write 1, 2 or 0.5"),
    _option("infinitely many CPUs", "--cpus-per-trial inf", "'inf' is no amount; write 1, 2 or 0.5"),
    _option("2.5 CPUs", "--cpus-per-trial 2.5", "'2.5' is no amount: above 1 only whole numbers; write 1, 2 or 0.5"),
    _option(
        "more CPUs than there are", "--cpus-per-trial 4096", f"--cpus-per-trial 4096: there are {os.cpu_count()} CPUs"
    ),
    _option("GPUs nan", "--gpus-per-trial nan", "'nan' is no amount; write 1, 2 or 0.5, or auto"),
    _option("more GPUs than there are", "--gpus-per-trial 64", "--gpus-per-trial 64: there are 0 GPUs in all"),
    _option("a cache below 0", "--cache-gb -1", "'-1' is no amount; write 1, 2 or 0.5"),
    _option("a cache of nan", "--cache-gb nan", "'nan' is no amount; write 1, 2 or 0.5"),
    _option(
        "an address where nobody is", "--address 127.0.0.1:9", "--address 127.0.0.1:9: no Ray cluster answers there"
    ),
    _option(
        "an address that is none", "--address here", "--address here: no Ray cluster answers there (write HOST:PORT"
    ),
    _option(
        "a port that is none", "--address 127.0.0.1:70000", "--address 127.0.0.1:70000: no Ray cluster answers there"
    ),
    _option("a host that does not exist", "--address no.such.host.invalid:6379", "no Ray cluster answers there"),
    _option("--download without --data", "--download", "--download needs --data DIR, the folder to fetch into"),
    Case(
        "a source's data for weights that need none",
        "--space {tiny} --source-data other",
        2,
        "--source-data other: no weights of these cells are trained on another data set",
        _two,
    ),
    _option("a source's data that are nowhere", "--source-data nowhere", "--source-data nowhere: no such folder"),
    Case(
        "--data that is a file",
        "--space {tiny} --data file",
        2,
        "--data file: is a file, and task gtsrb reads a folder",
        _file,
    ),
    Case("--download into a file", "--space {tiny} --data file --download", 2, "--data file: is a file", _file),
    Case(
        "a download that does not exist",
        "--space animals --data data --download",
        2,
        "--download: task 'animals/animal' has no archives to fetch; give its data with --data DIR",
    ),
    _pretrain("weights without a task", "", "the following arguments are required: --task"),
    _pretrain("weights of a pretext alone", "--task rotation", "--task rotation: write PRETEXT:TASK"),
    _pretrain("weights of an unknown pretext", "--task rotate:gtsrb", "unknown pretext 'rotate'; one of"),
    _pretrain("weights of an unknown task", "--task rotation:gtsbr", "unknown task 'gtsbr'; one of animals"),
    _pretrain("weights of no epoch", "--task rotation:gtsrb --epochs 0", "epochs 0 must be at least 1"),
    _pretrain("weights of no image", "--task rotation:gtsrb --images 0", "images 0 must be at least 2"),
    _pretrain(
        "weights from images of 4 px", "--task rotation:gtsrb --image-size 4", "image_size 4 is outside [8, 1024]"
    ),
    _pretrain(
        "weights with a rate of nan", "--task rotation:gtsrb --set lr=nan", "lr nan (float) must be a finite float"
    ),
    _pretrain(
        "weights with a setting that has no value", "--task rotation:gtsrb --set lr", "--set lr: write KEY=VALUE"
    ),
    _pretrain(
        "weights with an unknown option", "--task rotation:gtsrb --sed 3", "unrecognized arguments: --sed 3; did"
    ),
    _pretrain(
        "weights with a seed below 0", "--task rotation:gtsrb --seed -1", "'-1' is no seed; write a whole number"
    ),
]
