"""Text that people read: no character of a name or an error moves a terminal, turns a line round or breaks a file.

Both packages use it wherever they write for people: terminals, pages, CSV files, pictures. Knows characters alone.
"""

import unicodedata

HARMLESS = "\u200c\u200d"
"""Joiners, which Persian and Hindi words and some emoji need; all blanks are harmless too."""


def printable(text: str, kept: str = "") -> str:
    r"""Escape control and bidirectional characters, lone surrogates, and what no font shows.

    Args:
        text: of any origin.
        kept: characters that stay as they are, say a line feed.

    Example:
        >>> print(printable("red\x1b[31m\u202e"))
        red\x1b[31m\u202e
    """
    if text.isprintable():
        return text
    odd = {ord(each): _escaped(each) for each in set(text) if not _harmless(each) and each not in kept}
    return text.translate(odd) if odd else text


def _harmless(character: str) -> bool:
    return character.isprintable() or character in HARMLESS or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
