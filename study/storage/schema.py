"""Schemas of JSON tables: their keys, and the values that each key may have.

Values come from `reading` or from a decoder with `reading.constant`: none is NaN.
"""

import re
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

LARGEST = 2**53
"""Largest whole number: a column of floats represents all up to it exactly."""
NEWER = "it may have been written by a newer version of this code"
KNOWN = 256
"""Most forms that a table remembers."""
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxlong, _SHORT.maxother = 2, 60, 40, 60


class Wrong(ValueError):
    """A value is not what it must be."""

    def __init__(self, text: str, place: str = "") -> None:
        """Store what is wrong, and where."""
        super().__init__(f"{place} {text}".strip())
        self._text, self._place = text, place

    def below(self, name: str) -> "Wrong":
        """Return the same error, located from the enclosing table or list."""
        return Wrong(self._text, f"{name}{'.' * (self._place[:1] not in ('', '['))}{self._place}")


class Kind(NamedTuple):
    """What a value may be."""

    wanted: str
    """The end of the sentence `X must be …`."""
    types: tuple[type, ...]
    """Allowed types, of those that JSON has."""
    fits: Callable[[Any], bool] | None = None
    """Whether a value of one of these types fits."""
    bounds: tuple[float, float] | None = None
    """Lowest and highest number, both included."""
    inner: Callable[[Any], int] | None = None
    """Checks the content of a table or list: returns the number of texts in it, or raises `Wrong`."""

    def check(self, value: object) -> int:
        """Refuse a value that does not fit.

        Returns:
            The number of texts in it.

        Raises:
            Wrong: it does not.
        """
        if type(value) not in self.types or not self.fits_value(value):
            raise self.wrong(value)
        if self.inner is not None and isinstance(value, dict | list):
            return self.inner(value)
        return int(type(value) is str)

    def fits_value(self, value: Any) -> bool:
        """Whether a value of one of the types is within the bounds."""
        if value is None:
            return True
        within = self.bounds is None or self.bounds[0] <= value <= self.bounds[1]
        return within and (self.fits is None or self.fits(value))

    def wrong(self, value: object) -> Wrong:
        """Make the error for a value that does not fit."""
        return Wrong(f"{short(value)} must be {self.wanted}")


def short(value: object) -> str:
    """Write any value for an error, shortened to one line."""
    return _SHORT.repr(value)


TEXT = Kind("a text", (str,))
TRUTH = Kind("true or false", (bool,))
PLAIN = Kind("a text, a number or null", (str, int, float, type(None)), lambda value: _plain(value))
NUMBER = Kind("a finite number", (int, float), None, (-sys.float_info.max, sys.float_info.max))


def whole(low: int, high: int = LARGEST) -> Kind:
    return Kind(f"a whole number from {low} to {high}", (int,), None, (low, high))


def number(low: float, high: float) -> Kind:
    return Kind(f"a number from {low:g} to {high:g}", (int, float), None, (low, high))


def pattern(words: str, expression: str) -> Kind:
    """A text that a regular expression must match as a whole."""
    match = re.compile(expression).fullmatch
    return Kind(words, (str,), lambda text: match(text) is not None)


def choice(*texts: str) -> Kind:
    return Kind(f"one of {', '.join(texts)}", (str,), frozenset(texts).__contains__)


def optional(kind: Kind) -> Kind:
    """A value of this kind, or null."""
    return kind._replace(wanted=f"{kind.wanted}, or null", types=(*kind.types, type(None)))


def listed(kind: Kind, least: int = 0) -> Kind:
    """A list of at least `least` values of one kind."""
    fits = (lambda values: len(values) >= least) if least else None
    words = f"a list{f' of {least} or more' * bool(least)}, each {kind.wanted}"
    inner = lambda values: _one_by_one(kind.check, values, range(len(values)))  # noqa: E731
    return Kind(words, (list,), fits, None, inner)


def mapping(kind: Kind) -> Kind:
    """A table with any keys, and values of one kind."""
    inner = lambda values: len(values) + _one_by_one(kind.check, values.values(), values)  # noqa: E731
    return Kind(f"a table, each value {kind.wanted}", (dict,), None, None, inner)


def _one_by_one(check: Callable[[object], int], values: Iterable[object], names: Iterable[object]) -> int:
    """Check named values; return the number of texts in them."""
    texts = 0
    for name, value in zip(names, values, strict=True):
        try:
            texts += check(value)
        except Wrong as wrong:
            raise wrong.below(f"[{name}]" if isinstance(name, int) else str(name)[:60]) from None
    return texts


class Table:
    """A table whose keys are known.

    Thousands of tables have few forms, that is, combinations of keys and types. Each form is checked once; of further
    tables of the same form only the values are.
    """

    def __init__(self, needed: Mapping[str, Kind], others: Mapping[str, Kind], more: bool = True) -> None:
        """Describe a table.

        Args:
            needed: required keys.
            others: optional keys.
            more: whether there may be unknown keys, such as a newer version's, with a text, a number or null.
        """
        self._needed, self._kinds, self._more = needed, {**needed, **others}, more
        self.names = frozenset(self._kinds)
        self._forms: dict[tuple[object, ...], _Form] = {}
        self.kind = Kind("a table", (dict,), None, None, self.check)
        self.list = Kind("a list of tables", (list,), None, None, self.check_list)

    def check(self, value: object) -> int:
        """Refuse a table that does not fit.

        Returns:
            The number of texts in it, keys too.

        Raises:
            Wrong: a key is missing, or holds something else.
        """
        if type(value) is not dict:
            raise Wrong(f"{short(value)} must be a table")
        key = (*value, *map(type, value.values()))
        texts, ranges, bounds, fits, inner = self._forms.get(key) or self._learn(key, value)
        for pick, low, high in ranges:
            numbers = pick(value)
            if min(numbers) < low or max(numbers) > high:
                self._explain(value)
        for name, low, high in bounds:
            if not low <= value[name] <= high:
                self._explain(value)
        for name, fit in fits:
            if not fit(value[name]):
                raise self._kinds[name].wrong(value[name]).below(name)
        for name, check in inner:
            try:
                texts += check(value[name])
            except Wrong as wrong:
                raise wrong.below(name) from None
        return texts

    def check_list(self, values: list[Any]) -> int:
        """Refuse a list with a table that does not fit; faster than `check` if all have one form, as rows have."""
        if set(map(type, values)) == {dict}:
            keys = {(*value, *map(type, value.values())) for value in values}
            form = self._forms.get(keys.pop()) if len(keys) == 1 else None
            if form is not None and not form.fits and not form.inner and form.within(values):
                return len(values) * form.texts
        return _one_by_one(self.check, values, range(len(values)))

    def _learn(self, key: tuple[object, ...], value: dict[str, object]) -> "_Form":
        if lacking := [name for name in self._needed if name not in value]:
            raise Wrong(f"lacks {', '.join(lacking)}; {NEWER}")
        for name, entry in value.items():
            if name not in self._kinds and not self._more:
                raise Wrong(f"has {short(name)}, which is not known here; {NEWER}")
            if type(entry) not in self._kinds.get(name, PLAIN).types:
                raise self._kinds.get(name, PLAIN).wrong(entry).below(name[:60])
        if len(self._forms) >= KNOWN:
            self._forms.clear()
        form = self._forms[key] = _Form.of({name: kind for name, kind in self._kinds.items() if name in value}, value)
        return form

    def _explain(self, value: dict[str, object]) -> None:
        """Raise the error for the number that is outside its bounds."""
        for name, kind in self._kinds.items():
            if name in value and kind.bounds is not None and not kind.fits_value(value[name]):
                raise kind.wrong(value[name]).below(name)


class _Form(NamedTuple):
    """What remains to be checked in a table whose keys and types fit."""

    texts: int
    """Keys, and values that are texts."""
    ranges: Sequence[tuple[Callable[[Any], tuple[float, ...]], float, float]]
    """A getter of several numbers that have the same bounds, and these bounds."""
    bounds: Sequence[tuple[str, float, float]]
    """Names of single numbers, and their bounds."""
    fits: Sequence[tuple[str, Callable[[Any], bool]]]
    inner: Sequence[tuple[str, Callable[[Any], int]]]

    def within(self, values: list[Any]) -> bool:
        """Whether all numbers of many tables of this form are within their bounds."""
        for pick, low, high in self.ranges:
            for numbers in set(map(pick, values)):  # most rows of a report have equal ones
                if min(numbers) < low or max(numbers) > high:
                    return False
        for name, low, high in self.bounds:
            column = [value[name] for value in values]
            if min(column) < low or max(column) > high:
                return False
        return True

    @classmethod
    def of(cls, kinds: Mapping[str, Kind], value: dict[str, object]) -> "_Form":
        """Make the form of a table."""
        present = {name: kind for name, kind in kinds.items() if value[name] is not None}
        groups: dict[tuple[float, float], list[str]] = {}
        for name, kind in present.items():
            if kind.bounds is not None:
                groups.setdefault(kind.bounds, []).append(name)
        ranges = [(itemgetter(*names), *bounds) for bounds, names in groups.items() if len(names) > 1]
        bounds = [(names[0], *bounds) for bounds, names in groups.items() if len(names) == 1]
        fits = [(name, kind.fits) for name, kind in present.items() if kind.fits is not None]
        inner = [(name, kind.inner) for name, kind in present.items() if kind.inner is not None]
        texts = len(value) + sum(type(entry) is str for entry in value.values())
        return cls(texts, ranges, bounds, fits, inner)


def _plain(value: Any) -> bool:
    return isinstance(value, str) or abs(value) <= sys.float_info.max
