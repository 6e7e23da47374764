"""Run the transcriber: `python -m transcriber api|worker|embedder|migrate|set-aside`."""

import argparse

from common import allocator, commands, runtime, settings
from common.settings import ServiceSettings
from transcriber.settings import ApiSettings, MigrationSettings


def main() -> None:
    """Read the command line and the settings, and run until a signal or the end of the command."""
    parser = argparse.ArgumentParser(prog="python -m transcriber")
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    choices.add_parser("api", help="answer calls and run the queue")
    choices.add_parser("worker", help="recognize speech")
    choices.add_parser("embedder", help="turn texts into vectors for the search by meaning")
    commands.add_maintenance(choices)
    arguments = parser.parse_args()
    chosen: ServiceSettings
    # Each process loads only its own half: the api never sees a model, the worker no table.
    match arguments.command:
        case "api":
            from transcriber import app as api  # noqa: PLC0415

            chosen = settings.load(ApiSettings)
            allocator.keep_large_blocks()
            runtime.run("transcriber-api", chosen, api.serve)
        case "worker":
            from transcriber.worker import app as worker  # noqa: PLC0415
            from transcriber.worker.settings import SpeechWorkerSettings  # noqa: PLC0415

            chosen = settings.load(SpeechWorkerSettings)
            runtime.run("transcriber-worker", chosen, worker.serve)
        case "embedder":
            from transcriber.embedder import app as embedder  # noqa: PLC0415
            from transcriber.embedder.settings import EmbedderSettings  # noqa: PLC0415

            chosen = settings.load(EmbedderSettings)
            runtime.run("transcriber-embedder", chosen, embedder.serve)
        case _:
            from transcriber.store.dead_letters import DeadLetters  # noqa: PLC0415

            commands.maintain(
                arguments,
                settings.load(MigrationSettings),
                package="transcriber",
                also=lambda connection: DeadLetters(connection).listed(),
            )


if __name__ == "__main__":
    main()
