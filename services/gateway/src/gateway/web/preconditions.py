"""Preconditions of writes: `ETag` and `If-Match` of RFC 9110 with revisions."""

import re
from typing import Annotated

from fastapi import Header

from common.errors import ValidationError

IfMatch = Annotated[
    str | None, Header(description="Revision that the client saw: the ETag of the transcript.")
]
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', re.ASCII)


class PreconditionRequiredError(ValidationError):
    """The request would change something without naming the revision that the client saw."""

    code = "PRECONDITION_REQUIRED"


def etag(revision: int) -> str:
    """Return the value of `ETag` for a revision."""
    return f'"{revision}"'


def matched_revision(header: str | None, *, required: bool = True) -> int:
    """Return the revision that an `If-Match` header names, 0 without one if it is not required.

    Raises:
        PreconditionRequiredError: there is no header.
        ValidationError: the header does not name one revision.
    """
    if not header and not required:
        return 0
    if not header:
        raise PreconditionRequiredError(
            "Send If-Match with the revision that you saw. It is the ETag of the transcript.",
            {"header": "If-Match"},
        )
    found = _TAG.fullmatch(header.strip())
    revision = 0 if found is None else int(found[1] or found[2])
    if not revision:
        raise ValidationError.of("If-Match", "If-Match must name one revision.")
    return revision
