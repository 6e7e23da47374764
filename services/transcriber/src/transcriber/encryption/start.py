"""Check of the deployment's key when the process starts."""

from common.encryption.key_holders import KeyHolder
from common.errors import ApplicationError
from common.postgres import Database
from transcriber.store.keys import WorkspaceKeys


class MissingKeyError(ApplicationError):
    """Recordings are encrypted with a key missing in this process."""


async def check_keys(database: Database, holder: KeyHolder | None) -> None:
    """Compare the keys of the settings with those in use.

    Raises:
        MissingKeyError: one is missing.
        UnavailableError: the key service does not answer.
    """
    async with database.transaction() as connection:
        in_use = await WorkspaceKeys(connection).holders()
    if holder is not None:
        # A key service is asked even if nothing is encrypted yet.
        current = await holder.current()
        if await holder.known(list(in_use)):
            return
    elif not in_use:
        return
    names = ", ".join(sorted(in_use))
    given = f"ENCRYPTION_KEY begins with the key {current}" if holder else "no key is set"
    raise MissingKeyError(
        f"{sum(in_use.values())} workspaces have recordings encrypted with the key {names}, and "
        f"{given}. Set ENCRYPTION_KEY to the key that was in use, after a new one if you replace "
        "it. Nothing was changed (see docs/encryption.md)."
    )
