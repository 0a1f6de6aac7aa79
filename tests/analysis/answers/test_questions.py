"""The questions that open a report, each with answers that have their interval."""

import pkgutil
import re
from importlib import import_module

import pytest

import analysis.answers
from analysis.answers import questions
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_every_module_of_a_question_has_sentences_and_a_rule():
    names = {module.name for module in pkgutil.iter_modules(analysis.answers.__path__)} - {"overview", "questions"}
    assert len(names) >= 5
    for name in names:
        module = import_module(f"analysis.answers.{name}")
        assert getattr(questions, name) is module, f"{name} has no line in questions.py"
        assert callable(module.sentences)
        assert isinstance(module.RULE, str)


def test_the_questions_come_in_a_readers_order(made_table):
    """Others may stand between them."""
    texts = [question.text for question in questions.answers(made_table)]
    known = ("Which wins, and by how much?", "Which freezing depth and learning rate?", "How many labels are saved?")
    assert [text for text in texts if text in known] == list(known)
    assert texts[-1] == "What could not be concluded?"


@pytest.mark.parametrize("df", [synthetic.study(epochs=2), synthetic.models(), synthetic.pretrained()])
def test_no_claim_of_scores_without_its_interval(df):
    df = df[df["role"] != "pretrain"]
    for question in questions.answers(StudyTable(df)):
        for answer in question.answers:
            if question.text.startswith("Which wins"):
                assert re.search(r"-?\d+\.\d\d \[-?\d+\.\d\d, -?\d+\.\d\d\]", answer.claim)
            assert re.search(r"\[.+, .+\]|in all of the interval|\d+ of \d+|trials|no interval", answer.claim)


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_studies_without_a_winner_report_what_is_missing(made, state):
    *_, question = questions.answers(StudyTable(made[made["role"] == "search"].assign(state=state)))
    assert question.answers[0].claim.startswith("12 of 12 cells have no test score yet: ")


def test_a_missing_metric_and_cells_that_cannot_run(made):
    *_, question = questions.answers(StudyTable(made[made["metric"] == "loss"]))
    assert "no test score yet" in question.answers[0].claim
    models = synthetic.models(epochs=1)
    assert questions.answers(StudyTable(models[models["state"] == "not_run"])) == []


def test_one_cell_and_no_cell(made):
    one = questions.answers(StudyTable(made[made["cell"] == made["cell"].iloc[0]]))
    assert "Which freezing depth and learning rate?" in [question.text for question in one]
    assert not {"Which wins, and by how much?", "How many labels are saved?"} & {question.text for question in one}
    assert questions.answers(StudyTable(made.iloc[:0])) == []
