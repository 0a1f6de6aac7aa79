"""Small texts: which can be encoded, and how a duration is written."""


def encodes(text: str) -> bool:
    """Whether a text can be written as UTF-8; a file's name may be any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clock(seconds: float) -> str:
    """Write a duration: `42 s`, `3 min 20 s`, `2 h 05 min`."""
    minutes, seconds_left = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02d} min"
    return f"{minutes} min {seconds_left:02d} s" if minutes else f"{seconds_left} s"
