"""Out of memory costs one trial: where it shared a GPU it gets one to itself, and the next one on its worker fits."""

import weakref

import pytest
import torch

from benchmarks import chaos
from study.backend import out_of_memory, tune
from study.storage import ledger
from tests.backend.test_tune import starts
from tests.support import toy_study, toys

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …\nIf reserved memory is large, try …"


@pytest.mark.parametrize(("error", "ran_out"), [
    (torch.OutOfMemoryError(FULL), True),
    (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
    (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried …"), True),
    (MemoryError("Unable to allocate 7.28 TiB for an array"), True),
    (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    (ValueError("out of memory"), False),
])  # fmt: skip
def test_out_of_memory_is_distinguished_from_other_errors(error, ran_out):
    assert out_of_memory.ran_out(error) == out_of_memory.as_result(error)["memory"] == ran_out


def test_what_may_be_made_smaller_is_named_in_one_line():
    failure = out_of_memory.as_result(torch.OutOfMemoryError(FULL), [{"config": {"batch_size": 512}}])["failure"]
    assert failure.startswith("OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    assert failure.endswith("(make batch_size=512 or image_size=32 smaller)")
    assert "\n" not in failure


class Batch:
    """What a training step holds."""


def steps(held):
    batch = Batch()
    held.append(weakref.ref(batch))
    yield {}
    raise torch.OutOfMemoryError(FULL)


def test_what_the_trial_held_is_gone_before_its_memory_is_given_back(monkeypatch):
    held, gone = [], []
    monkeypatch.setattr(out_of_memory, "free", lambda: gone.append(held[0]() is None))
    worker = object.__new__(tune.Worker)
    worker._results = steps(held)
    worker.step()
    assert held[0]() is not None
    (broken,) = worker.step()["broken"]
    assert broken["memory"]
    assert gone == [True]


@pytest.mark.slow
def test_a_crowded_trial_gets_a_gpu_to_itself_and_one_that_is_too_large_fails(tmp_path, monkeypatch):
    """Ray's GPUs are counted, not touched: one of them, four trials on it."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    faults = {"c000-s002": "crowd", "c001-s002": "memory"}
    with chaos.cluster(gpus=1) as (address, _):
        state = toy_study.main(tmp_path, faults=faults, address=address, gpus=0.25, space=toys.FEW)
    widened = [event["trial"] for event in ledger.read(tmp_path / "ledger") if event["kind"] == "widen"]
    assert sorted(widened) == ["c000-s002", "c001-s002"]
    assert state.done()
    assert len(state.trials) == 2 * (4 + 1)
    failed = {trial.id: trial.error for trial in state.trials.values() if trial.state == "failed"}
    assert list(failed) == ["c001-s002"]
    assert "with a whole GPU" in failed["c001-s002"]
    assert "batch_size=128" in failed["c001-s002"]
    assert {trial: count for trial, count in starts(tmp_path).items() if count > 1} == dict.fromkeys(faults, 2)


@pytest.mark.slow
def test_without_a_gpu_to_share_it_fails_at_once_and_the_worker_goes_on(tmp_path):
    state = toy_study.main(tmp_path, faults={"s002": "memory"}, space=toys.FEW)
    failed = {trial.id: trial.error for trial in state.trials.values() if trial.state == "failed"}
    assert set(failed) == {"c000-s002", "c001-s002"}
    assert all(error.endswith("(make batch_size=128 or image_size=32 smaller)") for error in failed.values())
    assert state.done()
    assert not state.wide


def test_an_error_that_is_its_own_cause_is_forgotten_too():
    error = RuntimeError("once")
    try:
        raise error from error
    except RuntimeError as caught:
        out_of_memory.forget(caught)
