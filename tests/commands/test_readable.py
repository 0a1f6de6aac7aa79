"""Whatever a study can write can be read: study.json, each event, the table; of shipped spaces and of odd ones."""

import random

import pytest

from analysis.numbers import table as tables
from study.cli import catalogue, checks, existing
from study.data import prepare
from study.pretraining import initial_weights, sources
from study.search import table
from study.search.state import State
from study.search.study import Study, identity
from study.search.trials import Plan
from study.space import Space, choice, integers, log_uniform, uniform
from study.storage import ledger, plain_values, reading, study_folder
from study.training.report import Report
from study.training.report_checks import checked
from tests.support import events

ODD = ("", "photo \udcff\0.jpg", "one\ntwo \x1b[31m\u202e", '"quoted" \\u0000', 10**5 * "long ", "\ud800" * 30_000)
CLASSES = ("a", 'b "c"', "d\\u0000", "\udcff", 255 * "é")
SMALL = {"family": "small_cnn", "image_size": 16}
LONG = tuple(f"({letter * 990})" for letter in "ab")
CHAIN = ("animals", "animals/animal", "animals/vehicle")


def space(**fields):
    about = {"task": "folder", "compared": {"label_fraction": (0.5, 1)}, "fixed": SMALL | {"regime": "scratch"}}
    return Space(**about | {"trials": 3, "epochs": 2, "replicates": 2} | fields)


def line(count):
    """A space whose weights go on from others', so many times."""
    told = {f"w{number}": {"pretext": "rotation", "weights": f"w{number - 1}"} for number in range(1, count)}
    fixed = SMALL | {"image_size": 32, "regime": "fine_tune", "weights": f"w{count - 1}"}
    return space(fixed=fixed, sources=told | {"w0": {"pretext": "rotation"}}, trials=1, replicates=0)


SPACES = {
    "names of many characters": lambda: space(compared={"group_pattern": LONG, "head": ("7", "512-" * 200 + "5")}),
    "a choice of numbers of two types": lambda: space(
        tuned={"weight_decay": choice(1.0, 0.1), "lr": choice(1, 0.5, 2)}, baseline={"weight_decay": 1, "lr": 1.0}
    ),
    "a choice of none": lambda: space(tuned={"views": choice(None, 1, 4)}, baseline={"views": None}),
    "whole numbers of a rate": lambda: space(tuned={"lr": integers(1, 3)}, baseline={"lr": 3}),
    "ends of numbers": lambda: space(
        tuned={"lr": log_uniform(5e-324, 1e100), "weight_decay": uniform(0, 1e100), "views": integers(1, 100_000)},
        baseline={"lr": 1e100, "weight_decay": 0, "views": 100_000},
    ),
    "the largest batch": lambda: space(fixed=SMALL | {"regime": "scratch", "batch_size": 100_000}),
    "nothing tuned, and no replicate": lambda: space(replicates=0),
    "a chain": lambda: space(task=CHAIN, fixed=SMALL | {"image_size": 32, "regime": "fine_tune", "weights": "none"}),
    "a hundred trainings in a line": lambda: line(100),
} | {name: lambda name=name: catalogue.load(name) for name in catalogue.known()}


def put_together(space, where, absent):
    """The study of a space, whose data and weights nobody has made."""

    def prepared(task):
        return prepare.Prepared(str(task), "p", f"{task}: stand-in \udcff"[:-1], "f", ["a"], "accuracy", {})

    cells, starts = space.cells(), []
    for cell in cells:
        found = sources.of(cell)
        images = {each.config: prepared(each.config.task) for each in found.line} if found else {}
        starts.append(initial_weights.starts(found, images, 0, space.replicates) if found else ())
    made = [prepared(cell.values["task"]) for cell in cells]
    return Study("odd", "full", space, cells, made, where, 0, False, 30.0, True, 10.0, False, absent, starts)


def report(trial, cell, epoch, last, draw):
    common = events.row(epoch, trained_on=cell.values["task"], task=cell.values["task"], alarms=draw.choice(ODD))
    rows = [common | {"score": draw.random()}, common | {"metric": "loss", "score": draw.choice((0, 1e38, 5e-324))}]
    if last and trial.role != "search":
        about = {"split": "test", "metric": "count", "alarms": None, "score": 2**60}
        rows += [common | about | {"truth": truth, "answer": answer} for truth in CLASSES for answer in CLASSES]
    return checked(Report(epoch, rows, rows[0]["score"], last, None, None, None), 10**5)


def play(study, book, draw, reports):
    """Record whatever can happen to a study's trials."""
    space = study.space
    plan = Plan(space.trials, space.epochs, space.replicates, 0)
    state = State(study.cells, plan, lambda: lambda *told: draw.random() < 0.2, book.append, study.absent)
    state.skip()
    for _ in range(reports):
        if (trial := state.next_trial()) is None:
            return
        text = draw.choice(ODD)
        match draw.randrange(12):
            case 0:
                state.fail(trial.id, text, draw.choice(ODD))
            case 1:
                state.lost([trial.id], text)
            case 2:
                state.part([trial.id], text, text)
            case 3:
                state.widen(trial.id, text)
            case _:
                for epoch in {0, 1, space.epochs}:
                    told = report(trial, study.cells[trial.cell], epoch, epoch == space.epochs, draw)
                    more = {"worker": draw.choice(ODD), "time": draw.choice((0.0, 1.8e9)), "spent": {text: 1e-9}}
                    if state.report(trial.id, told.pop("epoch"), **told | more) != "continue":
                        break


@pytest.mark.parametrize("name", SPACES)
def test_all_that_a_study_writes_can_be_read(tmp_path, name, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)
    monkeypatch.setattr(plain_values, "PORTION", 3_000)
    draw, space = random.Random(name), SPACES[name]()
    cells = space.cells()
    checks.check_cells(cells, space.epochs)
    absent = {len(cells) - 1: draw.choice(ODD)} if len(cells) > 1 else {}
    study = put_together(space, tmp_path, absent)
    study_folder.begin(tmp_path, identity(study), resume=False)
    book = ledger.Ledger(tmp_path / "ledger", 0)
    play(study, book, draw, 40)
    book.close()
    found = existing.read(tmp_path)
    study_folder.check_same(tmp_path, identity(study), resume=True)
    frame = table.from_events(study_folder.read_study(tmp_path), found)
    table.write(frame, tmp_path / "table.parquet")
    assert len(tables.load(tmp_path)) == len(frame) > 0
    assert {each["trial"] for each in found if each["kind"] == "report"} <= {*frame["trial"]}


def test_a_space_that_no_study_json_could_hold_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST", 500)
    study = put_together(space(), tmp_path, {})
    with pytest.raises(
        study_folder.UserError, match=r"cannot be described in its study\.json: it has [\d,]+ bytes; at most"
    ):
        study_folder.check_same(tmp_path, identity(study), resume=False)
    assert list(tmp_path.iterdir()) == []


def test_a_test_of_many_classes_takes_several_lines_and_all_of_its_rows_come_back(tmp_path):
    names = [f"class {number:03d} {50 * 'x'}" for number in range(130)]
    about = {"epoch": 1, "split": "test", "metric": "count", "score": 1}
    rows = [events.row(1), *(events.row(**about, truth=one, answer=two) for one in names for two in names)]
    study = put_together(space(replicates=0), tmp_path, {})
    study_folder.begin(tmp_path, identity(study), resume=False)
    book = ledger.Ledger(tmp_path / "ledger", 0)
    state = State(study.cells, Plan(1, 1, 0, 0), lambda: lambda *told: False, book.append)
    trial = state.next_trial()
    for repeated in (rows[:10_000], rows):  # of what a kill swallowed another report may have other rows
        state._recorded(trial.id, 1, repeated)
    state.report(trial.id, 0, 0.5, False, rows=[events.row()], worker="here", time=0.0)
    state.report(trial.id, 1, 0.5, True, rows=rows, worker="here", time=0.0)
    book.close()
    found = existing.read(tmp_path)
    assert [each["kind"] for each in found].count("rows") == 5
    assert max(map(len, (tmp_path / "ledger" / "001.jsonl").read_bytes().splitlines())) < reading.MOST / 4
    frame = table.from_events(study_folder.read_study(tmp_path), found)
    assert len(frame) == 1 + len(rows)
    assert frame["answer"].dropna().tolist() == [row["answer"] for row in rows[1:]]
    assert frame["worker"].eq("here").all()
