"""Watching a directory or a prefix of a bucket for new recordings."""

import argparse
import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path

from securetranscribe.cli import output
from securetranscribe.cli.batch import Batch, Finished, RecordingFailedError
from securetranscribe.cli.folder import Folder
from securetranscribe.cli.intake import Intake, PlaceAwayError, PlaceRefusedError
from securetranscribe.cli.progress import Bars
from securetranscribe.errors import (
    ApiError,
    AuthenticationError,
    AuthorizationError,
    JobCancelledError,
    SecureTranscribeError,
)

_INTERVAL = 2.0
#: Pause after the place could not be read.
_AWAY_SECONDS = 30.0
#: Prefixes of buckets begin with it.
SCHEME = "s3://"
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
        help="watch a directory, and transcribe each file in it once it has stopped growing. Or "
        "watch a prefix of a bucket, such as s3://calls/inbox (environment variables "
        "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
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
    if len(options.file) != 1:
        output.error("--watch needs one directory or one prefix of a bucket")
        return 2
    intake = _bucket(options) if options.file[0].startswith(SCHEME) else _folder(options)
    return 2 if intake is None else asyncio.run(_watch(options, intake, batch_on))


def _folder(options: argparse.Namespace) -> Intake | None:
    path = Path(options.file[0])
    if not path.is_dir():
        output.error(f"--watch needs a directory, and {path} is none")
        return None
    return Folder(
        path=path, done=options.done, failed=options.failed, settle_seconds=options.settle
    )


def _bucket(options: argparse.Namespace) -> Intake | None:
    try:
        from securetranscribe.cli import bucket  # noqa: PLC0415 - an extra
    except ImportError:
        output.error("s3:// needs an extra. Install it with: pip install 'securetranscribe[s3]'")
        return None
    done, failed = options.done, options.failed
    if failed.is_absolute() or (done is not None and done.is_absolute()):
        output.error("--done and --failed are prefixes below that of --watch, such as done")
        return None
    return bucket.Bucket(
        options.file[0],
        done=None if done is None else done.as_posix(),
        failed=failed.as_posix(),
        client=bucket.connect(),
    )


async def _watch(
    options: argparse.Namespace, intake: Intake, batch_on: Callable[[Bars], Batch]
) -> int:
    stopped = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        # Services are stopped by this signal. The next start continues unfinished work.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with Bars() as bars:
        batch = batch_on(bars)
        batch.journal.clean()
        bars.say(f"watching {intake}")
        watcher = _Watcher(options, intake, batch)
        try:
            return await watcher.run(stopped)
        finally:
            await watcher.close()
            await batch.close()


class _Watcher:
    """Work on the recordings of an intake."""

    def __init__(self, options: argparse.Namespace, intake: Intake, batch: Batch) -> None:
        self._options = options
        self._intake = intake
        self._batch = batch
        self._places = asyncio.Semaphore(batch.at_once)
        self._work: dict[Path, asyncio.Task[None]] = {}
        self._next_look = 0.0

    async def run(self, stopped: asyncio.Event) -> int:
        """Take recordings until `stopped` is set."""
        while not stopped.is_set():
            for recording in await self._ready():
                if recording not in self._work:
                    self._work[recording] = asyncio.create_task(self._handle(recording))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_INTERVAL):
                    await stopped.wait()
            for recording in [one for one, task in self._work.items() if task.done()]:
                self._work.pop(recording).result()
        return 0

    async def _ready(self) -> list[Path]:
        if time.monotonic() < self._next_look:
            return []
        self._next_look = time.monotonic() + self._intake.pause_seconds
        try:
            return await asyncio.to_thread(self._intake.ready)
        except PlaceAwayError as error:
            self._next_look = time.monotonic() + _AWAY_SECONDS
            self._print(
                str(self._intake), f"{error} Next attempt in {_AWAY_SECONDS:g} s.", str(error)
            )
            return []

    async def close(self) -> None:
        """Stop all work. The next start continues it."""
        for task in self._work.values():
            task.cancel()
        await asyncio.gather(*self._work.values(), return_exceptions=True)

    async def _handle(self, recording: Path) -> None:
        try:
            async with self._places:
                await asyncio.to_thread(self._intake.fetch, recording)
                await self._batch.run(recording, then=self._finish)
        except (RecordingFailedError, JobCancelledError) as error:
            await self._set_aside(recording, error)
        except (AuthenticationError, AuthorizationError, PlaceRefusedError):
            # No recording can be sent with this token, or none be read.
            raise
        except (SecureTranscribeError, OSError) as error:
            own_fault = isinstance(error, ApiError) and error.status not in _AWAY
            if own_fault and self._intake.hopeless(recording):
                await self._set_aside(recording, error)
            else:
                self._postpone(recording, error)

    async def _finish(self, finished: Finished) -> None:
        results = await asyncio.to_thread(
            self._intake.finish, finished.recording, finished.fingerprint, finished.files
        )
        if results is None:
            self._say(finished.recording, f"{_CHANGED} It is taken again.", error=_CHANGED)
        elif self._options.json:
            output.print_json({**finished.summary(), "outputs": list(results)})
        else:
            self._batch.bars.say(f"{finished.recording.name}: wrote {', '.join(results)}")

    async def _set_aside(self, recording: Path, error: Exception) -> None:
        try:
            moved = await asyncio.to_thread(self._intake.set_aside, recording, str(error))
        except (SecureTranscribeError, OSError) as problem:
            self._postpone(recording, problem)
        else:
            self._say(recording, f"failed: {error} Moved to {moved}", error=str(error))

    def _postpone(self, recording: Path, error: Exception) -> None:
        if not self._intake.is_there(recording):
            # It was removed in between.
            return
        pause = self._intake.postpone(recording)
        self._say(recording, f"{error} Next attempt in {pause:g} s.", error=str(error))

    def _say(self, recording: Path, text: str, *, error: str) -> None:
        self._print(str(recording), f"{recording.name}: {text}", error)

    def _print(self, file: str, text: str, error: str) -> None:
        if self._options.json:
            output.print_json({"file": file, "outputs": [], "error": error})
        else:
            self._batch.bars.say(text)
