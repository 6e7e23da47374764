"""Calls for administrators, who sign in or send a token, which is kept nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import grpc.aio
from fastapi import Depends, Header
from starlette.requests import Request

from common import rights
from common.addresses import network_of
from common.admin import ADMIN_HEADER
from common.errors import AuthorizationError
from common.grpc_client import unwrap
from common.identity import Grant
from common.rate_limits import Group, RateLimits
from common.signing import acting_for
from gateway.backends import Answer, Backends
from gateway.backends import Request as Message
from gateway.sessions.session import Session
from gateway.web.callers import client_address

_HEADER = "X-Admin-Token"
_SECONDS = 15.0
_ADVICE = (
    f"Sign in as an administrator, or send the token of administrators in the header '{_HEADER}'. "
    "It is the value of ADMIN_TOKEN of the transcriber. Without that setting there is none."
)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Who asks: the session of a request, its token, and the client's address.

    Token and address are not verified.
    """

    grant: Grant
    token: str = field(repr=False)
    address: str


def _credential(
    request: Request,
    token: Annotated[
        str, Header(alias=_HEADER, description="The value of ADMIN_TOKEN of the transcriber.")
    ] = "",
) -> Credential:
    session: Session | None = request.scope["state"].get("session")
    grant = Grant() if session is None else Grant.copy(session)
    return Credential(grant=grant, token=token.strip(), address=client_address(request.scope))


Administrator = Annotated[Credential, Depends(_credential)]


class AdminCalls:
    """Calls AdminService for a signed-in administrator, or with the token of a request.

    Wrong tokens are counted by address. An address with too many of them has to wait, even with
    the right one, so that answers tell nothing about guesses.
    """

    def __init__(self, backends: Backends, limits: RateLimits) -> None:
        self._backends = backends
        self._limits = limits

    async def ask(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Message, Answer],
        request: Message,
        credential: Credential,
    ) -> Answer:
        """Call a method of AdminService.

        Raises:
            AuthorizationError: nobody has signed in as an administrator, and the token is missing
                or wrong.
            RateLimitedError: the address has sent too many wrong tokens.
            ApplicationError: the service refused the call.
        """
        if rights.administers(credential.grant):
            metadata = acting_for(credential.grant)
            return await unwrap(method(request, metadata=metadata, timeout=_SECONDS))
        token = credential.token
        if not token:
            raise AuthorizationError(_ADVICE)
        guesses = f"admin:{network_of(credential.address)}"
        allowance = await self._limits.hit(Group.SESSION, guesses, cost=0)
        if not allowance.remaining:
            raise allowance.refusal()
        try:
            # Other characters cannot be sent as metadata, and belong to no token.
            if not (token.isascii() and token.isprintable()):
                raise AuthorizationError(_ADVICE)
            return await unwrap(
                method(request, metadata=_metadata(token), timeout=_SECONDS),
            )
        except AuthorizationError as error:
            await self._limits.hit(Group.SESSION, guesses)
            raise AuthorizationError(f"This is not the token. {_ADVICE}") from error

    @property
    def backends(self) -> Backends:
        """The services."""
        return self._backends


def _metadata(token: str) -> Sequence[tuple[str, str]]:
    return (*acting_for(Grant()), (ADMIN_HEADER, token))
