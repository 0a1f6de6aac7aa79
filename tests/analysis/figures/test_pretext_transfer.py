"""Transfer against the skill at the pretext, recomputed from the made-up scores."""

import pytest

from analysis.figures import pretext_transfer
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_transfer_is_set_against_the_skill_at_the_pretext():
    made = StudyTable(synthetic.pretrained())
    data = pretext_transfer.data(made)
    assert set(data["weights"]) == {"patches", "touching"}
    assert data.set_index("weights")["pretext"].drop_duplicates().to_dict() == pytest.approx(
        {name: (score - 0.125) / 0.875 for name, score in synthetic.PRETEXT.items()}
    )
    cells = made.cells.set_index("cell")["test_mean"]
    assert data["mean"].tolist() == pytest.approx([cells[cell] for cell in data["cell"]])
