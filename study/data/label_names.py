"""Finds classes that are probably one class, or several, by their names alone."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence

_SEPARATORS = "|;,"
_MOST = 0.5
"""Share of the classes from which on a separator in their names is worth a word."""
_PUNCTUATION = dict.fromkeys(map(ord, "-_.'’ "))


def remarks(classes: Sequence[str]) -> Iterator[str]:
    """Remark on names that differ in nothing that is meant, and on names that look like several labels.

    >>> list(remarks(["7", "007", "cat"]))
    ["'7' and '007' are classes of their own, though they are equal as numbers"]
    """
    left = list(classes)
    for key, why in _KINDS:
        for names in _alike(left, key):
            listed = " and ".join(ascii(name) for name in names)
            yield f"{listed} are classes of their own, though they {why}"
            left = [name for name in left if name not in names[1:]]
    for one, many in _plurals(left):
        yield f"{one!r} and {many!r} are classes of their own, though they differ by a plural alone"
    hidden = [name for name in classes if _visible(name) != name]
    if hidden:
        yield f"class {hidden[0]!a} has a letter that cannot be seen{_more(hidden)}"
    mixed = [name for name in classes if len(_scripts(name)) > 1]
    if mixed:
        scripts = " and ".join(sorted(_scripts(mixed[0])))
        yield f"class {mixed[0]!a} mixes letters of {scripts}{_more(mixed)}"
    for mark in _SEPARATORS:
        having = [name for name in classes if mark in name]
        if len(having) > _MOST * len(classes):
            count = f"{len(having):,} of {len(classes):,} classes"
            yield f"{count} have a {mark} in them, as {having[0]!r}: are these several labels?"


def _alike(classes: Sequence[str], key: Callable[[str], str | None]) -> list[list[str]]:
    by_key: dict[str, list[str]] = {}
    for name in classes:
        if (value := key(name)) is not None:
            by_key.setdefault(value, []).append(name)
    return [names for names in by_key.values() if len(names) > 1]


def _more(names: Sequence[str]) -> str:
    return f", and {len(names) - 1:,} more" if len(names) > 1 else ""


def _visible(name: str) -> str:
    """Leave out letters that cannot be seen, and blanks other than single spaces inside."""
    return " ".join("".join(each for each in name if unicodedata.category(each) not in ("Cf", "Cc")).split(" ")).strip()


def _plain(name: str) -> str:
    letters = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf")
    return "".join(letters.casefold().split())


def _number(name: str) -> str | None:
    try:
        value = float(name.strip().replace(",", "."))
    except ValueError:
        return None
    return repr(value) if value == value and abs(value) != float("inf") else None


def _joined(name: str) -> str | None:
    """Give a name without hyphens and the like; None where these may be all that it means, as in 1.5."""
    letters = _plain(name).translate(_PUNCTUATION)
    return letters if letters.isalnum() and not letters.isdigit() else None


def _plurals(classes: Sequence[str]) -> Iterator[list[str]]:
    """Yield pairs of a class and its English plural."""
    by_word = {word: name for name in classes if (word := _joined(name) or "").isalpha() and len(word) > 2}
    for word, name in by_word.items():
        stems = ((word, "s"), (word, "es"), (word.removesuffix("y"), "ies"), (word.removesuffix("f"), "ves"))
        if plural := next((stem + end for stem, end in stems if stem + end in by_word and stem + end != word), None):
            yield [name, by_word[plural]]


def _scripts(name: str) -> set[str]:
    """Name the scripts among Latin, Greek and Cyrillic, whose letters look alike."""
    first = {unicodedata.name(letter, "").split(" ")[0] for letter in name if letter.isalpha()}
    return first & {"LATIN", "GREEK", "CYRILLIC"}


_KINDS: tuple[tuple[Callable[[str], str | None], str], ...] = (
    (_plain, "differ by case, blanks, invisible letters or Unicode form alone"),
    (_number, "are equal as numbers"),
    (_joined, "differ by punctuation alone"),
)
