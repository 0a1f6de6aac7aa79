"""A contender looks the same in every figure, and different from all others."""

from analysis.figures import label_fraction, looks, lr_response, trial_curves
from analysis.numbers import grid
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_a_regime_looks_the_same_whatever_else_is_there():
    regimes = [looks.look(name) for name in grid.REGIMES]
    assert len({look.marker for look in regimes}) == len({str(look.dash) for look in regimes}) == len(regimes)
    assert len({look.colour for look in regimes}) == len(regimes)
    assert set(looks.LOOKS) == set(grid.REGIMES)
    assert looks.look("of my own") == looks.OTHER


def test_models_have_one_look_in_every_figure():
    df = StudyTable(synthetic.models(epochs=2))
    numbers = [label_fraction.data(df), trial_curves.data(df), lr_response.data(df)]
    by_contender = [dict(zip(data["contender"], data["look"], strict=True)) for data in numbers]
    assert by_contender == [{"cnn": "1", "meta_extractor": "2", "parallel_net": "3"}] * 3
    assert set(numbers[0]["panel"]) == {"as published", "only learning_rate", "only batchnorm", "corrected"}
