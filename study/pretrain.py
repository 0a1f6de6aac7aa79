"""`python -m study.pretrain --task patches:cifar10 --family small_cnn`: weights from a pretext or source task.

Knows the command line; a study that needs weights calls `pretraining.make` itself.
"""

import argparse
import sys
from functools import partial
from typing import Any

from analysis.shell import command
from analysis.shell.text import printable
from study.cli import arguments, checks
from study.cli.signals import Stop
from study.data import tasks
from study.errors import FAILED, UserError
from study.models import weights
from study.pretraining import initial_weights, pretexts, sources, train
from study.pretraining.imported import ImportedWeights
from study.pretraining.sources import Source
from study.space.config import config
from study.storage import store


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = command.Parser(
        prog="python -m study.pretrain", description="Train weights on a pretext or a source task.", allow_abbrev=False
    )
    add = parser.add_argument
    add("--task", required=True, metavar="PRETEXT:TASK", help=f"a pretext ({', '.join(pretexts.names())}) and a task")
    add("--family", default="small_cnn", help="default: small_cnn")
    add(
        "--data",
        type=command.path,
        metavar="DIR",
        help="the real data set there (default: the task's rendered stand-in)",
    )
    add("--image-size", type=int, default=32, metavar="PX", help="default: 32")
    add("--epochs", type=int, default=sources.EPOCHS, metavar="N", help=f"default: {sources.EPOCHS}")
    add("--images", type=int, metavar="N", help="train on so many, drawn at random (default: all)")
    add("--seed", type=arguments.seed, default=0, metavar="N", help="random seed, of the split too (default: 0)")
    example = "an option of the pretext or a hyperparameter, e.g. gap=0 or lr=3e-3; repeatable"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=example)
    return parser.parse_args(argv)


def _asked(args: argparse.Namespace) -> Source:
    pretext, _, task = args.task.partition(":")
    if not task:
        raise UserError(f"--task {args.task}: write PRETEXT:TASK, e.g. patches:cifar10")
    changes = {key: _value(text) for key, _, text in (item.partition("=") for item in args.set)}
    for item in args.set:
        if "=" not in item:
            raise UserError(f"--set {item}: write KEY=VALUE, e.g. lr=3e-3")
    for key in changes:
        if key in ("pretext", "task", "epochs", "images", "family", "image_size"):
            raise UserError(f"--set {key}: is an option of its own, --{key.replace('_', '-')}")
    task = tasks.of_data(task, args.data) if args.data else task
    inherited = {key: changes.pop(key) for key in [*changes] if key in sources.INHERITED}
    values = config({"task": task, "family": args.family, "image_size": args.image_size, **inherited})
    recipe = {"pretext": pretext, "task": task, "epochs": args.epochs, "images": args.images, **changes}
    source = sources.source(args.task, {args.task: recipe}, values)
    assert isinstance(source, Source)
    for each in source.line:
        checks.check_source(each)
    return source


def _value(text: str) -> Any:
    """Read a value as Python writes it; what is no number is text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None if text == "None" else text


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code, as `study.run`'s."""
    with command.ending("study.pretrain") as end:
        try:
            end.code = _run(_arguments(argv), Stop(None, "stopped; the same command resumes it"))
        except FloatingPointError as error:
            end.line(error, FAILED)
    return end.code


def _run(args: argparse.Namespace, stop: Stop) -> int:
    source = _asked(args)
    store.check()
    import torch

    from study.data import own_images, prepare
    from study.pretraining import import_weights

    trained, waits = source.config, lambda done, total: stop.check()
    prepared = prepare.prepare(
        trained.task, args.data, trained.image_size, trained.crop, waits, own_images.source_options(trained)
    )
    (start,) = initial_weights.starts(source, {each.config: prepared for each in source.line}, args.seed, 0)
    assert isinstance(start, initial_weights.InitialWeights)
    if isinstance(start.before, ImportedWeights):
        print(printable(f"weights {start.before.source.name}: {import_weights.make(start.before).meta['taken']}"))
    if odd := weights.damage(start.path):
        print(printable(f"{odd}: made anew"))
    before = train.resumes(start)
    opening = f"{source.name} on {prepared.source}, {source.config.family}, {source.epochs} epochs"
    print(printable(f"{opening}: {before}" if before else opening))
    again, say = " ".join(["python", *sys.orig_argv[1:]]), partial(_print, source.epochs)
    manner = train.TrainOptions(torch.cuda.is_available(), command=again, on_epoch=say, check=stop.check)
    entry = train.make(start, manner)
    last = entry.meta["rows"][-1]["scores"]["val"]
    print(f"accuracy {last['accuracy']:.4f} on held-out images (chance {entry.meta['chance']:.4f})")
    print(printable(f"wrote {entry.path / weights.MODEL}"))
    return 0


def _print(epochs: int, row: weights.EpochRecord) -> None:
    train, val = (row["scores"][split] for split in ("train", "val"))
    scores = f"accuracy {train['accuracy']:.4f} in training, {val['accuracy']:.4f} held out; {row['seconds']:.0f} s"
    print(f"epoch {row['epoch']} of {epochs}: {scores}", flush=True)


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
