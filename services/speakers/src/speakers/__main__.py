"""Command line: `python -m speakers` serves, `python -m speakers migrate` applies migrations."""

import asyncio
import sys

from common import postgres, runtime, settings
from speakers import app
from speakers.settings import SpeakersSettings


def main() -> None:
    """Read the settings and run the chosen command."""
    match sys.argv[1:]:
        case []:
            runtime.run("speakers", settings.load(SpeakersSettings), app.serve)
        case ["migrate"]:
            asyncio.run(_migrate(settings.load(SpeakersSettings)))
        case _:
            sys.exit("usage: python -m speakers [migrate]")


async def _migrate(configured: SpeakersSettings) -> None:
    database = postgres.Database(configured)
    await database.open()
    try:
        for name in await postgres.migrate(database, "speakers"):
            print(name)
    finally:
        await database.close()


if __name__ == "__main__":
    main()
