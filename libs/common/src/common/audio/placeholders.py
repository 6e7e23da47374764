"""Sizes written by programs before they know the right one."""

#: Sizes this close to these powers of two are placeholders.
_NEAR_POWER = 65_536
_POWERS = tuple(1 << exponent for exponent in (28, 29, 30, 31, 32, 63, 64))
#: Round numbers, such as 7F000000, with the header added or subtracted.
_ROUND = 1 << 24
_NEAR_ROUND = 4_096
_LEAST_ROUND = 1 << 28


def is_placeholder(size: float) -> bool:
    """Return whether a stated size in bytes, larger than the file, is no size at all."""
    if any(abs(size - power) <= _NEAR_POWER for power in _POWERS):
        return True
    return size >= _LEAST_ROUND and (size + _NEAR_ROUND) % _ROUND <= 2 * _NEAR_ROUND
