"""Settings of lasting workspaces, as members and administrators read and change them."""

from collections.abc import Collection

from common import rights
from common.errors import AuthorizationError
from common.identity import Grant
from common.rights import Right
from gateway.accounts.teams import Teams
from gateway.backends import Backends
from securetranscribe.v1 import identity_pb2
from securetranscribe.v1 import workspace_settings_pb2 as pb

#: Settings that only administrators of the deployment change. Managers change all others.
QUOTAS = frozenset({"stored_bytes", "queued", "queue_weight"})


class WorkspaceSettings:
    """Rights to the settings of workspaces. The transcriber keeps and enforces them."""

    def __init__(self, teams: Teams, backends: Backends) -> None:
        self._teams = teams
        self._backends = backends

    async def read(self, caller: Grant, workspace_id: str) -> identity_pb2.WorkspaceSettingsView:
        """Return the settings of a workspace. For its members, and for administrators.

        Raises:
            NotFoundError: there is no such workspace.
        """
        if rights.administers(caller):
            await self._teams.check_exists(workspace_id)
        else:
            await self._teams.check(caller, workspace_id, Right.READ)
        request = pb.ReadWorkspaceSettingsRequest(workspace_id=workspace_id)
        method = self._backends.workspace_settings.ReadWorkspaceSettings
        return (await self._backends.ask(method, request, Grant())).settings

    async def change(
        self,
        caller: Grant,
        workspace_id: str,
        settings: identity_pb2.WorkspaceSettings,
        fields: Collection[str],
    ) -> identity_pb2.WorkspaceSettingsView:
        """Change some fields of a workspace's settings. Those without a value become the default.

        Raises:
            NotFoundError: there is no such workspace.
            AuthorizationError: a field is for managers, or for administrators.
            ValidationError: a value is out of its bounds.
        """
        administers = rights.administers(caller)
        if QUOTAS & set(fields) and not administers:
            raise AuthorizationError(
                "Only administrators of the deployment change quotas and the share of the queue."
            )
        if administers and QUOTAS.issuperset(fields):
            await self._teams.check_exists(workspace_id)
        else:
            await self._teams.check(caller, workspace_id, Right.MANAGE)
        request = pb.ChangeWorkspaceSettingsRequest(workspace_id=workspace_id, settings=settings)
        request.update_mask.paths.extend(sorted(fields))
        method = self._backends.workspace_settings.ChangeWorkspaceSettings
        return (await self._backends.ask(method, request, Grant())).settings
