"""Numbers, durations and texts that are odd, of every command, and classes of somebody's own in spaces."""

from functools import partial

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case, nothing
from tests.bad_inputs.spaces import _field, _file, _fixed

NINES = "9" * 5000
SENT = "-- --space gtsrb --out /mnt/share/study"
FOREVER = """
import itertools


class Mapping(dict):
    def __iter__(self):
        return map(str, itertools.count())

    def items(self):
        return ((str(each), each) for each in itertools.count())

    keys = __iter__


class Values(tuple):
    def __len__(self):
        return 2

    def __iter__(self):
        return (1 / each for each in itertools.count(1))
"""


def _run(name: str, words: str, said: str) -> Case:
    return Case(name, f"--space {{tiny}} {words}", 2, said)


def _of(module: str, name: str, words: str, said: str) -> Case:
    return Case(name, words, 2, said, nothing, module)


def _endless(name: str, said: str, **changes: str) -> Case:
    text = spaces.text(**changes)
    return Case(name, "--space mine.py", 2, said, partial(spaces.write, FOREVER + text))


def _lora(name: str, said: str, rank: float, layers: str = "all") -> Case:
    return _field(name, said, fixed=_fixed(regime="lora", weights="none", lora_rank=rank, lora_layers=layers))


CASES = [
    _run("a seed of 5,000 digits", f"--seed {NINES}", "is no seed; write a whole number from 0"),
    _run("trials of 5,000 digits", f"--trials {NINES}", "argument --trials: invalid int value"),
    _run("a billionth of a CPU", "--cpus-per-trial 1e-9", "'1e-9' is too small a part; write 0.01 or more"),
    _run("a billionth of a GPU", "--gpus-per-trial 1e-9", "'1e-9' is too small a part; write 0.01 or more, or auto"),
    _run("a budget of no time", "--time-budget 0s", "'0s' ends before anything is done; write 90s, 30m or 2h"),
    _run("trials that may take no time", "--trial-timeout 0.0h", "'0.0h' ends before anything is done"),
    _run("a budget of 400 digits", f"--time-budget {'9' * 400}s", "is longer than anybody waits; write 90s, 30m or 2h"),
    _run("results nowhere", "--out ''", "argument --out: '' names nothing; write . for this folder"),
    _run("images nowhere", "--data ''", "argument --data: '' names nothing"),
    _run("an address of two lines", "--address 'a\nb:1'", r"--address a\nb:1: no Ray cluster answers there"),
    _run("an address of 100,000 letters", f"--address {'h' * 100000}:1", "h:1: no Ray cluster answers there ("),
    _field("a head of 10 billion weights", "between its layers; 100,000,000 at most", fixed=_fixed(head="99999-99999")),
    _field(
        "a batch of 10¹² images", "batch_size 1000000000000 must be at most 100,000", fixed=_fixed(batch_size=10**12)
    ),
    _field("10¹² batches a step", "accumulate 1000000000000 must be at most", fixed=_fixed(accumulate=10**12)),
    _field("10¹² views", "views 1000000000000 must be at most 100,000", fixed=_fixed(views=10**12)),
    _field("10¹² outputs", "head_classes 1000000000000 must be at most", fixed=_fixed(head_classes=10**12)),
    _field(
        "rates that grow by 10⁹⁹ a stage",
        "lr_decay 1e+99 must be above 0, and at most 1000",
        fixed=_fixed(regime="discriminative", weights="none", lr_decay=1e99),
    ),
    _lora("a rank of 0", "lora_rank 0 must be at least 1", 0),
    _lora("a rank below 0", "lora_rank -1 must be at least 1", -1),
    _lora("a rank of one and a half", "lora_rank 1.5 (float) must be an int", 1.5),
    _lora("a rank of a million", "lora_rank 1000000 must be at most 100,000", 10**6),
    _lora("a rank above every layer's", "lora_rank 300: no matrix in the stages of small_cnn that train has a", 300),
    _lora("additions to attention that is not there", "of small_cnn that train have no matrix of", 4, "attention"),
    _field("a rank that nobody reads", "'lora_rank' is set and not read by any cell's", fixed=_fixed(lora_rank=4)),
    _endless("a dict without an end", "fixed {} must be a dict", fixed="Mapping()"),
    _endless("grids without an end", "compared {} must be a dict", compared="Mapping()"),
    _endless("a dict without an end among settings", "needs a dict", settings="{'label_fraction=0.1': Mapping()}"),
    _endless("a dict without an end among weights", "sources: 'w' needs a dict", sources="{'w': Mapping()}"),
    _endless("a dict without an end as a scale", "demo: fixed", demo="{'fixed': Mapping()}"),
    _endless("a dict without an end as a figure", "a number or a dict", published="{'label_fraction=0.1': Mapping()}"),
    _endless("values without an end", "needs a tuple of values", compared="{'label_fraction': Values((0.1, 0.2))}"),
    _endless("a choice without an end", "needs values", tuned="{'lr': choice().__class__(Values((0.1, 0.2)))}"),
    _file(
        "a space that raises what is no Exception", "raise GeneratorExit\n", "space file 'mine.py' fails: GeneratorExit"
    ),
    _file(
        "a space whose names cannot be looked up",
        "def __getattr__(name):\n    raise ValueError('odd')\n",
        "space 'mine.py' fails: ValueError: odd",
    ),
    _of(
        "study.pretrain",
        "weights of images in a batch of 10¹²",
        "--task rotation:gtsrb --set batch_size=1000000000000",
        "batch_size 1000000000000 must be at most 100,000",
    ),
    _of("study.pretrain", "weights of data nowhere", "--task rotation:gtsrb --data ''", "'' names nothing"),
    _of(
        "study.predict", "the likeliest of 5,000 digits", f"out a.png --top {NINES}", "is no number of classes; write 1"
    ),
    _of("study.predict", "labels into nowhere", "out a.png --csv ''", "argument --csv: '' names nothing"),
    _of("study.watch", "views that are made once in 400 digits", f"out --every {'9' * 400}h", "is longer than anybody"),
    _of("study.watch", "views of nothing", "''", "'' names nothing; write . for this folder"),
    _of("study.records", "a table of a folder that is nowhere", "''", "'' names nothing; write . for this folder"),
    _of("study.records", "a table with an unknown option", "out --ot x", "unrecognized arguments: --ot x; the options"),
    _of("analysis", "a report into nowhere", "{golden}/regimes --out ''", "argument --out: '' names nothing"),
    _of(
        "study.submit", "a study sent to a port that is none", f"--address http://127.0.0.1:x {SENT}", "no Ray cluster"
    ),
    _of("study.submit", "a study sent to two words", f"--address 'http://a b/' {SENT}", "no Ray cluster answers there"),
    _of("study.submit", "a study followed and stopped", "--address http://127.0.0.1:9 --follow x --stop y", "name one"),
]
