"""Endpoints of workspaces that last, and of their members."""

from typing import Annotated

from fastapi import Path

from common.identity import Grant, Role
from gateway.accounts.composition import Accounts
from gateway.api import account_conversion as convert
from gateway.api.account_models import (
    DeletedWorkspaceData,
    MemberBody,
    MemberData,
    MemberList,
    RemovedMemberData,
    WorkspaceBody,
    WorkspaceData,
    WorkspaceList,
)
from gateway.api.parameters import Caller
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success

_TAG = "Workspaces"
_PRINTABLE = r"^[!-~]+$"
_WorkspaceId = Annotated[str, Path(max_length=64, description="Workspace ID.", pattern=_PRINTABLE)]
_UserId = Annotated[str, Path(max_length=64, description="User ID.", pattern=_PRINTABLE)]
_Named = Annotated[str, Path(max_length=254, description="ID, name or e-mail address of a user.")]


class WorkspaceApi:
    """Workspaces of users."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/workspaces",
                handler=self.list_workspaces,
                summary="List the own workspaces",
                tag=_TAG,
                errors=(409,),
            ),
            Endpoint(
                method="POST",
                path="/workspaces",
                handler=self.create_workspace,
                summary="Create a workspace",
                tag=_TAG,
                status=201,
                errors=(409,),
            ),
            Endpoint(
                method="PUT",
                path="/workspaces/{workspace_id}",
                handler=self.update_workspace,
                summary="Rename a workspace",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/workspaces/{workspace_id}",
                handler=self.delete_workspace,
                summary="Delete a workspace",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="POST",
                path="/workspaces/{workspace_id}/switch",
                handler=self.switch_workspace,
                summary="Work in another workspace",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="GET",
                path="/workspaces/{workspace_id}/members",
                handler=self.list_members,
                summary="List members",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="PUT",
                path="/workspaces/{workspace_id}/members/{user_id}",
                handler=self.set_member,
                summary="Add a member or change a role",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="DELETE",
                path="/workspaces/{workspace_id}/members/{user_id}",
                handler=self.remove_member,
                summary="Remove a member",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def list_workspaces(self, caller: Caller) -> Success[WorkspaceList]:
        """List the caller's workspaces by name."""
        self._accounts.require()
        found = await self._accounts.teams.of(Grant.copy(caller))
        data = WorkspaceList(
            workspaces=[convert.workspace(one, caller.workspace_id) for one in found]
        )
        return Success[WorkspaceList].of(data, "Workspaces retrieved")

    async def create_workspace(self, caller: Caller, body: WorkspaceBody) -> Success[WorkspaceData]:
        """Create a workspace that the caller manages. The active one stays the same."""
        self._accounts.require()
        made = await self._accounts.teams.create(Grant.copy(caller), body.name)
        return Success[WorkspaceData].of(
            convert.workspace(made, caller.workspace_id), "Workspace created"
        )

    async def update_workspace(
        self, workspace_id: _WorkspaceId, caller: Caller, body: WorkspaceBody
    ) -> Success[WorkspaceData]:
        """Change the name of a workspace. For its managers."""
        self._accounts.require()
        changed = await self._accounts.teams.rename(Grant.copy(caller), workspace_id, body.name)
        return Success[WorkspaceData].of(
            convert.workspace(changed, caller.workspace_id), "Workspace updated"
        )

    async def delete_workspace(
        self, workspace_id: _WorkspaceId, caller: Caller
    ) -> Success[DeletedWorkspaceData]:
        """Delete a workspace. Everything in it is erased within minutes. For its managers."""
        self._accounts.require()
        await self._accounts.teams.delete(Grant.copy(caller), workspace_id)
        data = DeletedWorkspaceData(workspace_id=workspace_id)
        return Success[DeletedWorkspaceData].of(data, "Workspace deleted")

    async def switch_workspace(
        self, workspace_id: _WorkspaceId, caller: Caller
    ) -> Success[WorkspaceData]:
        """Make a workspace the one that the session works in."""
        self._accounts.require()
        active = await self._accounts.teams.switch(Grant.copy(caller), workspace_id)
        return Success[WorkspaceData].of(
            convert.workspace(active, workspace_id), "Workspace switched"
        )

    async def list_members(self, workspace_id: _WorkspaceId, caller: Caller) -> Success[MemberList]:
        """List the members of a workspace by name. For its members."""
        self._accounts.require()
        found = await self._accounts.teams.members(Grant.copy(caller), workspace_id)
        data = MemberList(members=[convert.member(one) for one in found])
        return Success[MemberList].of(data, "Members retrieved")

    async def set_member(
        self, workspace_id: _WorkspaceId, user_id: _Named, caller: Caller, body: MemberBody
    ) -> Success[MemberData]:
        """Add a user, or change the role of a member. For managers.

        Takes effect within a second.
        """
        self._accounts.require()
        member = await self._accounts.teams.set_member(
            Grant.copy(caller), workspace_id, user_id, Role.of(body.role)
        )
        return Success[MemberData].of(convert.member(member), "Member saved")

    async def remove_member(
        self, workspace_id: _WorkspaceId, user_id: _UserId, caller: Caller
    ) -> Success[RemovedMemberData]:
        """Remove a member, whose access tokens for the workspace end. For managers and the member.

        Takes effect within a second. A workspace keeps at least one manager.
        """
        self._accounts.require()
        await self._accounts.teams.remove_member(Grant.copy(caller), workspace_id, user_id)
        return Success[RemovedMemberData].of(RemovedMemberData(user_id=user_id), "Member removed")
