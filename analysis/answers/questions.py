"""The questions that a report answers first, in the order that a reader asks them.

A question is one module of this folder and one line here; how an answer is worked out is that module's own.
"""

from typing import NamedTuple

import pandas as pd

from analysis.answers import choices, forgetting, label_savings, unsettled, verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import table


class Question(NamedTuple):
    """A question, its answers, and the rule behind them."""

    text: str
    answers: list[Answer]
    rule: str


def answers(whole: pd.DataFrame) -> list[Question]:
    """The questions that a table can answer, in the order that a reader asks them.

    Args:
        whole: a study's table, with the rows of pretraining and of earlier tasks if it has any.

    Returns:
        Those with at least one answer; none for an empty table.
    """
    df, _ = table.apart(whole)
    if df.empty:
        return []
    questions = [
        Question("Which wins, and by how much?", verdicts.sentences(df), verdicts.RULE),
        Question("Which freezing depth and learning rate?", choices.sentences(df), choices.RULE),
        Question("How many labels are saved?", label_savings.sentences(df), label_savings.RULE),
        Question("What was forgotten of earlier tasks?", [*map(Answer, forgetting.sentences(whole))], forgetting.RULE),
        Question("What could not be concluded?", unsettled.sentences(df), unsettled.RULE),
    ]
    return [question for question in questions if question.answers]
