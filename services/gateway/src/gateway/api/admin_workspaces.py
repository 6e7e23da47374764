"""Endpoint that lists all workspaces for administrators, with figures and without content."""

from typing import Annotated

from fastapi import Query

from gateway.accounts.workspace_list import WorkspaceList
from gateway.api.admin_calls import AdminCalls, Administrator
from gateway.api.system_conversion import workspace_data
from gateway.api.system_models import WorkspaceFiguresList
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Paginated, Pagination
from securetranscribe.v1 import admin_pb2


class AdminWorkspaceApi:
    """Workspaces of the deployment."""

    def __init__(self, calls: AdminCalls, workspaces: WorkspaceList) -> None:
        self._calls = calls
        self._workspaces = workspaces

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/admin/workspaces",
                handler=self.list_all_workspaces,
                summary="List all workspaces",
                tag="System",
            )
        ]

    async def list_all_workspaces(
        self,
        administrator: Administrator,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        per_page: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> Paginated[WorkspaceFiguresList]:
        """List workspaces with figures: those of people by name, then those of sessions."""
        found, total = await self._workspaces.page(per_page, (page - 1) * per_page)
        request = admin_pb2.ListWorkspaceFiguresRequest(
            owners=[one.workspace_id for one in found], limit=per_page
        )
        # Without any workspace the call is made all the same, since it checks the caller.
        answer = await self._calls.ask(
            self._calls.backends.admin.ListWorkspaceFigures, request, administrator
        )
        figures = {one.workspace_id: one for one in answer.workspaces}
        nothing = admin_pb2.WorkspaceFigures()
        return Paginated[WorkspaceFiguresList](
            data=WorkspaceFiguresList(
                workspaces=[
                    workspace_data(one, figures.get(one.workspace_id, nothing)) for one in found
                ]
            ),
            message="Workspaces retrieved",
            pagination=Pagination.of(page=page, per_page=per_page, total=total),
        )
