"""When the queue was last announced."""

from common.postgres import Connection, execute

_CLAIM = """
UPDATE queue_announcement SET announced_at = clock_timestamp()
WHERE announced_at <= clock_timestamp() - make_interval(secs => %s)
"""


async def claim(connection: Connection, seconds: float) -> bool:
    """Whether it is this process's turn: nobody announced within the given time."""
    return await execute(connection, _CLAIM, (seconds,)) == 1
