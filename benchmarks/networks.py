"""`python -m benchmarks.networks`: what running a network costs, by engine, threads, layout and whole or in stages.

All are ratios of runs in turn within one process, since a machine's own speed drifts. Weights are random, and images
noise: neither decides what a run costs.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from importlib import import_module
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchmarks import _figures, _markdown, _options
from benchmarks._levers_steps import Bench
from study.errors import UserError
from study.models import families
from study.models.net import Net
from study.models.onnx_stages import OnnxStages, Unsupported, deviation

NETWORKS = (
    *("efficientnet_lite0", "resnet18", "mobilenet_v3_large"),
    *("timm/convnext_atto", "timm/vit_tiny_patch16_224"),
)
SIZES, THREADS, IMAGES, CLASSES = (32, 96, 224), (1, 2), 64, 10
REPLAYED = ("timm/convnext_atto", "timm/vit_tiny_patch16_224", "timm/resnet18", "torchvision/resnet18")
REPLAYED_SIZE = 96
ONE_IMAGE = 20
"""Calls with one image for each with many."""
LAYOUTS = torch.channels_last, torch.contiguous_format
Ways = Sequence[Callable[[], object]]


class Line(NamedTuple):
    """A line of a table: what was measured, and its figures."""

    words: tuple[str, ...]
    figures: tuple[str, ...]
    ratios: list[float]
    """By repeat."""


def main(argv: list[str] | None = None) -> int:
    """Print the tables, a line as soon as it is measured; returns the exit code."""
    args = _arguments(argv)
    lines: dict[str, list[dict[str, Any]]] = {}
    for name, (head, measure) in TABLES.items():
        if args.only and name not in args.only:
            continue
        print(f"\n{_markdown.table(head, ())}")
        lines[name] = []
        for line in measure(args):
            lines[name].append(line._asdict())
            print(f"| {' | '.join((*line.words, *line.figures))} |", flush=True)
    if args.json:
        args.json.write_text(json.dumps({"machine": _figures.machine()} | lines, indent=1), encoding="utf-8")
    return 0


def engines(args: argparse.Namespace) -> Iterator[Line]:
    """ONNX Runtime against PyTorch, all stages frozen."""
    for network, size, threads in _cases(args):
        torch.set_num_threads(threads)
        net = _net(network, size)
        images = torch.rand(IMAGES, 3, size, size).contiguous(memory_format=torch.channels_last)
        words = network, str(size), str(threads)
        plain = partial(net.begin, images, net.prefix)
        try:
            onnx = OnnxStages(net, net.prefix, size)
        except Unsupported as error:
            yield Line(words, ("", "", str(error)), [])
            continue
        pairs = list(_rounds((plain, partial(onnx, images)), args.repeats, threads))
        ratios = [slow / fast for slow, fast in pairs]
        rate = IMAGES / median(slow for slow, _ in pairs)
        yield Line(words, (f"{rate:,.0f}", _ratio(ratios), f"{deviation(onnx(images), plain()):.0e}"), ratios)


def layouts(args: argparse.Namespace) -> Iterator[Line]:
    """Channels last against contiguous, in training and in evaluation, and whether the outputs are equal."""
    for network, size, threads in _cases(args):
        torch.set_num_threads(threads)
        net = _net(network, size)
        net.freeze(())
        benches = [Bench(deepcopy(net), "cpu", layout) for layout in LAYOUTS]
        figures: list[str] = []
        every: list[float] = []
        images = torch.rand(IMAGES, 3, size, size)
        for bench, layout in zip(benches, LAYOUTS, strict=True):
            bench.images, bench.targets = images.contiguous(memory_format=layout), bench.targets % CLASSES
        equal = torch.equal(benches[0].evaluate(), benches[1].evaluate())
        for call in (Bench.step, Bench.evaluate):
            pairs = list(_rounds([partial(call, bench) for bench in benches], args.repeats, threads))
            ratios = [contiguous / last for last, contiguous in pairs]
            figures.append(_ratio(ratios))
            every += ratios
        yield Line((network, str(size), str(threads)), (*figures, "yes" if equal else "no"), every)


def replay(args: argparse.Namespace) -> Iterator[Line]:
    """A library's network in stages against its own forward, of one image, where what stages add shows, and of many."""
    torch.set_num_threads(1)
    for network in args.networks or REPLAYED:
        library, _, name = network.partition("/")
        if not name:
            continue
        net, whole = _net(network, REPLAYED_SIZE), _whole(library, name)
        net.freeze(())  # frozen stages fill small batches
        for count, calls in ((1, ONE_IMAGE), (IMAGES, 1)):
            images = torch.rand(count, 3, REPLAYED_SIZE, REPLAYED_SIZE).contiguous(memory_format=torch.channels_last)
            ways = partial(_features, net, images), partial(_features, whole, images)
            pairs = list(_rounds(ways, calls * args.repeats, 1, least=0.0))
            staged, plain = (1000 * median(times) for times in zip(*pairs, strict=True))
            figures = f"{plain:.1f}", f"{staged - plain:+.2f}", f"{100 * (staged / plain - 1):+.1f} %"
            yield Line((network, str(REPLAYED_SIZE), str(count)), figures, [one / two for one, two in pairs])


TABLES = {
    "engines": (
        ("network", "px", "threads", "PyTorch, images/s", "ONNX Runtime over it", "largest deviation"),
        engines,
    ),
    "layouts": (
        ("network", "px", "threads", "a training step, channels last over contiguous", "evaluation", "equal outputs"),
        layouts,
    ),
    "replay": (("network", "px", "images", "whole, ms", "in stages, ms more", "more"), replay),
}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = _options.Parser(prog="python -m benchmarks.networks", description=__doc__)
    add, one = parser.add_argument, _options.at_least(1)
    add("--json", type=_options.figures_file, metavar="FILE", help="write all figures there")
    add("--only", nargs="+", choices=TABLES, metavar="TABLE", help=f"of {', '.join(TABLES)} (default: all)")
    add("--networks", nargs="+", type=_family, metavar="NAME", help=f"families (default: {', '.join(NETWORKS)})")
    add("--sizes", nargs="+", type=one, default=SIZES, metavar="PX", help="default: 32 96 224")
    add("--threads", nargs="+", type=one, default=THREADS, metavar="N", help="default: 1 2")
    add("--repeats", type=one, default=5, metavar="N", help="default: 5")
    return parser.parse_args(argv)


def _family(name: str) -> str:
    try:
        families.load(name)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name


def _cases(args: argparse.Namespace) -> list[tuple[str, int, int]]:
    names = args.networks or NETWORKS
    return [(name, size, threads) for name in names for size in args.sizes for threads in args.threads]


def _net(network: str, size: int) -> Net:
    """Make a network that is frozen and channels last."""
    settings: dict[str, Any] = {"image_size": size} if "image_size" in families.options(network) else {}
    torch.manual_seed(0)
    net = families.build(network, "none", CLASSES, **settings)
    net.lay_out("cpu", families.load(network, **settings).contiguous)
    net.freeze(range(len(net.stages)))
    return net.eval()


def _whole(library: str, name: str) -> nn.Module:
    """Make a library's network as the library does."""
    made = import_module(f"study.models.families._{library}").make(name, REPLAYED_SIZE)
    return made.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@torch.inference_mode()
def _features(net: nn.Module, images: Tensor) -> Tensor:
    return net.features(images) if isinstance(net, Net) else net(images)  # type: ignore[no-any-return]


def _rounds(ways: Ways, repeats: int, threads: int, least: float = 0.2) -> Iterator[list[float]]:
    """Time ways in turn, after a call of each that is not counted.

    One thread's time is the process's CPU seconds, which other processes disturb less; that of several is real time.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    for way in ways:
        way()
    for _ in range(repeats):
        yield [_seconds(way, clock, least) for way in ways]


def _seconds(way: Callable[[], object], clock: Callable[[], float], least: float) -> float:
    start, calls = clock(), 0
    while calls == 0 or clock() - start < least:
        way()
        calls += 1
    return (clock() - start) / calls


def _ratio(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


if __name__ == "__main__":
    raise SystemExit(main())
