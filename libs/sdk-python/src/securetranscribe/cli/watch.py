"""Watching a directory for new recordings."""

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from securetranscribe.cli import output
from securetranscribe.cli.batch import Batch, Finished, RecordingFailedError
from securetranscribe.cli.folder import Folder
from securetranscribe.cli.progress import Bars
from securetranscribe.errors import (
    ApiError,
    AuthenticationError,
    AuthorizationError,
    JobCancelledError,
    SecureTranscribeError,
)

_INTERVAL = 2.0
_SETTLE_SECONDS = 5.0
_FAILED = "failed"
_CHANGED = "The recording changed while it was transcribed."
#: Statuses of a server that is full or away, also behind a proxy.
_AWAY = frozenset({429, 502, 503, 504})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of watching."""
    parser.add_argument(
        "--watch",
        action="store_true",
        help="watch a directory, and transcribe each file in it once it has stopped growing",
    )
    parser.add_argument(
        "--done",
        type=Path,
        metavar="DIR",
        help="with --watch: move finished recordings there (default: remember them)",
    )
    parser.add_argument(
        "--failed",
        type=Path,
        default=Path(_FAILED),
        metavar="DIR",
        help="with --watch: move failed recordings there, with the reason next to them "
        f"(default: {_FAILED} in the directory)",
    )
    parser.add_argument(
        "--settle",
        type=float,
        default=_SETTLE_SECONDS,
        metavar="SECONDS",
        help="with --watch: time without changes after which a file is taken "
        f"(default: {_SETTLE_SECONDS:g})",
    )


def run(options: argparse.Namespace, batch_on: Callable[[Bars], Batch]) -> int:
    """Watch until interrupted. Return the exit status."""
    if len(options.file) != 1 or not Path(options.file[0]).is_dir():
        output.error("--watch needs one directory")
        return 2
    folder = Folder(
        path=Path(options.file[0]),
        done=options.done,
        failed=options.failed,
        settle_seconds=options.settle,
    )
    return asyncio.run(_watch(options, folder, batch_on))


async def _watch(
    options: argparse.Namespace, folder: Folder, batch_on: Callable[[Bars], Batch]
) -> int:
    stopped = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        # Services are stopped by this signal. The next start continues unfinished work.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with Bars() as bars:
        batch = batch_on(bars)
        batch.journal.clean()
        bars.say(f"watching {folder.path}")
        watcher = _Watcher(options, folder, batch)
        try:
            return await watcher.run(stopped)
        finally:
            await watcher.close()
            await batch.close()


class _Watcher:
    """Work on the recordings of a directory."""

    def __init__(self, options: argparse.Namespace, folder: Folder, batch: Batch) -> None:
        self._options = options
        self._folder = folder
        self._batch = batch
        self._work: dict[Path, asyncio.Task[None]] = {}

    async def run(self, stopped: asyncio.Event) -> int:
        """Take recordings until `stopped` is set."""
        while not stopped.is_set():
            for recording in self._folder.ready():
                if recording not in self._work:
                    self._work[recording] = asyncio.create_task(self._handle(recording))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _INTERVAL)
            for recording in [one for one, task in self._work.items() if task.done()]:
                self._work.pop(recording).result()
        return 0

    async def close(self) -> None:
        """Stop all work. The next start continues it."""
        for task in self._work.values():
            task.cancel()
        await asyncio.gather(*self._work.values(), return_exceptions=True)

    async def _handle(self, recording: Path) -> None:
        try:
            await self._batch.run(recording, then=self._finish)
        except (RecordingFailedError, JobCancelledError) as error:
            self._set_aside(recording, error)
        except (AuthenticationError, AuthorizationError):
            # No recording can be sent with this token.
            raise
        except (SecureTranscribeError, OSError) as error:
            own_fault = isinstance(error, ApiError) and error.status not in _AWAY
            if own_fault and self._folder.hopeless(recording):
                self._set_aside(recording, error)
            else:
                self._postpone(recording, error)

    def _finish(self, finished: Finished) -> None:
        if not self._folder.finish(finished.recording, finished.fingerprint):
            self._say(finished.recording, f"{_CHANGED} It is taken again.", error=_CHANGED)
        elif self._options.json:
            output.print_json(finished.summary())
        else:
            self._batch.bars.say(f"{finished.recording.name}: wrote {', '.join(finished.files)}")

    def _set_aside(self, recording: Path, error: Exception) -> None:
        try:
            moved = self._folder.set_aside(recording, str(error))
        except OSError as problem:
            self._postpone(recording, problem)
        else:
            self._say(recording, f"failed: {error} Moved to {moved}", error=str(error))

    def _postpone(self, recording: Path, error: Exception) -> None:
        if not os.path.lexists(recording):
            # It was removed in between.
            return
        pause = self._folder.postpone(recording)
        self._say(recording, f"{error} Next attempt in {pause:g} s.", error=str(error))

    def _say(self, recording: Path, text: str, *, error: str) -> None:
        if self._options.json:
            output.print_json({"file": str(recording), "outputs": [], "error": error})
        else:
            self._batch.bars.say(f"{recording.name}: {text}")
