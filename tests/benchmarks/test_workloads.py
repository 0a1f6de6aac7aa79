"""The spaces that the benchmark writes are sound, and the peers' tasks say the same."""

import json

import pytest

from benchmarks import _workloads, study
from study.cli.catalogue import load
from study.cli.checks import check_cells, check_read
from study.errors import UserError
from study.space.distributions import Range

FAMILY = "efficientnet_lite0"


@pytest.mark.parametrize("workload", _workloads.WORKLOADS, ids=lambda workload: workload.name)
def test_space_and_task_agree(workload, tmp_path):
    path = tmp_path / f"{workload.name}.py"
    path.write_text(_workloads.space(workload, FAMILY, 32))
    space, task = load(str(path)), json.loads(json.dumps(_workloads.task(workload, FAMILY, 32, 1)))
    cells = space.cells()
    check_cells(cells, space.epochs)
    check_read(cells)
    assert len(cells) == len(task["depths"])
    assert [cell.baseline for cell in cells] == [task["baseline"]] * len(cells)
    assert space.tuned == {name: Range(*ends, log=True) for name, ends in task["tuned"].items()}
    assert (space.epochs, space.grace_period) == (task["epochs"], task["grace"])


@pytest.mark.parametrize("family", ["efficientnet_lite0", "nasnet_mobile", "small_cnn"])
def test_mixed_depths_come_equally_often_and_to_their_end(family):
    for workload in _workloads.select(["depths_10", "depths_full"]):
        task = _workloads.task(workload, family, 32, 1)
        assert task["trials"] % len(task["depths"]) == 0
        assert task["grace"] == task["epochs"]


def test_unknown_workload():
    with pytest.raises(UserError, match="unknown workload 'x'; one of feature_extraction"):
        _workloads.select(["x"])


def test_each_repeat_begins_with_another_way():
    turns = list(study._turns(list(_workloads.WORKLOADS[:2]), 3))
    assert [way for _, _, way in turns[::6]] == ["ray", "optuna", "ours"]
    assert len({(workload.name, repeat, way) for workload, repeat, way in turns}) == 18
