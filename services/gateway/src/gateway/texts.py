"""Validation of text and JSON values received from callers."""

import json
from typing import Any

from common.errors import ValidationError

MAX_JSON_CHARACTERS = 16 * 1024
MAX_JSON_DEPTH = 20
_MAX_NUMBER = 1e300


def storable(text: str) -> bool:
    """Return whether a text can be stored and sent: no NUL and no lone surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_json(value: Any, field: str) -> None:
    """Reject values too large, or not storable in a JSON column or protobuf.

    Raises:
        ValidationError: a string cannot be stored, a number is out of range, or the value is too
            deeply nested or too long.
    """
    unread = [(value, 1)]
    while unread:
        current, depth = unread.pop()
        if depth > MAX_JSON_DEPTH:
            raise ValidationError.of(field, f"At most {MAX_JSON_DEPTH} nested levels are allowed.")
        if isinstance(current, dict):
            unread.extend((part, depth + 1) for part in (*current.keys(), *current.values()))
        elif isinstance(current, list):
            unread.extend((part, depth + 1) for part in current)
        elif isinstance(current, str) and not storable(current):
            raise ValidationError.of(field, "A string contains a character that cannot be stored.")
        # The negated comparison also rejects NaN, and it does not convert huge integers to float.
        elif isinstance(current, int | float) and not abs(current) <= _MAX_NUMBER:
            raise ValidationError.of(field, "A number is out of range.")
    if len(json.dumps(value)) > MAX_JSON_CHARACTERS:
        raise ValidationError.of(
            field, f"At most {MAX_JSON_CHARACTERS} JSON characters are allowed."
        )
