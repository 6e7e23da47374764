"""Opening of links: a session for whoever shows a token, and the password if there is one."""

from dataclasses import dataclass

from common import logging, telemetry, times
from common.audit import call as audited
from common.errors import ApplicationError
from common.identity import Grant
from gateway.backends import Backends
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session
from securetranscribe.v1 import sharing_pb2

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenedLink:
    """The session of somebody who opened a link, with its token, which is not stored."""

    session: Session
    token: str
    transcription_id: int


class LinkOpener:
    """Opens links. The transcriber checks and records every attempt."""

    def __init__(self, backends: Backends, registry: SessionRegistry) -> None:
        self._backends = backends
        self._registry = registry

    async def open(self, token: str, password: str, *, agent: str, address: str) -> OpenedLink:
        """Return a session for the holder of a link's token.

        Raises:
            NotFoundError: there is no such link, or it has ended.
            AuthorizationError: its password is missing or wrong.
            ResourceExhaustedError: there were too many attempts.
            UnavailableError: the transcriber does not answer.
        """
        checked = await self._backends.ask(
            self._backends.sharing.CheckLink,
            sharing_pb2.CheckLinkRequest(token=token, password=password),
            Grant(),
        )
        session, session_token = await self._registry.open_link(
            checked.link_id,
            times.moment(checked.expire_time),
            user_agent=agent,
            ip_address=address,
        )
        telemetry.SESSIONS_CREATED.inc()
        audited.concerns("", session.session_id)
        return OpenedLink(
            session=session, token=session_token, transcription_id=checked.transcription_id
        )


async def forget_user(backends: Backends, user_id: str) -> None:
    """Forget the shares with a deleted user, who cannot use them any more.

    They name nobody else, so that it does not matter if the transcriber is away.
    """
    try:
        await backends.ask(
            backends.sharing.ForgetGrantee,
            sharing_pb2.ForgetGranteeRequest(user_id=user_id),
            Grant(),
        )
    except ApplicationError as error:
        _log.error("shares with a deleted user not forgotten", reason=error.message)
