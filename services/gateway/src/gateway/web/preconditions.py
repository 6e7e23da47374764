"""Preconditions of writes: `ETag` and `If-Match` of RFC 9110 with revisions."""

import re

from common.errors import ValidationError

_TAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', re.ASCII)


class PreconditionRequiredError(ValidationError):
    """The request would change something without naming the revision that the client saw."""

    code = "PRECONDITION_REQUIRED"


def etag(revision: int) -> str:
    """Return the value of `ETag` for a revision."""
    return f'"{revision}"'


def matched_revision(header: str | None) -> int:
    """Return the revision that an `If-Match` header names.

    Raises:
        PreconditionRequiredError: there is no header.
        ValidationError: the header does not name one revision.
    """
    if not header:
        raise PreconditionRequiredError(
            "Send If-Match with the revision that you saw. It is the ETag of the transcript.",
            {"header": "If-Match"},
        )
    found = _TAG.fullmatch(header.strip())
    if found is None:
        raise ValidationError.of("If-Match", "If-Match must name one revision.")
    return int(found[1] or found[2])
