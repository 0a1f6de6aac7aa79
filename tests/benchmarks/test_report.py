"""The studies that the report is timed on have about as many trials as asked for."""

import pytest

from benchmarks import report


@pytest.mark.parametrize("name", report.KINDS)
def test_a_study_has_about_as_many_trials_as_asked_for(name):
    df = report.KINDS[name](report.LEAST)
    assert df["trial"].nunique() == pytest.approx(report.LEAST, rel=0.2)
    assert df["role"].eq("search").any()


def test_the_page_is_timed(tmp_path, monkeypatch):
    def written(words, **_):
        (tmp_path / "report.html").write_bytes(bytes(2_000_000))

    monkeypatch.setattr(report.subprocess, "run", written)
    wall, used, size = report.measured(report.plain(report.LEAST), tmp_path)
    assert wall >= 0 <= used
    assert size == 2
