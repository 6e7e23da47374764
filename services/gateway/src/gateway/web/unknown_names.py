"""Errors for names that an endpoint does not know, with the name that was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches

from common.errors import ValidationError

#: Type of validation errors for unknown fields of bodies.
UNKNOWN_FIELD = "unknown_field"
_LONGEST = 100


def unknown_name(
    name: str, known: Collection[str], *, kind: str, elsewhere: str = ""
) -> ValidationError:
    """Return the error for an unknown parameter or field.

    `kind` is the sort of name, for example `field`. `elsewhere` tells where the name belongs
    if the endpoint knows it in another place.
    """
    shown = name[:_LONGEST]
    details = {"field": shown}
    message = f"There is no {kind} {shown}."
    nearest = nearest_name(name, known)
    if elsewhere:
        message = f"{message} {elsewhere}"
    elif nearest is not None:
        message = f"{message} Did you mean {nearest}?"
        details["nearest"] = nearest
    elif known:
        message = f"{message} Known: {', '.join(sorted(known))}."
    else:
        message = f"{message} There is none here."
    return ValidationError(message, details)


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is spelled most like another, None if none is."""
    plain = {one.replace("_", "").lower(): one for one in sorted(known)}
    found = get_close_matches(name[:_LONGEST].replace("_", "").replace("-", "").lower(), plain, n=1)
    return plain[found[0]] if found else None
