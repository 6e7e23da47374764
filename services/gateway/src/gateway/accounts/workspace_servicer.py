"""WorkspaceService: workspaces of users, and their members."""

from typing import Any

from common import identity
from common.identity import Identity
from gateway.accounts import messages
from gateway.accounts.composition import Accounts
from gateway.accounts.workspace_settings import WorkspaceSettings
from securetranscribe.v1 import identity_pb2 as pb
from securetranscribe.v1 import identity_pb2_grpc


class WorkspaceServicer(identity_pb2_grpc.WorkspaceServiceServicer):
    """Workspaces of users, and their members."""

    def __init__(self, accounts: Accounts, settings: WorkspaceSettings) -> None:
        self._accounts = accounts
        self._settings = settings

    async def ListOwnWorkspaces(
        self, _request: pb.ListOwnWorkspacesRequest, _context: Any
    ) -> pb.ListOwnWorkspacesResponse:
        """List the caller's workspaces."""
        caller = self._caller()
        found = await self._accounts.teams.of(caller)
        return pb.ListOwnWorkspacesResponse(
            workspaces=[messages.workspace(one, caller.workspace_id) for one in found]
        )

    async def CreateWorkspace(
        self, request: pb.CreateWorkspaceRequest, _context: Any
    ) -> pb.CreateWorkspaceResponse:
        """Create a workspace."""
        caller = self._caller()
        made = await self._accounts.teams.create(caller, request.name)
        return pb.CreateWorkspaceResponse(workspace=messages.workspace(made, caller.workspace_id))

    async def UpdateWorkspace(
        self, request: pb.UpdateWorkspaceRequest, _context: Any
    ) -> pb.UpdateWorkspaceResponse:
        """Rename a workspace."""
        caller = self._caller()
        name = request.name if request.HasField("name") else None
        changed = await self._accounts.teams.rename(caller, request.workspace_id, name)
        return pb.UpdateWorkspaceResponse(
            workspace=messages.workspace(changed, caller.workspace_id)
        )

    async def DeleteWorkspace(
        self, request: pb.DeleteWorkspaceRequest, _context: Any
    ) -> pb.DeleteWorkspaceResponse:
        """Delete a workspace."""
        await self._accounts.teams.delete(self._caller(), request.workspace_id)
        return pb.DeleteWorkspaceResponse()

    async def ListMembers(
        self, request: pb.ListMembersRequest, _context: Any
    ) -> pb.ListMembersResponse:
        """List the members of a workspace."""
        found = await self._accounts.teams.members(self._caller(), request.workspace_id)
        return pb.ListMembersResponse(members=map(messages.member, found))

    async def SetMember(self, request: pb.SetMemberRequest, _context: Any) -> pb.SetMemberResponse:
        """Add a member, or change the role."""
        member = await self._accounts.teams.set_member(
            self._caller(), request.workspace_id, request.user, messages.role(request.role)
        )
        return pb.SetMemberResponse(member=messages.member(member))

    async def RemoveMember(
        self, request: pb.RemoveMemberRequest, _context: Any
    ) -> pb.RemoveMemberResponse:
        """Remove a member."""
        await self._accounts.teams.remove_member(
            self._caller(), request.workspace_id, request.user_id
        )
        return pb.RemoveMemberResponse()

    async def SwitchWorkspace(
        self, request: pb.SwitchWorkspaceRequest, _context: Any
    ) -> pb.SwitchWorkspaceResponse:
        """Work in another workspace."""
        active = await self._accounts.teams.switch(self._caller(), request.workspace_id)
        return pb.SwitchWorkspaceResponse(
            workspace=messages.workspace(active, request.workspace_id)
        )

    async def GetWorkspaceSettings(
        self, request: pb.GetWorkspaceSettingsRequest, _context: Any
    ) -> pb.GetWorkspaceSettingsResponse:
        """Return the settings of a workspace."""
        settings = await self._settings.read(self._caller(), request.workspace_id)
        return pb.GetWorkspaceSettingsResponse(settings=settings)

    async def UpdateWorkspaceSettings(
        self, request: pb.UpdateWorkspaceSettingsRequest, _context: Any
    ) -> pb.UpdateWorkspaceSettingsResponse:
        """Change settings of a workspace."""
        settings = await self._settings.change(
            self._caller(), request.workspace_id, request.settings, request.update_mask.paths
        )
        return pb.UpdateWorkspaceSettingsResponse(settings=settings)

    def _caller(self) -> Identity:
        self._accounts.require()
        return identity.current()
