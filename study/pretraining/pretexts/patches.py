"""Which of the eight neighbours of the patch in the middle is this patch? Reads no labels.

A grid of 3×3 patches lies somewhere in the image. Two shortcuts give away how patches lie: edges that continue from one
patch to the next, and the lens's colour fringes. `gap` and `jitter` remove the first, `colour` the second.

Source: Doersch et al. 2015, arXiv:1505.05192, §3 (pairs, gap, jitter) and §3.1 (colour).
"""

from typing import TYPE_CHECKING, NamedTuple

from study.errors import UserError
from study.pretraining.pretexts import Option, Options

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LABELS = False
OPTIONS: dict[str, Option] = {"patch": None, "gap": None, "jitter": None, "colour": "drop"}
"""patch: side of a patch. gap: space between patches. jitter: largest shift of a patch. All are in pixels; None is a
quarter, a 16th and a 32nd of the image's side. colour: drop (two of a patch's three channels, drawn at random, become
noise), grey or keep."""
VIEWS = 2
HEAD = "512"
COLOURS = ("drop", "grey", "keep")
PLACES = tuple((row, column) for row in range(3) for column in range(3) if (row, column) != (1, 1))
"""The neighbours in reading order; an answer is an index into these."""
_NOISE = 0.05  # standard deviation of a dropped channel about middle grey


class Grid(NamedTuple):
    """Sizes in pixels."""

    patch: int
    gap: int
    jitter: int

    @property
    def extent(self) -> int:
        """Side of the square that the nine patches can reach."""
        return 3 * self.patch + 2 * self.gap + 2 * self.jitter


def grid(options: Options, size: int) -> Grid:
    """Give the grid for images of `size` pixels."""
    shares = {"patch": max(2, size // 4), "gap": size // 16, "jitter": size // 32}
    return Grid(*(int(shares[key] if options[key] is None else options[key]) for key in shares))  # type: ignore[arg-type]


def answers(labels: int, options: Options) -> int:
    """Give the number of neighbours."""
    return len(PLACES)


def check(options: Options, size: int) -> None:
    """Check the options against the images' size.

    Raises:
        UserError: the grid is larger than the image by more than a pixel per patch, a size is out of range, or the
            colour is unknown.
    """
    if options["colour"] not in COLOURS:
        raise UserError(f"unknown colour {options['colour']!r} of pretext patches; one of {', '.join(COLOURS)}")
    sizes = grid(options, size)
    if sizes.patch < 2 or sizes.gap < 0 or sizes.jitter < 0:
        raise UserError(f"pretext patches: patch {sizes.patch} must be at least 2, gap and jitter at least 0")
    if sizes.extent > size + 3:
        parts = f"3 patches of {sizes.patch}, 2 gaps of {sizes.gap} and a jitter of {sizes.jitter} on both sides"
        raise UserError(f"pretext patches: {parts} take {sizes.extent} px; the images have {size}")


def examples(
    pixels: "Tensor", labels: "Tensor | None", generator: "torch.Generator", options: Options, least: int
) -> "tuple[Tensor, Tensor]":
    """Cut out the middle patch and one of its neighbours; patches smaller than `least` pixels are enlarged to it.

    An image a little smaller than the grid (three patches of 11 in 32 pixels) is enlarged to the grid's size.
    """
    import torch
    import torch.nn.functional as F

    sizes, count = grid(options, pixels.shape[-1]), len(pixels)
    if sizes.extent > pixels.shape[-1]:
        pixels = F.interpolate(pixels, size=sizes.extent, mode="bilinear", align_corners=False)
    slack = pixels.shape[-1] - sizes.extent + 1
    neighbours = torch.randint(len(PLACES), (count,), generator=generator)
    corners = torch.randint(slack, (count, 1, 2), generator=generator) + sizes.jitter
    places = torch.stack([torch.ones(count, 2, dtype=torch.long), torch.tensor(PLACES)[neighbours]], 1)
    shifts = torch.randint(-sizes.jitter, sizes.jitter + 1, (count, VIEWS, 2), generator=generator)
    starts = corners + places * (sizes.patch + sizes.gap) + shifts
    patches = _coloured(_cut(pixels, starts.to(pixels.device), sizes.patch), str(options["colour"]), generator)
    side = max(sizes.patch, least)
    if side != sizes.patch:
        flat = F.interpolate(patches.flatten(0, 1), size=side, mode="bilinear", align_corners=False)
        patches = flat.view(count, VIEWS, 3, side, side)
    return patches, neighbours.to(pixels.device)


def _cut(pixels: "Tensor", starts: "Tensor", patch: int) -> "Tensor":
    """Cut a patch at each (row, column), (batch, views, 2); gives (batch, views, 3, patch, patch)."""
    import torch

    steps = torch.arange(patch, device=pixels.device)
    rows, columns = (starts[..., axis, None] + steps for axis in (0, 1))
    images = torch.arange(len(pixels), device=pixels.device)[:, None, None, None]
    return pixels.permute(0, 2, 3, 1)[images, rows[..., :, None], columns[..., None, :]].permute(0, 1, 4, 2, 3)


def _coloured(patches: "Tensor", colour: str, generator: "torch.Generator") -> "Tensor":
    """Remove colour from patches as the option `colour` says."""
    import torch

    if colour == "grey":
        return patches.mean(2, keepdim=True).expand_as(patches)
    if colour == "keep":
        return patches
    intact = torch.randint(3, (*patches.shape[:2], 1, 1, 1), generator=generator).to(patches.device)
    noise = 0.5 + _NOISE * torch.randn(patches.shape, generator=generator).to(patches.device)
    channels = torch.arange(3, device=patches.device).view(3, 1, 1)
    return torch.where(channels == intact, patches, noise.clamp_(0, 1))
