"""Sizes that programs write before they know the right one."""

#: Sizes this close to these powers of two are placeholders.
_NEAR = 65_536
_POWERS = tuple(1 << exponent for exponent in (28, 29, 30, 31, 32, 63, 64))


def is_placeholder(size: float) -> bool:
    """Return whether a stated size in bytes, larger than the file, is no size at all."""
    return any(abs(size - power) <= _NEAR for power in _POWERS)
