"""Runs the transcriber: `python -m transcriber api|worker|migrate`."""

import argparse
import asyncio

from common import runtime, settings
from common.postgres import Database, migrate
from common.settings import ServiceSettings
from transcriber.settings import ApiSettings, MigrationSettings


def main() -> None:
    """Reads the settings and works until a signal, or until the tables are up to date."""
    parser = argparse.ArgumentParser(prog="python -m transcriber")
    parser.add_argument("process", choices=("api", "worker", "migrate"))
    process = parser.parse_args().process
    if process == "migrate":
        asyncio.run(_migrate(settings.load(MigrationSettings)))
        return
    chosen: ServiceSettings
    # Each process loads only its own half: the api never sees a model, the worker no table.
    if process == "api":
        from transcriber import app as api  # noqa: PLC0415

        chosen = settings.load(ApiSettings)
        runtime.run("transcriber-api", chosen, api.serve)
    else:
        from transcriber.worker import app as worker  # noqa: PLC0415
        from transcriber.worker.settings import SpeechWorkerSettings  # noqa: PLC0415

        chosen = settings.load(SpeechWorkerSettings)
        runtime.run("transcriber-worker", chosen, worker.serve)


async def _migrate(chosen: MigrationSettings) -> None:
    database = Database(chosen)
    await database.open()
    try:
        for name in await migrate(database, "transcriber"):
            print(f"applied {name}")
    finally:
        await database.close()


if __name__ == "__main__":
    main()
