"""When a failed delivery is tried again."""

import datetime as dt
import email.utils
import random

_MINUTE, _HOUR = 60.0, 3600.0
#: Seconds after each failed attempt. Together they are three days.
PAUSES = (
    *(5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR),
    *(10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 20 * _HOUR),
)
MOST_TRIES = len(PAUSES) + 1
#: Longest pause that a receiver can ask for.
LONGEST_HOLD_SECONDS = 24 * _HOUR
#: Statuses with which a receiver asks for a pause of all deliveries.
_HOLDING = frozenset({429, 503})
_JITTER = 0.2


def pause(tries: int, *, retry_after: float = 0.0, chance: float | None = None) -> float | None:
    """Return the seconds until the next attempt after a number of failed ones, None at the end.

    It is at least what the receiver has asked for. `chance`, from 0 to 1, spreads deliveries that
    have failed together.
    """
    if tries >= MOST_TRIES:
        return None
    drawn = random.random() if chance is None else chance  # noqa: S311 - not a secret
    spread = PAUSES[tries - 1] * (1.0 + _JITTER * (drawn - 0.5))
    return max(spread, retry_after)


def hold(status: int | None, retry_after: float) -> float:
    """Return the pause of all deliveries to a receiver in seconds, 0.0 for none."""
    return retry_after if status in _HOLDING else 0.0


def retry_after_seconds(value: str, now: dt.datetime) -> float:
    """Return the pause in a header `Retry-After` in seconds, 0.0 without one.

    It is a number of seconds or a date of HTTP. Longer ones count as a day.
    """
    value = value.strip()
    if value.isascii() and value.isdecimal():
        seconds = float(value[:10])
    else:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except (ValueError, IndexError, OverflowError):
            return 0.0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_HOLD_SECONDS)
