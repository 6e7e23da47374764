"""Times and durations as text."""

MINUTE = 60
HOUR = 3600


def clock(seconds: float) -> str:
    """Return `H:MM:SS`, rounded down: 3725.9 becomes `1:02:05`."""
    whole = int(max(0.0, seconds))
    return f"{whole // HOUR}:{whole // MINUTE % MINUTE:02}:{whole % MINUTE:02}"


def precise_clock(seconds: float, *, separator: str = ".") -> str:
    """Return `HH:MM:SS.mmm`, with the given separator before the milliseconds."""
    total = max(0, round(seconds * 1000))
    rest, milliseconds = divmod(total, 1000)
    minutes, second = divmod(rest, MINUTE)
    hours, minute = divmod(minutes, MINUTE)
    return f"{hours:02}:{minute:02}:{second:02}{separator}{milliseconds:03}"


def readable_duration(seconds: float) -> str:
    """Return a duration for people: `42 s`, `3 min 20 s`, `1 h 02 min`."""
    whole = round(max(0.0, seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    minutes = round(whole / MINUTE)
    return f"{minutes // MINUTE} h {minutes % MINUTE:02} min"
