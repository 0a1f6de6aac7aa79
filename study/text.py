"""What a text is made of. Knows characters, and nothing of what a text says."""


def encodes(text: str) -> bool:
    """Whether a text can be written as UTF-8: a file may be called any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clock(seconds: float) -> str:
    """Write a duration: `42 s`, `3 min 20 s`, `2 h 05 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
