"""Reading of the audit log, for callers with the right to."""

import base64
import datetime as dt
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from common import rights
from common.errors import AuthenticationError, AuthorizationError, ValidationError
from common.identity import Grant
from common.rights import Right
from gateway.audit.entry import Entry, Selection
from gateway.audit.store import AuditLog, Place

MAX_PAGE = 1000
DEFAULT_PAGE = 50
_AT_A_TIME = 500
_LONGEST_TOKEN = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Entries, and the token of the next page. It is empty on the last one."""

    entries: Sequence[Entry]
    next_token: str


class AuditReader:
    """Entries as callers may read them: managers those of their workspace.

    Administrators also read those about the deployment.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def page(
        self, caller: Grant, selection: Selection, *, deployment: bool, limit: int, token: str
    ) -> Page:
        """Return entries, the latest first.

        Raises:
            AuthorizationError: the caller manages no workspace, or administers nothing.
            ValidationError: the limit or the token is not valid.
        """
        permitted = permitted_selection(caller, selection, deployment=deployment)
        if not 0 <= limit <= MAX_PAGE:
            raise ValidationError.of("page_size", f"page_size must be 1 to {MAX_PAGE}.")
        most = limit or DEFAULT_PAGE
        found = await self._log.latest(permitted, place_of(token), most + 1)
        shown = found[:most]
        following = token_of(Place.of(shown[-1])) if len(found) > most else ""
        return Page(entries=shown, next_token=following)

    def all(
        self, caller: Grant, selection: Selection, *, deployment: bool
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """Return an iterator over all entries in parts, the earliest first.

        Raises the errors of `page` at once.
        """
        permitted = permitted_selection(caller, selection, deployment=deployment)
        # Entries of the export itself do not prolong it.
        return self._parts(replace(permitted, end=permitted.end or dt.datetime.now(dt.UTC)))

    async def _parts(self, permitted: Selection) -> AsyncGenerator[Sequence[Entry], None]:
        place: Place | None = None
        while found := await self._log.earliest(permitted, place, _AT_A_TIME):
            yield found
            place = Place.of(found[-1])


def permitted_selection(caller: Grant, selection: Selection, *, deployment: bool) -> Selection:
    """Return a selection, limited to the entries of a caller.

    Raises:
        AuthenticationError: the caller has no session.
        AuthorizationError: the caller may read no entries, or none about the deployment.
    """
    if not caller.session_id:
        raise AuthenticationError("A session is required.")
    if deployment:
        if not rights.administers(caller):
            raise AuthorizationError("Only administrators read entries about the deployment.")
        return replace(selection, workspace_id="")
    rights.require(caller, caller.own_role, Right.MANAGE)
    return replace(selection, workspace_id=caller.workspace_id)


def token_of(place: Place) -> str:
    """Return the token of the page behind a place."""
    text = json.dumps([place.happened_at.isoformat(), place.number])
    return base64.urlsafe_b64encode(text.encode()).decode()


def place_of(token: str) -> Place | None:
    """Return the place of a token, None for an empty one.

    Raises:
        ValidationError: it is not one of `token_of`.
    """
    if not token:
        return None
    refused = ValidationError.of("page_token", "page_token must be that of the page before.")
    if len(token) > _LONGEST_TOKEN:
        raise refused
    try:
        moment, number = json.loads(base64.urlsafe_b64decode(token.encode()))
        place = Place(happened_at=dt.datetime.fromisoformat(moment), number=number)
    except (ValueError, TypeError) as error:
        raise refused from error
    if place.happened_at.tzinfo is None or type(number) is not int or not 0 <= number < 2**63:
        raise refused
    return place
