"""Text for people, in which no character controls a terminal, reverses a line or breaks a file.

Both packages use it wherever they write for people: terminals, pages, CSV files, pictures.
"""

import unicodedata

HARMLESS = "\u200c\u200d"
"""Joiners, which Persian and Hindi words and some emoji need; all spaces are harmless too."""


def printable(text: str, allowed: str = "") -> str:
    r"""Escape control and bidirectional characters, lone surrogates, and characters that no font has.

    Args:
        text: from any source.
        allowed: characters that are not escaped, such as a line feed.

    Example:
        >>> print(printable("red\x1b[31m\u202e"))
        red\x1b[31m\u202e
    """
    if text.isprintable():
        return text
    escapes = {ord(char): _escaped(char) for char in set(text) if not _harmless(char) and char not in allowed}
    return text.translate(escapes) if escapes else text


def _harmless(character: str) -> bool:
    return character.isprintable() or character in HARMLESS or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
