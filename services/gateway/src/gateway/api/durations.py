"""Durations as text for people."""


def duration(seconds: float) -> str:
    """Format whole seconds as `00:02:00`. Hours are not limited to 24."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def hours(count: int) -> str:
    """Format hours with their unit, `1 hour` or `2 hours`."""
    return f"{count} hour" if count == 1 else f"{count} hours"
