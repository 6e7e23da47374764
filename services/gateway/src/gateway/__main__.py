"""Command line of the gateway: `python -m gateway [migrate]`.

With `migrate`, it only updates the database and exits.
"""

import asyncio
import sys

from common import postgres, runtime, settings
from gateway import app
from gateway.settings import GatewaySettings


def main() -> None:
    """Read the settings and serve until a signal arrives."""
    match sys.argv[1:]:
        case []:
            runtime.run("gateway", settings.load(GatewaySettings), app.serve)
        case ["migrate"]:
            asyncio.run(_migrate(settings.load(GatewaySettings)))
        case _:
            sys.exit("usage: python -m gateway [migrate]")


async def _migrate(configured: GatewaySettings) -> None:
    database = postgres.Database(configured)
    await database.open()
    try:
        for name in await postgres.migrate(database, "gateway"):
            print(name)
    finally:
        await database.close()


if __name__ == "__main__":
    main()
