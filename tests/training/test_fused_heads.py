"""Heads that are trained together report, to the bit, what each reports alone."""

import hashlib
import itertools
import time
from dataclasses import replace

import pytest
import torch

from study.models import families
from study.space.config import Config
from study.training import feature_cache, fused_heads, trial
from study.training.trial import CacheSettings
from tests.support.toy_task import task

ROOM = CacheSettings(10**9, False, "code")
PROBE = Config(
    family="efficientnet_lite0",
    weights="imagenet",
    regime="feature_extraction",
    batch_size=16,
    views=2,
    label_smoothing=0.05,
)
RATES = (1e-3, 3e-2, 0.3)
PRETRAINED = [
    fused_heads.Member(replace(PROBE, lr=lr, weight_decay=lr / 10), seed) for seed, lr in enumerate(RATES, start=5)
]
SMALL = replace(PROBE, family="small_cnn", weights="none")  # its backbone is the seed's: one for all members
MEMBERS = [fused_heads.Member(replace(SMALL, lr=lr, weight_decay=lr / 10), 5) for lr in RATES]
DATA = {size: task(train=43, held=12, size=size) for size in (16, 32)}
EPOCHS = 2


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(feature_cache, "_refused", set())


def data_of(member):
    return DATA[16 if member.config.family == "small_cnn" else 32]


def plain(report):
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in report.rows]
    tensors = report.state() | report.model()
    digests = {name: hashlib.sha256(tensor.numpy().tobytes()).hexdigest()[:8] for name, tensor in tensors.items()}
    return rows, digests


def together(members, cache=ROOM, **options):
    histories = [[] for _ in members]
    for reports in fused_heads.run(members, data_of(members[0]), EPOCHS, cache=cache, **options):
        for number, report in reports.items():
            histories[number].append(report if isinstance(report, Exception) else plain(report))
    return histories


def alone(member, cache=trial.NO_CACHE):
    return [
        plain(report) for report in trial.run(member.config, data_of(member), member.seed, epochs=EPOCHS, cache=cache)
    ]


@pytest.mark.parametrize("cache", [ROOM, trial.NO_CACHE])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("members", [MEMBERS, pytest.param(PRETRAINED, marks=pytest.mark.slow)])
def test_each_head_reports_what_it_reports_alone(members, optimizer, cache):
    members = [member._replace(config=replace(member.config, optimizer=optimizer)) for member in members]
    assert together(members, cache) == [alone(member) for member in members]


def test_heads_without_augmentation_are_the_same_too():
    members = [member._replace(config=replace(member.config, augment=0.0, views=None)) for member in MEMBERS]
    assert together(members) == [alone(member) for member in members]


@pytest.mark.slow
def test_each_seed_draws_its_own_head_and_order():
    assert together(PRETRAINED[:2]) == [alone(member) for member in PRETRAINED[:2]]


def test_a_trial_resumes_alone_from_where_the_bundle_was():
    (*_, last) = alone(MEMBERS[1])
    for reports in itertools.islice(fused_heads.run(MEMBERS, DATA[16], EPOCHS, cache=ROOM), 2):
        state = reports[1].state()
    member = MEMBERS[1]
    *_, report = trial.run(member.config, DATA[16], member.seed, epochs=EPOCHS, resume=(1, 0.0, state), cache=ROOM)
    assert plain(report) == last


def test_a_member_that_is_ended_is_left_out_and_the_others_stay_the_same():
    whole = together(MEMBERS)
    cut = together(MEMBERS, ended=lambda number: number == 1)
    assert [len(history) for history in cut] == [EPOCHS + 1, 1, EPOCHS + 1]
    assert (cut[0], cut[2]) == (whole[0], whole[2])
    assert [len(history) for history in together(MEMBERS, ended=lambda number: True)] == [1, 1, 1]


def test_a_member_that_fails_fails_alone():
    members = [member._replace(config=replace(member.config, optimizer="sgd")) for member in MEMBERS]
    hot = members[1]._replace(config=replace(members[1].config, lr=1e30))
    first, bad, last = together([members[0], hot, members[2]])
    assert [first, last] == together([members[0], members[2]])
    assert isinstance(bad[-1], FloatingPointError)
    assert len(bad) <= EPOCHS + 1


def test_members_share_the_time():
    start = time.perf_counter()
    *_, reports = fused_heads.run(MEMBERS, DATA[16], EPOCHS, cache=ROOM)
    seconds = [report.rows[0]["seconds"] for report in reports.values()]
    assert min(seconds) > 0
    assert sum(seconds) <= time.perf_counter() - start


@pytest.mark.parametrize("family", ["efficientnet_lite0", "meta_extractor", "parallel_net"])
def test_whole_families_are_those_whose_weights_set_every_stage(family):
    options = {"encoder": "efficientnet_lite0"} if "encoder" in families.options(family) else {}
    digests = set()
    for seed in (0, 1):
        torch.manual_seed(seed)
        net = families.build(family, "imagenet", 3, **options)
        net.freeze(range(len(net.stages)))
        digests.add(net.frozen_digest())
    assert families.load(family, **options).whole == (len(digests) == 1)
