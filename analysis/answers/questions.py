"""The questions that a report answers first, in the order that a reader asks them.

A question is one module of this folder and one line here; how an answer is worked out is that module's own.
"""

from typing import NamedTuple

from analysis.answers import choices, forgetting, label_savings, networks, unsettled, verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers.study_table import StudyTable


class Question(NamedTuple):
    """A question, its answers, and the rule behind them."""

    text: str
    answers: list[Answer]
    rule: str


def answers(table: StudyTable) -> list[Question]:
    """The questions that a table can answer, in the order that a reader asks them.

    Returns:
        Those with at least one answer; none for an empty table.
    """
    if table.trial_rows.empty:
        return []
    questions = [
        Question("Which wins, and by how much?", verdicts.sentences(table), verdicts.RULE),
        Question("Which network, and which at a quarter of the cost?", networks.sentences(table), networks.RULE),
        Question("Which freezing depth and learning rate?", choices.sentences(table), choices.RULE),
        Question("How many labels are saved?", label_savings.sentences(table), label_savings.RULE),
        Question("What was forgotten of earlier tasks?", [*map(Answer, forgetting.sentences(table))], forgetting.RULE),
        Question("What could not be concluded?", unsettled.sentences(table), unsettled.RULE),
    ]
    return [question for question in questions if question.answers]
