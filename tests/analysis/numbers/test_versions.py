"""As published beside corrected, recomputed from the table in the plainest way."""

import pytest
from scipy import stats as scipy_stats

from analysis.numbers import stats, versions
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(scope="module")
def models():
    return synthetic.models()


@pytest.fixture(scope="module")
def models_table(models):
    return StudyTable(models)


def on_test(df, cell):
    return df[(df["cell"] == cell) & (df["split"] == "test")]["score"]


def test_each_version_has_its_test_scores(models, models_table):
    numbers = versions.numbers(models_table)
    assert numbers["place"].unique().tolist() == [*synthetic.MODELS, "nasnet"]
    assert numbers["version"].tolist() == list(synthetic.CAUSES) * 4
    for row in numbers[~numbers["not_run"]].itertuples():
        assert (row.mean, row.low, row.high, row.n) == pytest.approx(
            stats.t_interval(on_test(models, row.cell), (0, 1))
        )
    assert numbers.groupby("version")["published"].count().to_dict() == {
        "published": 4,
        "learning_rate": 0,
        "batchnorm": 0,
        "corrected": 0,
    }


def test_the_text_puts_the_versions_side_by_side(models_table):
    texts, numbers = versions.text(models_table), versions.numbers(models_table)
    heads = ["", "published", "as published, measured", "only learning_rate", "only batchnorm", "corrected"]
    assert texts.columns.tolist() == heads
    assert texts["published"].tolist() == ["88.00", "85.00", "92.00", "40.00"]
    row = numbers.iloc[0]
    assert texts.iloc[0, 2] == f"{100 * row['mean']:.2f} [{100 * row['low']:.2f}, {100 * row['high']:.2f}], n = 5"
    assert set(texts.iloc[3, 2:]) == {"not run"}


def test_without_a_published_figure_its_column_is_left_out(models):
    assert "published" not in versions.text(StudyTable(models.assign(published=float("nan"))))


def test_a_cause_costs_the_difference_with_welchs_interval(models, models_table):
    causes = versions.causes(models_table)
    assert causes["cause"].tolist() == ["published", "learning_rate", "batchnorm"] * 3
    for row in causes.itertuples():
        a, b = (on_test(models, f"model={row.place}, version={name}") for name in ("corrected", row.cause))
        ends = scipy_stats.ttest_ind(a, b, equal_var=False).confidence_interval()
        assert (row.cost, row.low, row.high) == pytest.approx((a.mean() - b.mean(), *ends))
        assert (row.p, row.p_low, row.p_high) == pytest.approx(stats.improvement(a, b)[:3])
    names = ["everything as published (all causes, its recipe)", "learning_rate"]
    assert versions.causes_text(models_table)["cause"].tolist()[:2] == names


@pytest.mark.slow
def test_training_images_are_included_if_they_differ(models, models_table):
    table = StudyTable(synthetic.on_test(models))
    causes, texts = versions.causes(table), versions.causes_text(table)
    assert causes[["images_corrected", "images_cause"]].head(2).to_numpy().tolist() == [[3440, 3840], [3440, 3440]]
    assert texts["images"].tolist() == ["3,440 and 3,840", "3,440", "3,440"] * 3
    assert "images" not in versions.causes_text(models_table)


def test_a_version_that_predicts_one_class_is_marked(models):
    cell = models["cell"] == "model=cnn, version=published"
    last = cell & (models["epoch"] == models["epoch"].max())
    texts = versions.text(StudyTable(models.assign(alarms=models["alarms"].mask(last, "constant_class: all"))))
    assert (
        texts["as published, measured"].str.contains("] (one class), n = 5", regex=False).tolist()
        == [True] + [False] * 3
    )


def test_one_repetition_has_a_cost_without_interval():
    causes = versions.causes(StudyTable(synthetic.models(repeated=1, missing=False, epochs=2)))
    assert causes["cost"].notna().all()
    assert causes[["low", "high", "p_low", "p_high"]].isna().all(axis=None)


def test_what_seeds_cannot_change_has_a_cost_without_interval(models):
    fixed = StudyTable(models.assign(regime="zero_shot", score=models["score"].mask(models["split"] == "test", 0.5)))
    assert versions.causes(fixed)[["cost", "p"]].drop_duplicates().to_numpy().tolist() == [[0, 0.5]]
    assert versions.causes(fixed)[["low", "high"]].isna().all(axis=None)


def test_without_versions_there_is_nothing(made, made_table):
    for rows in (versions.numbers, versions.text, versions.causes, versions.causes_text):
        assert rows(made_table).empty
    assert versions.text(StudyTable(made.iloc[:0])).empty


def test_without_a_corrected_cell_nothing_costs(models):
    assert versions.causes(StudyTable(models[~models["cell"].str.contains("corrected")])).empty


def test_trials_as_published_repeat_their_cell(models, models_table):
    cells = models_table.cells.set_index("cell")
    cell = cells.loc["model=cnn, version=published"]
    rows = models[(models["cell"] == cell.name) & (models["metric"] == "accuracy")]
    ends = rows[(rows["split"] == "val") & (rows["epoch"] == 4)]["score"]
    assert (cell["val"], cell["replicates_val"]) == pytest.approx((ends.mean(), ends.mean()))
    assert cell["winner"] is None or cell[["winner", "best_epoch"]].isna().all()
    assert (cell["lr"], cell["replicates"], cell["trials"], cell["complete"]) == (1e-3, 5, 5, 5)
    never = cells.loc["model=nasnet, version=corrected"]
    assert (never["not_run"], never["trials"], never["replicates"]) == (1, 0, 0)
