"""What a study answers, first: questions, each with sentences made from the numbers and their intervals.

Knows the order of the questions; knows nothing of how an answer is found, of figures, HTML or files.
"""

from typing import NamedTuple

import pandas as pd

from analysis.answers import choices, forgetting, label_savings, unsettled, verdicts
from analysis.answers.verdicts import Answer
from analysis.numbers import table


class Question(NamedTuple):
    """A question, its answers, and by which rule they are spoken."""

    asked: str
    answers: list[Answer]
    rule: str


def answers(whole: pd.DataFrame) -> list[Question]:
    """The questions that a table says something to, in the order that a reader asks them.

    Args:
        whole: a study's table, with the rows of pretraining and of earlier tasks if it has any.

    Returns:
        Those with at least one answer; none for an empty table.
    """
    df, _ = table.apart(whole)
    if df.empty:
        return []
    forgotten = [verdicts.Answer(sentence) for sentence in forgetting.sentences(whole)]
    found = [
        Question("Which wins, and by how much?", verdicts.verdicts(df), verdicts.WORDS),
        Question("Which freezing depth and learning rate?", choices.sentences(df), choices.RULE),
        Question(
            "How many labels are saved?",
            label_savings.sentences(df),
            f"{label_savings.RULE}. Brackets: {label_savings.KIND}",
        ),
        Question("What was forgotten of earlier tasks?", forgotten, forgetting.RULE),
        Question("What could not be concluded?", unsettled.sentences(df), unsettled.RULE),
    ]
    return [question for question in found if question.answers]
