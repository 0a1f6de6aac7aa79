"""Groups of the images that a mended data set has: those that share a name or are copies are one."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from study.data.mending.ties import COPY, PATTERN, Reason, Ties, by_pixels, near_copy


def names(tied: Ties, images: Sequence[int]) -> list[str]:
    """Name the group of each image, after the first image of the group.

    Args:
        tied: the ties of the data set; none crosses a cut between these images.
        images: positions, ascending.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not images:
        return []
    own = tied.groups or tied.paths
    ends = np.array([*_edges(tied, images, own)], np.int64)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(images), len(images)))
    numbers = connected_components(graph, directed=False)[1].tolist()
    return _written(numbers, [own[image] for image in images])


def reasons(tied: Ties, images: Sequence[int], groups: Sequence[str]) -> dict[int, Reason]:
    """Give the reason for each image that is in a group which the data set itself does not name."""
    sizes, partners = Counter(groups), _partners(tied, images)
    found = {}
    for image, group in zip(images, groups, strict=True):
        own = tied.groups[image] if tied.groups else tied.paths[image]
        if tied.pattern and sizes[group] > 1:
            found[image] = Reason(PATTERN, f"is in group {group}, which group_pattern {tied.pattern} finds in its path")
        if group != own and sizes[group] > 1:
            found[image] = partners.get(image) or Reason(COPY, f"is in group {own}, which shares copies with {group}")
    return found


def _edges(tied: Ties, images: Sequence[int], own: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield pairs of places among the images that are one group, each image with itself at least."""
    firsts: dict[str, int] = {}
    of_pixels: dict[str, int] = {}
    for at, image in enumerate(images):
        yield firsts.setdefault(own[image], at), at
        if tied.copies:
            yield of_pixels.setdefault(tied.pixels[image], at), at
    for pixels, others in tied.near.items():
        yield from ((of_pixels[pixels], of_pixels[same]) for same, _ in others if {pixels, same} <= of_pixels.keys())


def _written(numbers: Sequence[int], own: Sequence[str]) -> list[str]:
    """Name each numbered group as a CSV file holds it: without blanks around it, and no two alike."""
    called: dict[int, str] = {}
    taken: set[str] = set()
    for number, name in zip(numbers, own, strict=True):
        if number not in called:
            plain = name.encode(errors="backslashreplace").decode().strip()
            called[number] = plain if plain and plain not in taken else f"{plain} ({number})"
            taken.add(called[number])
    return [called[number] for number in numbers]


def _partners(tied: Ties, images: Sequence[int]) -> dict[int, Reason]:
    """Say of each image that has a copy among the others what it is."""
    found: dict[int, Reason] = {}
    if not tied.copies:
        return found
    of_pixels = by_pixels(tied, images)
    for equal in of_pixels.values():
        found |= {image: Reason(COPY, f"is a copy of {tied.paths[equal[0]]}") for image in equal[1:]}
    for pixels, others in tied.near.items():
        for same, change in others:
            for image in of_pixels.get(pixels, ()) if same in of_pixels else ():
                found.setdefault(image, near_copy(tied, of_pixels[same][0], change))
    return found
