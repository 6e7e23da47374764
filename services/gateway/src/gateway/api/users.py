"""Endpoints of users, for administrators."""

from typing import Annotated

from fastapi import Path, Query

from common.identity import Grant
from gateway.accounts.composition import Accounts
from gateway.accounts.users import NewUser, UserChange
from gateway.api import account_conversion as convert
from gateway.api.account_models import (
    CreatedUserData,
    DeletedUserData,
    LinkData,
    UserBody,
    UserData,
    UserList,
    UserUpdateBody,
)
from gateway.api.parameters import Caller, Text
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Paginated, Pagination, Success

_TAG = "Users"
_UserId = Annotated[str, Path(max_length=64, description="User ID.", pattern=r"^[!-~]+$")]


class UserApi:
    """Users of the deployment."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/users",
                handler=self.list_users,
                summary="List users",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/users",
                handler=self.create_user,
                summary="Create a user",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="PUT",
                path="/users/{user_id}",
                handler=self.update_user,
                summary="Update a user",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/users/{user_id}",
                handler=self.delete_user,
                summary="Delete a user",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="POST",
                path="/users/{user_id}/reset-link",
                handler=self.create_reset_link,
                summary="Create a link to set a password",
                tag=_TAG,
                status=201,
                errors=(404, 409),
            ),
        ]

    async def list_users(
        self,
        caller: Caller,
        query: Annotated[
            Text, Query(max_length=254, description="Part of a name or an e-mail address.")
        ] = "",
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        per_page: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> Paginated[UserList]:
        """List users by name. For administrators."""
        self._accounts.require()
        users, total = await self._accounts.people.page(
            Grant.copy(caller), per_page, (page - 1) * per_page, query
        )
        return Paginated[UserList](
            data=UserList(users=[convert.listed_user(one) for one in users]),
            message="Users retrieved",
            pagination=Pagination.of(page=page, per_page=per_page, total=total),
        )

    async def create_user(self, caller: Caller, body: UserBody) -> Success[CreatedUserData]:
        """Create a user, and return a link to set the first password. For administrators."""
        self._accounts.require()
        new = NewUser(
            name=body.name,
            display_name=body.display_name or "",
            email=body.email,
            administrator=body.administrator,
        )
        user, link = await self._accounts.people.create(Grant.copy(caller), new)
        data = CreatedUserData(user=convert.user(user), link=convert.link(link))
        return Success[CreatedUserData].of(data, "User created")

    async def update_user(
        self, user_id: _UserId, caller: Caller, body: UserUpdateBody
    ) -> Success[UserData]:
        """Change a user. Disabling ends all sessions of the user. For administrators."""
        self._accounts.require()
        change = UserChange(**vars(body))
        user = await self._accounts.people.change(Grant.copy(caller), user_id, change)
        return Success[UserData].of(convert.user(user), "User updated")

    async def delete_user(self, user_id: _UserId, caller: Caller) -> Success[DeletedUserData]:
        """Delete a user, and erase the workspaces that have no other member.

        For administrators, and for users themselves.
        """
        self._accounts.require()
        erased = await self._accounts.people.delete(Grant.copy(caller), user_id)
        data = DeletedUserData(user_id=user_id, erased_workspaces=erased)
        return Success[DeletedUserData].of(data, "User deleted")

    async def create_reset_link(self, user_id: _UserId, caller: Caller) -> Success[LinkData]:
        """Return a link with which a user sets a new password, once. For administrators."""
        self._accounts.require()
        link = await self._accounts.people.reset_link(Grant.copy(caller), user_id)
        return Success[LinkData].of(convert.link(link), "Link created")
