"""What a text is made of. Knows characters, and nothing of what a text says."""


def encodes(text: str) -> bool:
    """Whether a text can be written as UTF-8: a file may be called any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
