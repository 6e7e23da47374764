"""Endpoints of access tokens."""

import datetime as dt
from typing import Annotated

from fastapi import Path

from common.identity import Grant, Scope
from gateway.accounts.access_tokens import NewAccessToken
from gateway.accounts.composition import Accounts
from gateway.api import account_conversion as convert
from gateway.api.account_models import CreatedTokenData, RevokedTokenData, TokenBody, TokenList
from gateway.api.parameters import Caller
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success

_TAG = "Access tokens"
_TokenId = Annotated[
    str, Path(max_length=64, description="ID of the access token.", pattern=r"^[!-~]+$")
]


class AccessTokenApi:
    """Access tokens of programs."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/tokens",
                handler=self.list_access_tokens,
                summary="List access tokens",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/tokens",
                handler=self.create_access_token,
                summary="Create an access token",
                tag=_TAG,
                status=201,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/tokens/{token_id}",
                handler=self.revoke_access_token,
                summary="Revoke an access token",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def list_access_tokens(self, caller: Caller) -> Success[TokenList]:
        """List the caller's access tokens, newest first.

        Managers see all tokens of the active workspace too.
        """
        self._accounts.require()
        found = await self._accounts.tokens.listed(Grant.copy(caller))
        data = TokenList(access_tokens=[convert.token(one) for one in found])
        return Success[TokenList].of(data, "Access tokens retrieved")

    async def create_access_token(
        self, caller: Caller, body: TokenBody
    ) -> Success[CreatedTokenData]:
        """Create an access token for one workspace and return its secret, once.

        It has the caller's role there, limited to its scopes. Send it as
        `Authorization: Bearer sta_…`.
        """
        self._accounts.require()
        new = NewAccessToken(
            name=body.name,
            scopes=frozenset(map(Scope, body.scopes)),
            workspace_id=body.workspace_id or "",
            lasts=dt.timedelta(days=body.expires_in_days),
        )
        made = await self._accounts.tokens.create(Grant.copy(caller), new)
        data = CreatedTokenData(access_token=convert.token(made.access_token), secret=made.secret)
        return Success[CreatedTokenData].of(data, "Access token created")

    async def revoke_access_token(
        self, token_id: _TokenId, caller: Caller
    ) -> Success[RevokedTokenData]:
        """End an access token within a second, with the sessions made with it.

        For its user, and for managers of its workspace.
        """
        self._accounts.require()
        await self._accounts.tokens.revoke(Grant.copy(caller), token_id)
        return Success[RevokedTokenData].of(
            RevokedTokenData(token_id=token_id), "Access token revoked"
        )
