"""`python -m study.backbones PATTERN`: lists networks by name, or describes one: stages, sizes, cost and weights."""

import fnmatch
import math
from collections.abc import Iterator, Sequence

from analysis.numbers import licences
from analysis.shell import command
from analysis.shell.text import printable
from study import plugins
from study.errors import UserError
from study.models import families, network_costs
from study.models.families import _networks
from study.models.families._networks import Description
from study.plugins import trusted
from study.storage import store

MOST = 200
"""Names that are listed."""
USUAL = 32
"""Side of the images, pixels, whose cost is printed of a family without weights."""


def _parser() -> command.Parser:
    parser = command.Parser(
        prog="python -m study.backbones", description="List networks by name, or describe one of them."
    )
    example = "a name, or a part of names with *, e.g. timm/convnext_* or resnet18"
    parser.add_argument("pattern", metavar="PATTERN", help=example)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """List or describe; 0, or 2 where no network has such a name."""
    with command.ending("study.backbones") as end:
        pattern = _parser().parse_args(arguments).pattern
        for line in _lines(pattern):
            print(printable(line))
    return end.code


def _lines(pattern: str) -> Iterator[str]:
    library, _, network = pattern.partition("/")
    if set(pattern) & set("*?["):
        yield from _listed(pattern)
    elif library in families.LIBRARIES and network and not families.is_own(pattern):
        yield from described(pattern, _networks.describe(library, network))
    else:
        yield from _written_by_hand(pattern)


def _listed(pattern: str) -> Iterator[str]:
    """The names that match; those of a library only where the pattern begins with it.

    Raises:
        UserError: none does.
    """
    library = pattern.partition("/")[0]
    libraries = [library] if library in families.LIBRARIES else list(families.LIBRARIES)
    notes = plugins.notes("family", families.names())
    names = list(dict.fromkeys([*families.names(), *notes]))
    names += [f"{name}/{network}" for name in libraries for network in _networks.names(name)]
    matching = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
    if not matching:
        raise UserError(f"no network's name matches '{pattern}'; try *{pattern.strip('*').rpartition('/')[2][:6]}*")
    yield from (f"{name} ({notes[name]})" if name in notes else name for name in matching[:MOST])
    if len(matching) > MOST:
        yield f"and {len(matching) - MOST} more; write more of the name"


def _written_by_hand(name: str) -> Iterator[str]:
    family, own = families.load(name), families.is_own(name)
    families.try_out(name, family, -(-(family.source_size or family.min_size) // family.multiple) * family.multiple)
    origin = plugins.code("family", name) if own else None
    if origin:
        store.check()
        trusted.remember([origin])
    kind = f"of your own ({origin.path or origin.identity})" if origin else "that is written by hand"
    yield f"{name}: a family of {len(family.stages)} stages {kind}"
    size = family.source_size or max(family.min_size, USUAL)
    if counts := network_costs.counts(name, size, {}):
        yield f"{_cost(counts.parameters, counts.macs)} for an image of {size} px, {family.features} features"
    yield from (f"  {number}  {contents}" for number, contents in enumerate(family.stages, 1))
    yield from _sizes(family.min_size, family.multiple, family.source_size)
    licence = f"; {_licence(family.licence)}" * (len(family.weights) > 1)
    yield f"weights: {', '.join(family.weights)}{licence}"


def described(name: str, facts: Description) -> Iterator[str]:
    """Describe a library's network, a line a fact."""
    contract = facts.contract
    yield f"{name}: {_cost(facts.parameters, facts.macs)} for an image of {contract.size} px, {facts.features} features"
    if facts.whole:
        yield f"one stage, as it cannot be cut: {facts.whole}; it trains as a whole or is frozen as a whole"
    yield "stage  parameters  passed on, of an image  holds"
    rows = zip(facts.shares, facts.passed, facts.stages, strict=True)
    for number, (share, passed, contents) in enumerate(rows, 1):
        shapes = " and ".join(" × ".join(map(str, shape)) for shape in passed)
        yield f"{number:5}  {100 * share:8.2f} %  {shapes:<22}  {contents}"
    yield from _sizes(facts.min_size, facts.multiple, contract.size)
    if contract.weights is None:
        yield "weights: none are published, so it can be trained from scratch alone"
    else:
        classes = contract.classes or "no"
        yield f"weights: pretrained ({contract.weights}), {classes} classes; {_licence(contract.licence)}"
        yield _networks.where(*name.split("/", 1))
        yield f"images: mean {_three(contract.mean)}, std {_three(contract.std)}"


def _cost(parameters: int, macs: int) -> str:
    return f"{parameters / 1e6:.1f} M parameters, {macs / 1e9:.2f} G MACs"


def _licence(licence: str | None) -> str:
    text = licences.described(licence or network_costs.NOT_STATED)
    return text if text == licences.NOT_STATED else f"licence {text}"


def _sizes(least: int, multiple: int, own: int | None) -> Iterator[str]:
    start = math.ceil(least / multiple) * multiple
    usual = f"; the weights saw {own} px" if own else ""
    several = f"multiples of {multiple} px" if multiple > 1 else "any side"
    yield f"image_size: {several} from {start} px{usual}"


def _three(values: Sequence[float]) -> str:
    return "/".join(f"{value:g}" for value in values)


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
