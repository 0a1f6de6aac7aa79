"""The numbers of each figure, recomputed from the table; the ink only where it says something of its own."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import axes as scales
from analysis.figures import draw, label_fraction, plots
from analysis.figures import looks as style
from analysis.numbers import format, grid, stats, summary
from tests.analysis import synthetic

SCORES, CURVES = (
    next(kind for kind in draw.KINDS if kind.stem == stem) for stem in ("label-fraction", "learning-curves")
)

WITHOUT = ("mean-curves-steps",)
"""Figures that studies have none of whose epochs are equally long."""


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few dots: these tests look at no dot."""
    monkeypatch.setattr(draw, "DPI", 40)


def axes():
    return Figure().subplots()


def test_label_fraction_shows_the_replicates_on_test(made):
    data = label_fraction.data(made)
    assert len(data) == 12
    for row in data.itertuples():
        test = made[(made["cell"] == row.cell) & (made["split"] == "test")]["score"]
        assert (row.mean, row.low, row.high, row.n) == pytest.approx(stats.t_interval(test, (0, 1)))
    assert set(data["split"]) == {"test"}


def test_label_fraction_falls_back_to_the_winners_and_says_so(made):
    data = label_fraction.data(made[made["role"] == "search"])
    winners = summary.cells(made).set_index("cell")["val"]
    assert data.set_index("cell")["mean"].to_dict() == winners.to_dict()
    assert set(data["n"]) == {1}
    assert data[["low", "high"]].isna().all(axis=None)
    assert "validation scores of the cells' winners, n = 1" in SCORES.caption(data)


def test_other_compared_keys_make_panels(made):
    wider = made.assign(cell="family=resnet18, " + made["cell"])
    assert set(label_fraction.data(wider)["panel"]) == {"resnet18"}


def test_one_label_fraction_is_drawn_as_dots_named_on_the_axis():
    ax, data = axes(), label_fraction.data(synthetic.study(fractions=(0.5,)))
    label_fraction.plot(data, ax)
    assert [text.get_text().replace("\n", "") for text in ax.get_xticklabels()] == list(synthetic.REGIMES)
    assert "50 % of the labels (1,720 images)" in ax.get_xlabel()


def test_several_label_fractions_have_ticks_in_per_cent(made):
    ax = axes()
    label_fraction.plot(label_fraction.data(made), ax)
    assert [text.get_text() for text in ax.get_xticklabels()] == [
        "10\n(344 images)",
        "50\n(1,720 images)",
        "100\n(3,440 images)",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("labels asked for (%)", "test accuracy (%)")


def test_a_number_of_images_that_differs_is_left_to_the_caption(made):
    more = made["train_images"] + (made["regime"] == "fine_tune").astype("Int64") * 3
    data, ax = label_fraction.data(made.assign(train_images=more.where(made["label_fraction"] < 1, 3440))), axes()
    label_fraction.plot(data, ax)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["10", "50", "100\n(3,440 images)"]
    assert "10 %: 344–347; 50 %: 1,720–1,723; 100 %: 3,440." in SCORES.caption(data)


def test_the_caption_says_that_validation_keeps_its_labels(made):
    for df in (made, made[made["role"] == "search"]):
        assert "validation split keeps its full labels" in SCORES.caption(label_fraction.data(df))


def test_narrow_panels_name_the_unit_once(made):
    _, ax = Figure().subplots(1, 2)
    label_fraction.plot(label_fraction.data(made), ax)
    assert ax.get_xticklabels()[0].get_text() == "10\n344"
    assert ax.get_xlabel() == "labels asked for (%)\ntraining images"


def test_zero_shot_is_a_level_line_without_interval():
    data, ax = label_fraction.data(synthetic.with_zero_shot()), axes()
    label_fraction.plot(data, ax)
    shot = data[data["regime"] == "zero_shot"]
    assert shot["label_fraction"].tolist() == [0.05, 0.1]
    assert shot[["low", "high"]].isna().all(axis=None)
    line = next(line for line in ax.lines if line.get_label() == "zero_shot")
    assert line.get_ydata() == pytest.approx([0.21, 0.21])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["5\n(172 images)", "10\n(344 images)"]
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()
    assert "zero_shot trains nothing" in SCORES.caption(data)


@pytest.mark.parametrize("drop", ["", ", label_fraction=0.05"])
def test_zero_shot_alone_or_without_a_fraction_is_drawn(drop):
    df = synthetic.with_zero_shot()
    df = df[df["cell"].str.contains("zero_shot")]
    df = df.assign(cell=df["cell"].str.replace(drop, "") if drop else df["cell"])
    ax = axes()
    label_fraction.plot(label_fraction.data(df), ax)
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()


def test_one_epoch_is_a_visible_mark():
    data, ax = plots.curves_data(synthetic.with_zero_shot()), axes()
    plots.curves_plot(data[data["cell"] == data["cell"].iloc[0]], ax)
    assert "." in {line.get_marker() for line in ax.lines}


def test_curves_are_the_validation_rows_of_search_and_replicates(made):
    data = plots.curves_data(made)
    rows = made[(made["split"] == "val") & (made["metric"] == "accuracy")]
    assert len(data) == len(rows)
    assert data["score"].sum() == pytest.approx(rows["score"].sum())
    kinds = data.drop_duplicates("trial")["kind"].value_counts()
    assert (kinds["winner"], kinds["replicate"]) == (12, 60)


def test_curves_of_trials_are_not_joined(made):
    one = plots.curves_data(made)
    one = one[one["cell"] == one["cell"].iloc[0]]
    ax = axes()
    plots.curves_plot(one, ax)
    pruned = next(line for line in ax.lines if line.get_label() == "pruned")
    assert np.isnan(pruned.get_xdata()).sum() == one[one["kind"] == "pruned"]["trial"].nunique()
    assert not (np.diff(pruned.get_xdata()) < 0).any()


def test_learning_rate_response_has_each_search_trial_once(made):
    data = plots.lr_data(made)
    once = made[made["role"] == "search"].drop_duplicates("trial").set_index("trial")
    assert set(data["trial"]) == set(once[once["state"] != "failed"].index)
    assert data.set_index("trial")["lr"].to_dict() == once.loc[data["trial"], "lr"].to_dict()
    assert data[data["kind"] == "pruned"]["epoch"].max() == 2


def test_freezing_depth_response_is_of_cells_that_read_it(made):
    assert set(plots.depth_data(made)["regime"]) == {"partial_freeze"}
    assert plots.depth_data(synthetic.study(regimes=("scratch",))).empty


def test_a_regime_looks_the_same_whatever_else_is_there():
    looks = [style.look(name) for name in grid.REGIMES]
    assert len({look.marker for look in looks}) == len({str(look.dash) for look in looks}) == len(looks)
    assert len({look.colour for look in looks}) == len(looks)
    assert set(style.LOOKS) == set(grid.REGIMES)
    assert style.look("of my own") == style.OTHER


def test_models_have_one_look_in_every_figure():
    df = synthetic.models(epochs=2)
    numbers = [label_fraction.data(df), plots.curves_data(df), plots.lr_data(df)]
    looks = [dict(zip(data["contender"], data["look"], strict=True)) for data in numbers]
    assert looks == [{"cnn": "1", "meta_extractor": "2", "parallel_net": "3"}] * 3
    assert set(numbers[0]["panel"]) == {"as published", "only learning_rate", "only batchnorm", "corrected"}


def test_models_are_drawn_as_dots_or_as_lines():
    ax, df = axes(), synthetic.models(versions=(), missing=False, epochs=2)
    label_fraction.plot(label_fraction.data(df), ax)
    assert [text.get_text().replace("\n", "") for text in ax.get_xticklabels()] == list(synthetic.MODELS)
    assert ax.get_xlabel() == "model, at 100 % of the labels (3,440 images)"
    half = df.assign(label_fraction=0.5, cell=df["cell"] + ", label_fraction=0.5", trial="c1" + df["trial"].str[1:])
    half = half.assign(replicate_of="c1" + half["replicate_of"].str[1:])
    both, ax = pd.concat([df.assign(cell=df["cell"] + ", label_fraction=1"), half]), axes()
    label_fraction.plot(label_fraction.data(both), ax)
    assert [line.get_label() for line in ax.containers] == list(synthetic.MODELS)
    assert "Models are shifted sideways" in SCORES.caption(label_fraction.data(both))


def test_many_names_in_narrow_panels_are_turned():
    data = label_fraction.data(synthetic.models(epochs=2))
    for columns, turned in ((1, 0), (5, 90)):
        ax = np.ravel(Figure().subplots(1, columns))[0]
        label_fraction.plot(data[data["panel"] == "corrected"], ax)
        assert ax.get_xticklabels()[0].get_rotation() == turned


def test_trials_as_published_are_curves_of_their_own():
    data = plots.curves_data(synthetic.models(epochs=2))
    published = data[data["kind"] == "published"]
    assert published["trial"].nunique() == 15
    assert set(published["panel"]) == {f"{name} · as published" for name in synthetic.MODELS}
    assert "15 trials as published)" in CURVES.caption(data)
    assert not plots.lr_data(synthetic.models(epochs=2))["cell"].str.contains("published").any()


@pytest.fixture(scope="module")
def few():
    """Few cells, but as many trials in each as all figures need."""
    return synthetic.study(("partial_freeze", "fine_tune"), (0.1, 1.0), searched=8, repeated=2, epochs=3)


@pytest.mark.parametrize("kind", draw.KINDS, ids=lambda kind: kind.stem)
def test_every_picture_has_words_with_n_and_the_interval(few, kind):
    pictures = list(draw.pictures(kind, kind.data(few), synthetic.SOURCE))
    assert pictures or kind.stem in WITHOUT
    for picture in pictures:
        assert "n = " in picture.caption
        assert "95 % " in picture.caption or "no interval" in picture.caption
        assert len(picture.alt) > 60
        assert picture.png.startswith(b"\x89PNG")


def test_many_cells_are_drawn_on_several_pages(monkeypatch):
    monkeypatch.setattr(draw, "_draw", lambda *_: (b"", b""))
    df = synthetic.study(fractions=(0.1, 0.2, 0.4, 0.6, 1.0), searched=2, repeated=0, epochs=2)
    kind = next(kind for kind in draw.KINDS if kind.stem == "learning-rate")
    assert [picture.stem for picture in draw.pictures(kind, kind.data(df), "")] == [
        "learning-rate-1",
        "learning-rate-2",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0031, "0.0031"), (1.24e-5, "1.2e-5"), (1e-4, "1e-4"), (3, "3"), ("adamw", "adamw"), (None, "–"), (0.0, "0")],
)
def test_numbers_are_short(value, text):
    assert format.number(value) == text


def test_powers_of_ten():
    assert [format.power(rate) for rate in (1e-3, 0.002, 0.0025)] == ["10⁻³", "2·10⁻³", "0.0025"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (2e-4, 4e-3, (3e-4, 1e-3, 3e-3)),
        (1e-5, 1e-1, (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)),
        (1.1e-3, 2.9e-3, (0.0015, 0.002, 0.0025)),
    ],
)
def test_an_axis_of_few_decades_has_more_than_powers_of_ten(low, high, ticks):
    found = scales.Ticks(numticks=6).tick_values(low, high)
    assert [tick for tick in found if low * 0.999 < tick < high * 1.001] == pytest.approx(ticks)


def test_an_end_that_rounds_to_one_half_keeps_its_digits():
    assert format.probability(stats.Interval(1, 0.50101, 1, 3)) == "1.00 [0.501, 1.00]"
    assert format.probability(stats.Interval(0.75, 0.5, 0.4999, 3)) == "0.75 [0.50, 0.4999]"
    assert format.probability(stats.Interval(0.7, 0.45, 0.9, 3)) == "0.70 [0.45, 0.90]"


@pytest.mark.parametrize(("p", "text"), [(2 / 70, "0.0286"), (0.1, "0.1"), (1, "1"), (1e-5, "< 0.0001"), (np.nan, "–")])
def test_a_p_is_short(p, text):
    assert format.p_value(p) == text


def test_curves_on_the_test_split_say_so():
    data = plots.curves_data(synthetic.on_test(synthetic.models(epochs=2)))
    kind = CURVES
    assert set(data[data["val_is_test"]]["kind"]) == {"published"}
    assert data["val_is_test"].any()
    said = "3 of 12 panels are validated on the test split, as published: their curves are the test's."
    assert kind.caption(data).endswith(said)
    assert kind.alt(data).endswith(said)
    for on_test, words in ((True, ["validated on the test split,\nas published"]), (False, [])):
        ax = axes()
        plots.curves_plot(data[data["val_is_test"] == on_test], ax)
        assert [text.get_text() for text in ax.texts] == words


def test_curves_on_validation_say_nothing_of_the_test(made):
    data = plots.curves_data(made)
    assert not data["val_is_test"].any()
    assert "test split" not in CURVES.caption(data)


def test_a_figure_is_drawn_by_its_name(made):
    (picture,) = draw.draw("label-fraction", made)
    assert picture.stem == "label-fraction"
    assert picture._repr_png_() == picture.png
    assert picture.png.startswith(b"\x89PNG")
    assert draw.draw("label-fraction", made.iloc[:0]) == []
    with pytest.raises(ValueError, match="unknown figure 'labels'; one of label-fraction, "):
        draw.draw("labels", made)
