"""Rotation of the deployment's key: the keys of workspaces are wrapped again, and nothing else."""

from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.encryption.key_holders import KeyHolder
from common.postgres import Connection, Database
from transcriber.encryption.key_ring import workspace_context
from transcriber.store.keys import DataKeys, WorkspaceKeys

_log = logging.get(__name__)


class KeyRotationStep(ItemStep[str]):
    """Wraps keys of workspaces with the newest key of the deployment."""

    name = "key-rotation"
    items = "workspaces whose key is under an earlier ENCRYPTION_KEY"
    outcome = "The earlier key is still needed."
    policy = Policy(most_attempts=20, first_pause=15.0, longest_pause=3600.0)

    def __init__(self, database: Database, holder: KeyHolder | None) -> None:
        super().__init__(database)
        self._holder = holder
        self._current = ""

    def key(self, item: str) -> str:
        """Return the workspace's id."""
        return item

    async def step(self) -> None:
        """Wrap the keys of all workspaces under an earlier key."""
        if self._holder is not None:
            self._current = await self._holder.current()
            await super().step()

    async def due(self, connection: Connection, limit: int) -> Sequence[str]:
        """Return workspaces with their key under another."""
        return await WorkspaceKeys(connection).under_others(self._current, limit)

    async def handle(self, item: str) -> None:
        """Wrap the key of one workspace again."""
        assert self._holder is not None, "otherwise nothing is due"
        async with self._database.transaction() as connection:
            before = await WorkspaceKeys(connection).find(item)
        if before is None:
            return
        context = workspace_context(item)
        after = await self._holder.wrap(await self._holder.unwrap(before, context), context)
        async with self._database.transaction() as connection:
            replaced = await WorkspaceKeys(connection).replace(item, before, after)
        if replaced:
            _log.info("key of a workspace wrapped again", workspace_id=item, key=after.by)


async def forget_unused_keys(database: Database) -> None:
    """Erase the keys of failed or abandoned uploads and captures."""
    async with database.transaction() as connection:
        await DataKeys(connection).forget_unused()
