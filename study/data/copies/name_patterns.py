"""Proposes a pattern in images' paths by which those that belong together can be grouped.

These are frames of a track, images of a patient, augmented copies of an image. Knows nothing of pixels.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from study.data.copies.near_copies import NearCopy

_WORDS = "aug|rot|flip|hflip|vflip|mirror|crop|cop[iy]|resiz|scal|bright|dark|contrast|gamma|blur|nois|shift|zoom|shear"
_WORD = rf"(?:{_WORDS})[a-z]*"
"""What programs write beside the name of the image that they change."""
_BEFORE = ("", rf"(?:{_WORD}[-_ ](?:of )?)?")
"""What may stand before an image's name."""
_AFTER = (
    "",
    r"(?: ?\(\d+\))?",
    rf"(?:[-_ .]+\(?{_WORD}[-_ ]?\d*\)?)*",
    r"(?:[-_ .]\d+)?",
    r"(?:[-_ .]\d+){0,2}",
    r"(?:[._](?:jpe?g|png))?(?:\.rf\.[\da-fA-F]+)?",
)
"""What may stand after it."""
_END = r"\.[^./]+$"
_START = "(?:^|/)"
_FIRST_NUMBERS = (r"[^/\d]*\d+", r"[^/\d]*\d+[^/\d]+\d+")
_FOLDERS = ("[^/]+", "[^/]+/[^/]+")
_RUN = (rf"{_START}([^/]+?)[-_]\d+{_END}", rf"([^/]+/[^/]+?)[-_]\d+{_END}")
"""Patterns whose groups may be tracks of numbered frames."""
_EXPLAINED = 0.5
"""Share of the copies that a pattern must put into one group each."""
_FEWEST = 3
"""Pairs of copies without which a pattern is no more than chance."""
_LARGEST = 0.2
"""Largest share of all images that a group may have."""
_GROUPS = 5
_OVER_CHANCE = 10
_ENOUGH = 0.995
"""Share of the most copies that any pattern explains, from which the pattern of most groups is preferred."""
_SEEN = 5_000
"""Pairs of copies that patterns are first tried on."""
_TRACKS, _FRAMES, _TRACKS_OF_CLASS = 10, 3, 3
"""Tracks at least, frames of half of them, and tracks of a class in the mean, for a pattern that no copy explains."""
_ORDERLY = 0.9
"""Share of the tracks whose frames are numbered without a gap."""


class Proposal(NamedTuple):
    """A pattern that is proposed for `--set group_pattern=…`."""

    pattern: str
    """A regular expression; its first group is found in every path, relative to the root."""
    groups: int
    joined: int
    """Images in groups of two or more."""
    explained: int
    """Near and exact copies inside of one group, in pairs."""
    pairs: int
    """All near and exact copies, in pairs."""


def patterns() -> list[str]:
    """List the patterns that are tried, the plainest first."""
    names = [f"{_START}{before}([^/]+?){after}{_END}" for before in _BEFORE for after in _AFTER]
    in_folders = [f"([^/]+/[^/]+?){after}{_END}" for after in _AFTER[1:]]
    numbers = [f"{_START}{before}({number})[^/]*$" for before in _BEFORE for number in _FIRST_NUMBERS]
    folders = [f"{_START}({folder})/[^/]+$" for folder in _FOLDERS]
    return [*names, *in_folders, *numbers, *folders]


def proposal(
    paths: Sequence[str], labels: Sequence[Hashable], same: Sequence[str], near: Sequence[NearCopy]
) -> Proposal | None:
    """Propose a pattern that explains which images are copies, or whose groups can only be tracks of frames.

    Args:
        paths: of all images, relative to the root.
        labels: of each image.
        same: of each image a text that is equal for equal images, empty if it cannot be read.
        near: pairs of near copies.

    Returns:
        The pattern that explains most; None if none explains enough, or if one joins far more than copies.
    """
    pairs = [*_equal(same), *((pair.first, pair.second) for pair in near)]
    if len(pairs) < _FEWEST:
        return _tracks(paths, labels, len(pairs))
    step = max(1, len(pairs) // _SEEN)
    promising = [pattern for pattern in patterns() if _share(pattern, paths, pairs[::step]) >= _EXPLAINED]
    tried = [found for pattern in promising if (found := _tried(pattern, paths, pairs))]
    enough = _ENOUGH * max((found.explained for found in tried), default=0)
    return max((found for found in tried if found.explained >= enough), key=lambda found: found.groups, default=None)


def _equal(same: Sequence[str]) -> Iterator[tuple[int, int]]:
    firsts: dict[str, int] = {}
    for number, name in enumerate(same):
        if name and firsts.setdefault(name, number) != number:
            yield firsts[name], number


def _name(pattern: re.Pattern[str], path: str) -> str:
    match = pattern.search(path)
    return (match[1] or "") if match else ""


def _share(pattern: str, paths: Sequence[str], pairs: Sequence[tuple[int, int]]) -> float:
    compiled = re.compile(pattern)
    names = [(_name(compiled, paths[first]), _name(compiled, paths[second])) for first, second in pairs]
    return sum(bool(first) and first == second for first, second in names) / len(pairs)


def _tried(pattern: str, paths: Sequence[str], pairs: Sequence[tuple[int, int]]) -> Proposal | None:
    """Apply a pattern to all images; None if it misses one, joins too much, or explains too little."""
    compiled = re.compile(pattern)
    names = [_name(compiled, path) for path in paths]
    sizes = Counter(names)
    if "" in sizes or len(sizes) < _GROUPS or max(sizes.values()) > max(_LARGEST * len(paths), 2):
        return None
    explained = sum(names[first] == names[second] for first, second in pairs)
    chance = sum(size * (size - 1) for size in sizes.values()) / (len(paths) * (len(paths) - 1))
    if explained < max(_EXPLAINED, _OVER_CHANCE * chance) * len(pairs) or explained < _FEWEST:
        return None
    return Proposal(pattern, len(sizes), sum(size for size in sizes.values() if size > 1), explained, len(pairs))


def _tracks(paths: Sequence[str], labels: Sequence[Hashable], pairs: int) -> Proposal | None:
    """Propose the pattern of names such as 00012_00003.ppm, if nearly all tracks are numbered without a gap."""
    for pattern in map(re.compile, _RUN):
        frames: dict[str, list[int]] = defaultdict(list)
        for path in paths:
            frames[_name(pattern, path)].append(_last_number(path))
        sizes = sorted(len(numbers) for numbers in frames.values())
        of_class = len(frames) / len(set(labels))
        orderly = sum(
            max(numbers) - min(numbers) + 1 == len(set(numbers)) == len(numbers) for numbers in frames.values()
        )
        many = len(frames) >= _TRACKS and of_class >= _TRACKS_OF_CLASS and sizes[len(sizes) // 2] >= _FRAMES
        if "" not in frames and many and orderly >= _ORDERLY * len(frames):
            return Proposal(pattern.pattern, len(frames), sum(size for size in sizes if size > 1), 0, pairs)
    return None


def _last_number(path: str) -> int:
    numbers = re.findall(r"\d+", path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return int(numbers[-1]) if numbers else 0
