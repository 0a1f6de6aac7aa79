"""The inspection of many images is measured as it is killed, resumed and repeated."""

import pytest

from benchmarks import inspection


@pytest.mark.slow
def test_what_was_scanned_before_a_kill_is_not_scanned_again(tmp_path):
    killed, resumed, again, changed = inspection.measure(tmp_path, 3_000, 32, 3)
    assert killed.scanned + resumed.scanned == 3_000
    assert again.scanned == 0
    assert 0 < changed.scanned < 2_500
    assert {figures.near for figures in (resumed, again)} == {0}
    assert len(inspection.report([killed, resumed, again, changed], 3_000).splitlines()) == 6
