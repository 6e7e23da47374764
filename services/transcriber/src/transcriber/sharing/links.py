"""Links to transcriptions: creation, opening and revocation."""

import datetime as dt
import secrets
from dataclasses import dataclass

from common import characters, logging
from common.addresses import current_address, network_of
from common.audit import call as audited
from common.errors import (
    AuthorizationError,
    NotFoundError,
    ResourceExhaustedError,
    StateError,
    ValidationError,
)
from common.identity import hash_token
from common.postgres import Database
from common.rights import Right
from transcriber.sharing.access import TranscriptionAccess
from transcriber.sharing.passwords import LinkPasswords
from transcriber.sharing.shares import announce
from transcriber.store.links import FAILURES_COUNT, Link, Links, LinkUse, UseOutcome
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import WakeUps

DEFAULT_LIFETIME = dt.timedelta(days=7)
LONGEST_LIFETIME = dt.timedelta(days=366)
MOST_LINKS = 100
_LONGEST_NAME = 100
_LONGEST_TOKEN = 64
_TOKEN_BYTES = 32
#: Failures that are permitted while they count.
_OF_NETWORK, _OF_LINK = 30, 10
_MISSING = "There is no such link, or it has ended."
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkRequest:
    """Wanted properties of a link. A `lifetime` of 0 is for a lasting link."""

    name: str = ""
    lifetime: dt.timedelta = DEFAULT_LIFETIME
    password: str = ""
    without_audio: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedLink:
    """An opened link, and when the visit ends at the latest."""

    link: Link
    until: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class _Visit:
    network: str
    address: str
    until: dt.datetime


class TranscriptionLinks:
    """Links, as members of the owning workspace who may change things make and end them."""

    def __init__(
        self,
        database: Database,
        access: TranscriptionAccess,
        wake_ups: WakeUps,
        *,
        may_last: bool,
        visit: dt.timedelta,
    ) -> None:
        """With `may_last`, links may have no end. A `visit` is how long an opened link lasts."""
        self._database = database
        self._access = access
        self._wake_ups = wake_ups
        self._may_last = may_last
        self._visit = visit
        self._passwords = LinkPasswords()

    async def create(self, transcription_id: int, wanted: LinkRequest) -> tuple[Link, str]:
        """Create a link. Return it with its token, of which only a hash is stored.

        Raises:
            ValidationError: a property is invalid.
            StateError: the transcription has too many links.
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does.
        """
        name = _name(wanted.name)
        lifetime = self._lifetime(wanted.lifetime)
        owner = await self._access.owner(transcription_id, Right.CHANGE)
        password_hash = await self._passwords.hash(wanted.password)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        async with self._database.transaction() as connection:
            links = Links(connection)
            if await Transcriptions(connection).find(transcription_id, owner.workspace_id) is None:
                raise NotFoundError("There is no such transcription.")
            if await links.open_count(transcription_id) >= MOST_LINKS:
                raise StateError(f"A transcription has at most {MOST_LINKS} open links.")
            link = await links.add(
                transcription_id,
                link_id=f"link_{secrets.token_hex(16)}",
                token_sha256=hash_token(token),
                name=name,
                password_hash=password_hash,
                without_audio=wanted.without_audio,
                lifetime=lifetime,
            )
        return link, token

    async def all(self, transcription_id: int) -> list[Link]:
        """Return the links to a transcription, newest first.

        Raises:
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does.
        """
        await self._access.owner(transcription_id, Right.CHANGE)
        async with self._database.transaction() as connection:
            return await Links(connection).all(transcription_id)

    async def uses(self, transcription_id: int, link_id: str, limit: int) -> list[LinkUse]:
        """Return the uses of a link, latest first.

        Raises:
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does, or there is no
                such link.
        """
        await self._access.owner(transcription_id, Right.CHANGE)
        async with self._database.transaction() as connection:
            links = Links(connection)
            if await links.get(transcription_id, link_id) is None:
                raise NotFoundError("There is no such link.")
            return await links.uses(link_id, limit)

    async def revoke(self, transcription_id: int, link_id: str) -> None:
        """End a link. Repeating it changes nothing.

        Raises:
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does, or there is no
                such link.
        """
        owner = await self._access.owner(transcription_id, Right.CHANGE)
        async with self._database.transaction() as connection:
            if not await Links(connection).revoke(transcription_id, link_id):
                raise NotFoundError("There is no such link.")
            await announce(
                connection, [transcription_id], owner.workspace_id, revoked_link_id=link_id
            )
        self._wake_ups.outbox.notify()
        _log.info("link revoked", link_id=link_id, transcription_id=transcription_id)

    async def open(self, token: str, password: str) -> OpenedLink:
        """Check a token and a password, and record the use.

        Every attempt counts as failed until it has succeeded, so that attempts at the same time
        do not exceed the limits.

        Raises:
            NotFoundError: there is no such link, or it has ended.
            AuthorizationError: the password is missing or wrong. The details have a `reason`.
            ResourceExhaustedError: there were too many failures from this network or at this link.
        """
        address = current_address()
        network = network_of(address)
        async with self._database.transaction() as connection:
            known = token and len(token) <= _LONGEST_TOKEN
            link = await Links(connection).by_token(hash_token(token)) if known else None
            link_id = link.link_id if link else None
            await Links(connection).failed(network, link_id)
        async with self._database.transaction() as connection:
            failures = await Links(connection).failures(network, link_id)
        if link is not None:
            audited.concerns(link.workspace_id, link.link_id)
        outcome = UseOutcome.OPENED
        if failures.of_network > _OF_NETWORK or failures.of_link > _OF_LINK:
            outcome = UseOutcome.TOO_MANY
        elif link is not None and (link.expired or link.revoked_at is not None):
            outcome = UseOutcome.TOO_LATE
        elif link is not None and not await self._permits(link, password):
            outcome = UseOutcome.WRONG_PASSWORD
        until = dt.datetime.now(dt.UTC) + self._visit
        if link is not None:
            if link.expires_at is not None:
                until = min(until, link.expires_at)
            visit = _Visit(network=network, address=address, until=until)
            await self._record(link, visit, outcome, asked=bool(password))
        return OpenedLink(link=_opened(link, outcome, asked=bool(password)), until=until)

    async def _permits(self, link: Link, password: str) -> bool:
        return link.password_hash is None or await self._passwords.verify(
            link.password_hash, password
        )

    async def _record(self, link: Link, visit: _Visit, outcome: UseOutcome, *, asked: bool) -> None:
        """Record the use of a link. A visitor who did not know of its password has not failed."""
        opened = outcome is UseOutcome.OPENED
        unasked = outcome is UseOutcome.WRONG_PASSWORD and not asked
        async with self._database.transaction() as connection:
            links = Links(connection)
            if opened or unasked:
                await links.succeeded(visit.network, link.link_id)
            if unasked:
                return
            ends = visit.until if opened else None
            await links.used(link.link_id, visit.address, outcome, visit_ends_at=ends)

    def _lifetime(self, wanted: dt.timedelta) -> dt.timedelta | None:
        if not wanted:
            if self._may_last:
                return None
            raise ValidationError.of(
                "lifetime", "Links must end here. LINKS_MAY_LAST permits others."
            )
        if not dt.timedelta(seconds=60) <= wanted <= LONGEST_LIFETIME:
            raise ValidationError.of("lifetime", "A link lasts from a minute to a year.")
        return wanted


def _opened(link: Link | None, outcome: UseOutcome, *, asked: bool) -> Link:
    if outcome is UseOutcome.TOO_MANY:
        raise ResourceExhaustedError(
            "Too many attempts to open a link have failed. Try again later.",
            {"retry_after_seconds": str(int(FAILURES_COUNT.total_seconds()))},
        )
    if link is None or outcome is UseOutcome.TOO_LATE:
        raise NotFoundError(_MISSING)
    if outcome is UseOutcome.WRONG_PASSWORD:
        if asked:
            raise AuthorizationError("The password is wrong.", {"reason": "WRONG_PASSWORD"})
        raise AuthorizationError("This link has a password.", {"reason": "PASSWORD_REQUIRED"})
    return link


def _name(name: str) -> str:
    tidied = characters.tidied(name)
    if len(tidied) > _LONGEST_NAME or characters.has_forbidden(tidied):
        raise ValidationError.of("name", f"The name has at most {_LONGEST_NAME} characters.")
    return tidied
