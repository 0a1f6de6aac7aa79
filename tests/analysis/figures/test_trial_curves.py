"""The learning curves of trials: the validation rows of the table, drawn trial by trial."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.figures import trial_curves
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def axes():
    return Figure().subplots()


def test_one_epoch_is_a_visible_mark():
    data, ax = trial_curves.data(StudyTable(synthetic.with_zero_shot())), axes()
    trial_curves.plot(data[data["cell"] == data["cell"].iloc[0]], ax)
    assert "." in {line.get_marker() for line in ax.lines}


def test_curves_are_the_validation_rows_of_search_and_replicates(made, made_table):
    data = trial_curves.data(made_table)
    rows = made[(made["split"] == "val") & (made["metric"] == "accuracy")]
    assert len(data) == len(rows)
    assert data["score"].sum() == pytest.approx(rows["score"].sum())
    kinds = data.drop_duplicates("trial")["kind"].value_counts()
    assert (kinds["winner"], kinds["replicate"]) == (12, 60)


def test_curves_of_trials_are_not_joined(made_table):
    one = trial_curves.data(made_table)
    one = one[one["cell"] == one["cell"].iloc[0]]
    ax = axes()
    trial_curves.plot(one, ax)
    pruned = next(line for line in ax.lines if line.get_label() == "pruned")
    assert np.isnan(pruned.get_xdata()).sum() == one[one["kind"] == "pruned"]["trial"].nunique()
    assert not (np.diff(pruned.get_xdata()) < 0).any()


def test_trials_as_published_are_curves_of_their_own():
    data = trial_curves.data(StudyTable(synthetic.models(epochs=2)))
    published = data[data["kind"] == "published"]
    assert published["trial"].nunique() == 15
    assert set(published["panel"]) == {f"{name} · as published" for name in synthetic.MODELS}
    assert "15 trials as published)" in trial_curves.caption(data)


def test_curves_on_the_test_split_say_so():
    data = trial_curves.data(StudyTable(synthetic.on_test(synthetic.models(epochs=2))))
    assert set(data[data["val_is_test"]]["kind"]) == {"published"}
    assert data["val_is_test"].any()
    sentence = "3 of 12 panels are validated on the test split, as published: their curves are the test's."
    assert trial_curves.caption(data).endswith(sentence)
    assert trial_curves.alt(data).endswith(sentence)
    for on_test, words in ((True, ["validated on the test split,\nas published"]), (False, [])):
        ax = axes()
        trial_curves.plot(data[data["val_is_test"] == on_test], ax)
        assert [text.get_text() for text in ax.texts] == words


def test_curves_on_validation_say_nothing_of_the_test(made_table):
    data = trial_curves.data(made_table)
    assert not data["val_is_test"].any()
    assert "test split" not in trial_curves.caption(data)
