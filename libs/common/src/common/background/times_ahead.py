"""Times that only a clock ahead of the time can have written.

The clock of a server may be wrong for a while, after a virtual machine was resumed for example.
Once it is set back, a lease taken meanwhile would last as long as the clock was ahead, and so would
a pause. Nobody else would do that work until then.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from common import logging
from common.postgres import Database

#: A wait that is longer by this does no harm.
_TOLERANCE_SECONDS = 60.0
#: Replicas with clocks of their own do not shorten each other's waits because these differ.
_BETWEEN_REPLICAS_SECONDS = 600.0
_BRING_BACK = """
UPDATE {table} SET {column} = {now} + make_interval(secs => %(furthest)s)
WHERE {column} > {now} + make_interval(secs => %(furthest)s + %(tolerance)s) AND ({where})
"""
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class TimeColumn:
    """A column with times that are at most `furthest` seconds ahead when they are written.

    It is 0 for times at which something has happened. `clock` is that of the process, if the times
    are not those of the database. `where` chooses the rows that work waits for. Names and `where`
    are constants of the program.
    """

    table: str
    column: str
    furthest: float = 0.0
    clock: Callable[[], dt.datetime] | None = None
    where: str = "true"


async def bring_back(database: Database, columns: Iterable[TimeColumn]) -> int:
    """Bring times that are too far ahead back to the furthest possible. Return their number."""
    found = 0
    for one in columns:
        now = "%(now)s::timestamptz" if one.clock else "clock_timestamp()"
        parameters = {
            "furthest": one.furthest,
            "tolerance": _BETWEEN_REPLICAS_SECONDS if one.clock else _TOLERANCE_SECONDS,
            "now": one.clock() if one.clock else None,
        }
        statement = _BRING_BACK.format(table=one.table, column=one.column, now=now, where=one.where)
        changed = await database.execute(statement, parameters)
        if changed:
            _log.warning(
                "waits shortened, since a clock was ahead: check the clocks of the machines",
                table=one.table,
                column=one.column,
                rows=changed,
            )
        found += changed
    return found
