"""Preconditions of RFC 9110: `If-Match` with revisions, `If-None-Match` with any `ETag`."""

import re
from typing import Annotated

from fastapi import Header

from common.errors import ValidationError

IfMatch = Annotated[
    str | None, Header(description="Revision that the client saw: the ETag of the transcript.")
]
IfNoneMatch = Annotated[
    str | None,
    Header(description="ETag of an earlier response. While it is current, the answer is 304."),
]
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', re.ASCII)


class PreconditionRequiredError(ValidationError):
    """The request would change something without naming the revision seen by the client."""

    code = "PRECONDITION_REQUIRED"


def etag(revision: int) -> str:
    """Return the value of `ETag` for a revision."""
    return f'"{revision}"'


def matches_any(header: str, tag: str) -> bool:
    """Return whether an `If-None-Match` header names a tag. Weak tags equal strong ones."""
    if not header:
        return False
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return tag.removeprefix("W/") in named or "*" in named


def matched_revision(header: str | None, *, required: bool = True) -> int:
    """Return the revision named by an `If-Match` header, 0 without one if it is not required.

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
