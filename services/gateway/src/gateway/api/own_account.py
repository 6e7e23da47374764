"""Endpoints of the caller's own name and sign-ins."""

from typing import Annotated

from fastapi import Path

from common.identity import Grant
from gateway.accounts.composition import Accounts
from gateway.api import account_conversion as convert
from gateway.api.account_models import (
    EndedSignInsData,
    OwnAccountBody,
    SignInList,
    UserData,
)
from gateway.api.parameters import Caller
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success

_TAG = "Accounts"
_SessionId = Annotated[
    str, Path(max_length=64, description="ID of a sign-in.", pattern=r"^[!-~]+$")
]


class OwnAccountApi:
    """Name and sign-ins of the caller."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="PUT",
                path="/auth/me",
                handler=self.update_account,
                summary="Change the own name",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="GET",
                path="/auth/sessions",
                handler=self.list_sign_ins,
                summary="List the own sign-ins",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="DELETE",
                path="/auth/sessions",
                handler=self.end_other_sign_ins,
                summary="End the other sign-ins",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="DELETE",
                path="/auth/sessions/{session_id}",
                handler=self.end_sign_in,
                summary="End a sign-in",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def update_account(self, caller: Caller, body: OwnAccountBody) -> Success[UserData]:
        """Change the name that others see. The name to sign in with stays the same."""
        self._accounts.require()
        user = await self._accounts.own.rename(Grant.copy(caller), body.display_name)
        return Success[UserData].of(convert.user(user), "Account updated")

    async def list_sign_ins(self, caller: Caller) -> Success[SignInList]:
        """List where the caller is signed in, the last used one first."""
        self._accounts.require()
        found = await self._accounts.own.sign_ins(Grant.copy(caller))
        data = SignInList(sign_ins=[convert.sign_in(one, caller.session_id) for one in found])
        return Success[SignInList].of(data, "Sign-ins retrieved")

    async def end_other_sign_ins(self, caller: Caller) -> Success[EndedSignInsData]:
        """End all sign-ins of the caller but this one. Access tokens stay valid."""
        self._accounts.require()
        ended = await self._accounts.own.end_others(Grant.copy(caller))
        return Success[EndedSignInsData].of(EndedSignInsData(ended=ended), "Sign-ins ended")

    async def end_sign_in(
        self, session_id: _SessionId, caller: Caller
    ) -> Success[EndedSignInsData]:
        """End one sign-in of the caller, within a second. It may be the current one."""
        self._accounts.require()
        await self._accounts.own.end(Grant.copy(caller), session_id)
        return Success[EndedSignInsData].of(EndedSignInsData(ended=1), "Sign-in ended")
