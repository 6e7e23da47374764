"""Which texts and JSON values are taken from callers."""

import json
import re
from typing import Any

from common.errors import ValidationError

MAX_JSON_CHARACTERS = 16 * 1024
MAX_JSON_DEPTH = 20
_MAX_NUMBER = 1e300
_LANGUAGE = re.compile(r"^[a-z]{2,3}$")
DETECT = "auto"


def storable(text: str) -> bool:
    """Whether a text can be stored and sent: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_language(code: str) -> str:
    """A language code in lower case; empty for `auto` and for an empty text.

    Raises:
        ValidationError: the text has not the form of a code.
    """
    code = code.strip().lower()
    if code in ("", DETECT):
        return ""
    if _LANGUAGE.match(code) is None:
        raise ValidationError.of("language", "Write a language code such as en, de or yue.")
    return code


def check_json(value: Any, field: str) -> None:
    """Refuses what JSON columns or protobuf cannot hold, and what is too much.

    Raises:
        ValidationError: a text that cannot be stored, a number out of range, or too long.
    """
    unread = [(value, 1)]
    while unread:
        current, depth = unread.pop()
        if depth > MAX_JSON_DEPTH:
            raise ValidationError.of(field, f"At most {MAX_JSON_DEPTH} levels are allowed.")
        if isinstance(current, dict):
            unread.extend((part, depth + 1) for part in (*current.keys(), *current.values()))
        elif isinstance(current, list):
            unread.extend((part, depth + 1) for part in current)
        elif isinstance(current, str) and not storable(current):
            raise ValidationError.of(field, "A text has a character that cannot be stored.")
        # Written so that it refuses NaN too, and converts no huge integer.
        elif isinstance(current, int | float) and not abs(current) <= _MAX_NUMBER:
            raise ValidationError.of(field, "A number is out of range.")
    if len(json.dumps(value)) > MAX_JSON_CHARACTERS:
        raise ValidationError.of(field, f"At most {MAX_JSON_CHARACTERS} characters are allowed.")
