"""Studies larger than anybody means, refused from their lengths alone. Knows no data."""

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case
from tests.bad_inputs.spaces import _field, _file

NESTED = "from study.space import *\na = {start}\nfor _ in range(12):\n    a = {step}\n"
SPACE = "SPACE = Space({fields})\n"
FRACTIONS = "tuple(i / {count} for i in range(1, {count}))"
BOMB = NESTED.format(start="('x',)", step="(a,) * 10")
DICTS = NESTED.format(start="{'x': 1}", step="{letter: a for letter in 'abcdefghij'}")


def _space(before: str = "from study.space import *\n", **changes: str) -> str:
    """A space file with some lines before its fields."""
    fields = {**spaces.BASE, **changes}
    return before + SPACE.format(fields=", ".join(f"{name}={value}" for name, value in fields.items()))


def _option(name: str, said: str, words: str) -> Case:
    return Case(name, f"--space {{tiny}} {words}", 2, said)


CASES = [
    _field(
        "three million cells",
        "compared has 2,999,999 = 2,999,999 combinations; 10,000 at most",
        compared=f"{{'label_fraction': {FRACTIONS.format(count=3_000_000)}}}",
    ),
    _field(
        "cells by the product",
        "compared has 9,999 × 999 × 9,999 × 8 = 799,0",
        compared="{'label_fraction': tuple(i / 1e4 for i in range(1, 10000)), 'image_size': tuple(range(8, 1007)), "
        "'lr': tuple(i / 1e4 for i in range(1, 10000)), 'weight_decay': tuple(range(8))}",
        tuned="{}",
        baseline="{}",
    ),
    _field("10¹² trials in a space", "trials is 1000000000000; it must be at most 100,000", trials="10**12"),
    _field("a number of 5,000 digits", "trials a value of type int that cannot be written", trials="10**5000"),
    _field("a size of 5,000 digits", "image_size a value of type int", fixed="{'image_size': 10**5000}"),
    _field(
        "infinity as a number",
        "weight_decay inf (float) must be a finite float",
        fixed="{'weight_decay': float('inf')}",
    ),
    _field(
        "a choice of a million values",
        "tuned lr is a choice of 1,000,000 values; 10,000 at most",
        tuned="{'lr': choice(*(i / 1e7 for i in range(1, 1000001)))}",
    ),
    _field("20,000 settings", "settings has 20,000 entries", settings="{f'a={i}': {} for i in range(20000)}"),
    _field("a chain of 101 tasks", "a chain of 101 tasks; 100 at most", task="tuple(f't{i}' for i in range(101))"),
    _file("an alias bomb as a fixed value", _space(BOMB, fixed="{'regime': a}"), "(tuple) must be a str"),
    _file("an alias bomb as a compared value", _space(BOMB, compared="{'label_fraction': a}"), "label_fraction (("),
    _file("an alias bomb as a distribution", _space(BOMB, tuned="{'lr': a}"), "is no distribution; one of uniform"),
    _file("an alias bomb as a scale", _space(DICTS, demo="{'fixed': a}"), "demo: unknown hyperparameter 'a'"),
    _file("an alias bomb as weights", _space(DICTS, sources="{'w': a}"), "no cell starts from weights 'w'"),
    _field("50 MB of text as a value", "has 50,000,000 characters; 1,000 at most", fixed="{'regime': 'x' * 50000000}"),
    _field("50 MB of text as a key", "has 50,000,000 characters", compared="{'x' * 50000000: ('a', 'b')}"),
    _field("50 MB of text as a task", "has 50,000,000 characters", task="'x' * 50000000"),
    _file("an error of 50 MB", "raise ValueError('x' * 50000000)\n", "space file 'mine.py' fails: ValueError: xxx"),
    _file(
        "an error whose text raises",
        "class Odd(Exception):\n    def __str__(self):\n        return 1 / 0\n\n\nraise Odd\n",
        "space file 'mine.py' fails: Odd: its text cannot be made",
    ),
    _field("a rate of 10¹⁵⁰", "lr 1e+150 is beyond 1e+100, the", fixed="{'lr': 1e150}", tuned="{}", baseline="{}"),
    _field("a range up to 10²⁰⁰", "range bound 1e+200 is beyond 1e+100", tuned="{'lr': log_uniform(1e-3, 1e200)}"),
    _field(
        "a range of whole numbers beyond floats",
        "range bound 9223372036854775807 is beyond 9,007,199,254,740,992: a sampler's numbers are floats",
        tuned="{'views': integers(1, 2**63 - 1)}",
    ),
    _field("NUL in a value", "regime 'a\\x00b' has a character that no file", fixed="{'regime': 'a\\0b'}"),
    _field("half of a character in a key", "has a character that no", compared="{'\\udcff': ('a', 'b')}"),
    _field("a million outputs", "head_classes 1000000 must be at most", fixed=spaces._fixed(head_classes=10**6)),
    _field(
        "500 trainings in a line",
        "weights 'w499' go on from others, and these from others, in a line of over 100",
        fixed=spaces._fixed(regime="fine_tune", weights="w499"),
        sources="{f'w{i}': {'pretext': 'rotation', 'weights': f'w{i - 1}'} for i in range(500)}",
    ),
    _option("10¹² trials", "trials is 1000000000000; it must be at most 100,000", "--trials 1000000000000"),
    _option("10⁹ epochs", "epochs is 1000000000; it must be at most 100,000", "--epochs 1000000000"),
    _option("10⁹ replicates", "replicates is 1000000000; it must be at most 100,000", "--replicates 1000000000"),
    _option("10⁹ epochs in all", "epochs in all; 100,000,000 at most", "--trials 100000 --epochs 100000"),
]
