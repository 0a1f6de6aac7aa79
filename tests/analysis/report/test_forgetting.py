"""The report of a study whose trials learnt other tasks earlier."""

import re

import pandas as pd
import pytest

from analysis.answers import forgetting as forgetting_claims
from analysis.numbers import forgetting, table
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic, synthetic_chains
from tests.analysis.synthetic import said as report_text

pytestmark = pytest.mark.slow


def beside(folder):
    """A report's page without the parts about forgetting, and every other file that is not about forgetting."""
    page = (folder / "report.html").read_text()
    for part in (r"<h2>Forgetting</h2>.*?(?=<h2>)", r"<h3>What was forgotten of earlier tasks\?</h3>.*?(?=<h3>)"):
        page = re.sub(part, "", page, flags=re.DOTALL)
    files = {path.name: path.read_bytes() for path in folder.glob("*/*") if "forgetting" not in path.name}
    return page, files


@pytest.mark.usefixtures("undrawn")
def test_rows_of_earlier_tasks_change_nothing_in_the_rest(tiny, tmp_path):
    whole = synthetic_chains.with_earlier(tiny.assign(published=0.7))
    earlier = whole[table.earlier(whole)].assign(train_images=99_999, seconds=1e6, phase=7).astype(table.COLUMNS)
    report_text(tiny.assign(published=0.7), tmp_path / "without")
    text = report_text(pd.concat([earlier, whole[~table.earlier(whole)]]), tmp_path / "with")
    assert beside(tmp_path / "with") == beside(tmp_path / "without")
    assert "<h2>Forgetting</h2>" in text
    assert not list((tmp_path / "without").glob("*/*forgetting*"))


@pytest.mark.usefixtures("undrawn")
def test_a_study_of_chains_reports_what_was_forgotten(tmp_path):
    df = synthetic_chains.chain(versions=("batchnorm_drift",), epochs=2)
    text = " ".join(report_text(df, tmp_path).split())
    answers = text[text.index("<h3>What was forgotten of earlier tasks?</h3>") :].split("</ul>")[0]
    assert [sentence for sentence in forgetting_claims.sentences(StudyTable(df)) if sentence not in answers] == []
    part = text[text.index("<h2>Forgetting</h2>") :].split("<h2>")[1]
    assert "animals was learnt earlier than the last" in part
    assert part.count("<img ") == 2
    assert "arXiv:1801.10112" in part
    rows = pd.read_csv(tmp_path / "tables" / "forgetting.csv")
    assert rows["forgetting"].tolist() == pytest.approx(forgetting.numbers(StudyTable(df))["forgetting"].tolist())
    for name in ("forgetting", "forgetting-curves"):
        assert (tmp_path / "tables" / f"figure-{name}.csv").exists()
        assert (tmp_path / "figures" / f"{name}.svg").exists()
    report_text(df[~table.earlier(df)], tmp_path)
    assert not list((tmp_path / "figures").glob("forgetting*"))


def test_a_chain_without_replicates_yet_says_so(tmp_path):
    df = synthetic_chains.chain(regimes=("fine_tune",), versions=("corrected",), epochs=2)
    text = report_text(df[df["role"] == "search"], tmp_path)
    assert "No replicate has been scored on an earlier task before and after yet." in text
    assert "Not drawn: no replicate has been scored on an earlier task before and after." in text


@pytest.mark.usefixtures("undrawn")
def test_the_data_of_earlier_tasks_are_named(tiny, tmp_path):
    df = synthetic_chains.with_earlier(tiny)
    other = df["data"].mask(table.earlier(df), "stand-in: drawn animals")
    assert f"{synthetic.SOURCE}; earlier tasks are of stand-in: drawn animals" in report_text(
        df.assign(data=other), tmp_path
    )
