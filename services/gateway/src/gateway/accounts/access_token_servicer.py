"""AccessTokenService: access tokens of programs."""

from typing import Any

from common import identity, times
from gateway.accounts import messages
from gateway.accounts.access_tokens import DEFAULT_LASTS, NewAccessToken
from gateway.accounts.composition import Accounts
from securetranscribe.v1 import identity_pb2 as pb
from securetranscribe.v1 import identity_pb2_grpc


class AccessTokenServicer(identity_pb2_grpc.AccessTokenServiceServicer):
    """Access tokens of programs."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def CreateAccessToken(
        self, request: pb.CreateAccessTokenRequest, _context: Any
    ) -> pb.CreateAccessTokenResponse:
        """Create an access token."""
        self._accounts.require()
        lasts = times.timedelta(request.duration)
        new = NewAccessToken(
            name=request.name,
            scopes=messages.scopes(request.scopes),
            workspace_id=request.workspace_id,
            lasts=lasts if request.HasField("duration") else DEFAULT_LASTS,
        )
        made = await self._accounts.tokens.create(identity.current(), new)
        return pb.CreateAccessTokenResponse(
            access_token=messages.access_token(made.access_token), secret=made.secret
        )

    async def ListAccessTokens(
        self, _request: pb.ListAccessTokensRequest, _context: Any
    ) -> pb.ListAccessTokensResponse:
        """List access tokens."""
        self._accounts.require()
        found = await self._accounts.tokens.listed(identity.current())
        return pb.ListAccessTokensResponse(access_tokens=map(messages.access_token, found))

    async def RevokeAccessToken(
        self, request: pb.RevokeAccessTokenRequest, _context: Any
    ) -> pb.RevokeAccessTokenResponse:
        """End an access token."""
        self._accounts.require()
        await self._accounts.tokens.revoke(identity.current(), request.token_id)
        return pb.RevokeAccessTokenResponse()
