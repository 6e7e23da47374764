"""Erasure of ended workspaces by all services."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.postgres import Connection, Database
from gateway.sessions.registry import Clock
from gateway.sessions.session import Expiry
from gateway.sessions.workspaces import EndedWorkspace, Workspaces

_KEPT = dt.timedelta(days=90)
_AT_A_TIME = 1000
_log = logging.get(__name__)

#: Erases a workspace (first argument) for a reason (second). Repeating it changes nothing.
Erase = Callable[[str, str], Awaitable[object]]
#: Returns workspaces that own something, those behind the first argument, at most as many.
List = Callable[[str, int], Awaitable[Sequence[str]]]


class WorkspaceErasure(ItemStep[EndedWorkspace]):
    """Has every service erase expired workspaces."""

    name = "workspaces"
    items = "ended workspaces to erase"
    outcome = "Nobody can reach the workspace. Its remains stay stored and are listed."
    policy = Policy(most_attempts=12, first_pause=15.0, longest_pause=3600.0, at_a_time=4)

    def __init__(
        self, database: Database, services: Mapping[str, Erase], expiry: Expiry, clock: Clock
    ) -> None:
        """Initialize the step. `services` maps names of services to their erasure."""
        super().__init__(database)
        self._services = services
        self._expiry = expiry
        self._clock = clock

    def key(self, item: EndedWorkspace) -> str:
        """Return the id of the workspace."""
        return item.workspace_id

    async def due(self, connection: Connection, limit: int) -> Sequence[EndedWorkspace]:
        """Return workspaces to erase."""
        now = self._clock()
        return await Workspaces(connection).due(now, self._expiry.resumable_since(now), limit)

    async def handle(self, item: EndedWorkspace) -> None:
        """Have the remaining services erase one workspace."""
        for service, erase in self._services.items():
            if service not in item.erased_by:
                await erase(item.workspace_id, item.reason)
                async with self._database.transaction() as connection:
                    await Workspaces(connection).erased_by(
                        item.workspace_id, service, self._clock()
                    )
        async with self._database.transaction() as connection:
            await Workspaces(connection).erased(item.workspace_id, self._clock())
        _log.info("workspace erased", workspace_id=item.workspace_id, reason=item.reason)


class WorkspaceSurvey:
    """Search for workspaces with content but no session.

    Versions without workspaces deleted the rows of ended sessions. What these owned is kept for the
    grace period, counted from when this finds it.
    """

    def __init__(self, database: Database, listed: List, clock: Clock) -> None:
        self._database = database
        self._list = listed
        self._clock = clock

    async def step(self) -> None:
        """Count unknown workspaces as ended, and forget those erased long ago."""
        after, adopted = "", 0
        while found := await self._list(after, _AT_A_TIME):
            async with self._database.transaction() as connection:
                adopted += await Workspaces(connection).adopt(found, self._clock())
            after = found[-1]
        async with self._database.transaction() as connection:
            await Workspaces(connection).forget(self._clock() - _KEPT)
        if adopted:
            _log.info("workspaces without sessions found", count=adopted)
