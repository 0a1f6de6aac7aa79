"""Which of the eight neighbours of the patch in the middle is this patch? Reads no labels.

A grid of 3×3 patches lies somewhere in the image. Two patches that touch can be told by edges that go on from one to
the other, and by the lens's colour fringes: `gap` and `jitter` take the first clue away, `colour` the second.

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
"""Side of a patch, space between patches, largest shift of a patch from its place, each in pixels (None: a quarter, a
16th and a 32nd of the image's side); what is done to the colours: drop (two of three channels become noise, which they
are is drawn for each patch), grey, or keep."""
VIEWS = 2
HEAD = "512"
COLOURS = ("drop", "grey", "keep")
PLACES = tuple((row, column) for row in range(3) for column in range(3) if (row, column) != (1, 1))
"""The neighbours in reading order: an answer is a number of these."""
_NOISE = 0.05  # standard deviation of a dropped channel about middle grey


class Grid(NamedTuple):
    """Sizes in pixels."""

    patch: int
    gap: int
    jitter: int

    @property
    def extent(self) -> int:
        """Side of what the nine patches can reach."""
        return 3 * self.patch + 2 * self.gap + 2 * self.jitter


def grid(options: Options, size: int) -> Grid:
    """Give the grid for images of `size` pixels."""
    shares = {"patch": max(2, size // 4), "gap": size // 16, "jitter": size // 32}
    return Grid(*(int(shares[key] if options[key] is None else options[key]) for key in shares))  # type: ignore[arg-type]


def answers(labels: int, options: Options) -> int:
    """Give the number of neighbours."""
    return len(PLACES)


def check(options: Options, size: int) -> None:
    """Refuse a grid that is larger than the image by more than a pixel a patch, and unknown colours.

    Raises:
        UserError: so it is.
    """
    if options["colour"] not in COLOURS:
        raise UserError(f"unknown colour {options['colour']!r} of pretext patches; one of {', '.join(COLOURS)}")
    found = grid(options, size)
    if found.patch < 2 or found.gap < 0 or found.jitter < 0:
        raise UserError(f"pretext patches: patch {found.patch} must be at least 2, gap and jitter at least 0")
    if found.extent > size + 3:
        told = f"3 patches of {found.patch}, 2 gaps of {found.gap} and a jitter of {found.jitter} on both sides"
        raise UserError(f"pretext patches: {told} take {found.extent} px; the images have {size}")


def examples(
    pixels: "Tensor", labels: "Tensor | None", generator: "torch.Generator", options: Options, least: int
) -> "tuple[Tensor, Tensor]":
    """Show the middle patch and one of its neighbours, enlarged to `least` pixels where they are smaller.

    An image a little smaller than the grid (three patches of 11 in 32 pixels) is enlarged to it.
    """
    import torch
    import torch.nn.functional as F

    found, count = grid(options, pixels.shape[-1]), len(pixels)
    if found.extent > pixels.shape[-1]:
        pixels = F.interpolate(pixels, size=found.extent, mode="bilinear", align_corners=False)
    slack = pixels.shape[-1] - found.extent + 1
    picked = torch.randint(len(PLACES), (count,), generator=generator)
    corners = torch.randint(slack, (count, 1, 2), generator=generator) + found.jitter
    places = torch.stack([torch.ones(count, 2, dtype=torch.long), torch.tensor(PLACES)[picked]], 1)
    shifts = torch.randint(-found.jitter, found.jitter + 1, (count, VIEWS, 2), generator=generator)
    starts = corners + places * (found.patch + found.gap) + shifts
    shown = _coloured(_cut(pixels, starts.to(pixels.device), found.patch), str(options["colour"]), generator)
    side = max(found.patch, least)
    if side != found.patch:
        flat = F.interpolate(shown.flatten(0, 1), size=side, mode="bilinear", align_corners=False)
        shown = flat.view(count, VIEWS, 3, side, side)
    return shown, picked.to(pixels.device)


def _cut(pixels: "Tensor", starts: "Tensor", patch: int) -> "Tensor":
    """Cut a patch at each (row, column): (batch, views, 2) → (batch, views, 3, patch, patch)."""
    import torch

    steps = torch.arange(patch, device=pixels.device)
    rows, columns = (starts[..., axis, None] + steps for axis in (0, 1))
    which = torch.arange(len(pixels), device=pixels.device)[:, None, None, None]
    return pixels.permute(0, 2, 3, 1)[which, rows[..., :, None], columns[..., None, :]].permute(0, 1, 4, 2, 3)


def _coloured(patches: "Tensor", colour: str, generator: "torch.Generator") -> "Tensor":
    import torch

    if colour == "grey":
        return patches.mean(2, keepdim=True).expand_as(patches)
    if colour == "keep":
        return patches
    kept = torch.randint(3, (*patches.shape[:2], 1, 1, 1), generator=generator).to(patches.device)
    noise = 0.5 + _NOISE * torch.randn(patches.shape, generator=generator).to(patches.device)
    channels = torch.arange(3, device=patches.device).view(3, 1, 1)
    return torch.where(channels == kept, patches, noise.clamp_(0, 1))
