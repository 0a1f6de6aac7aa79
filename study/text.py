"""Text for people: no character of a name or an error may move a terminal, break a file or end a command.

Knows characters, not what is printed.
"""


def encodes(text: str) -> bool:
    """Whether a text can be written as UTF-8: a file may be called any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str, kept: str = "") -> str:
    r"""Escape what a terminal would act on or could not show.

    Args:
        text: of any origin.
        kept: characters that stay as they are, say a line feed.

    Example:
        >>> printable("a\x1b[31mb")
        'a\\x1b[31mb'
    """
    return "".join(each if each.isprintable() or each in kept else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
