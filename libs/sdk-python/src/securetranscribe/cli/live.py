"""The commands `live` and `follow`."""

import argparse
import asyncio
import contextlib
import itertools
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError
from typing import IO, Any

from securetranscribe.async_client import AsyncSecureTranscribeClient
from securetranscribe.cli import arguments, credentials, output
from securetranscribe.cli.live_screen import Screen
from securetranscribe.cli.live_sound import Sound, UnknownSoundError, opened
from securetranscribe.live_session import LiveSession

_DESCRIPTION = """Print words while they are spoken. The sound comes from a pipe, such as that of
ffmpeg, and is kept as a recording. Ctrl-C ends the recording. It is then processed as a whole."""

_FOLLOWS = """Print the words of a recording while they are spoken. It may be one of your workspace
or one that is shared with you. All words since its beginning are printed first."""
_LOST = "The server cannot be reached. The words follow once it is back."


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = arguments.add_command(
        commands,
        "live",
        _live,
        help="print words while they are spoken, from a pipe or a file",
        description=_DESCRIPTION,
    )
    parser.add_argument(
        "file",
        help="sound that is read as it comes, - for standard input: Opus in WebM or Ogg, WAV, or "
        "samples with --sample-rate",
    )
    arguments.add_processing(parser)
    parser.add_argument("--title", help="title of the transcription")
    parser.add_argument(
        "--sample-rate", type=int, metavar="HZ", help="samples per second of sound without a header"
    )
    parser.add_argument(
        "--channel-count",
        type=int,
        default=1,
        choices=(1, 2),
        help="channels of sound without a header (default: 1)",
    )
    parser.add_argument(
        "--encoding",
        choices=("linear16", "float32"),
        default="linear16",
        help="samples of sound without a header (default: linear16)",
    )

    parser = arguments.add_command(
        commands,
        "follow",
        _follow,
        help="print the words of a live session that somebody else records",
        description=_FOLLOWS,
    )
    parser.add_argument("transcription", type=int, help="number of the transcription")


def _follow(options: argparse.Namespace) -> int:
    login = credentials.chosen(options)
    screen = Screen(as_json=options.json, lost=_LOST)

    async def run() -> None:
        async with AsyncSecureTranscribeClient(login.url, login.token) as client:
            async for message in client.follow(options.transcription):
                screen.show(message)

    try:
        asyncio.run(run())
    finally:
        screen.close()
    return 0


def _live(options: argparse.Namespace) -> int:
    login = credentials.chosen(options)
    try:
        with _source(options.file) as file:
            return asyncio.run(_run(options, login, file))
    except UnknownSoundError as error:
        output.error(error)
        return 2


@contextlib.contextmanager
def _source(name: str) -> Iterator[IO[bytes]]:
    # Without a buffer, a read returns what is there, and none holds a lock at the end.
    source = sys.stdin.fileno() if name == "-" else name
    with open(source, "rb", buffering=0, closefd=name != "-") as file:
        yield file


async def _run(options: argparse.Namespace, login: credentials.Login, file: IO[bytes]) -> int:
    pieces = _Pieces(file, options)
    sound = await pieces.sound()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _stop, loop, stopped)
    begin = {
        "encoding": sound.encoding,
        "sample_rate": sound.sample_rate,
        "channel_count": sound.channel_count,
        "title": options.title,
        **arguments.processing(options),
    }
    screen = Screen(as_json=options.json)
    async with (
        AsyncSecureTranscribeClient(login.url, login.token) as client,
        client.live(**begin) as session,
    ):
        sending = asyncio.create_task(_send(session, pieces, stopped))
        showing = asyncio.create_task(_show(session, screen))
        try:
            await asyncio.wait({sending, showing}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and isinstance(error := sending.exception(), OSError):
                raise error
            # Other errors of sending are those of the session.
            return await showing
        finally:
            sending.cancel()
            showing.cancel()
            screen.close()


async def _show(session: LiveSession, screen: Screen) -> int:
    """Show messages until the session has ended. Return the exit status."""
    status = 0
    async for message in session:
        screen.show(message)
        if message["type"] == "ended":
            status = 1 if message["data"]["capture"].get("error") else 0
    return status


def _stop(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """End the recording. The next signal ends the command."""
    stopped.set()
    loop.remove_signal_handler(signal.SIGINT)
    loop.remove_signal_handler(signal.SIGTERM)


async def _send(session: LiveSession, pieces: "_Pieces", stopped: asyncio.Event) -> None:
    stopping = asyncio.create_task(stopped.wait())
    reading = asyncio.create_task(_send_all(session, pieces))
    await asyncio.wait({stopping, reading}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if reading.done():
        reading.result()
    reading.cancel()
    await session.finish()


async def _send_all(session: LiveSession, pieces: "_Pieces") -> None:
    async for piece in pieces:
        await session.send(piece)


class _Pieces:
    """Sound that another thread reads, so that nothing waits for a pipe without sound."""

    def __init__(self, file: IO[bytes], options: argparse.Namespace) -> None:
        self._loop = asyncio.get_running_loop()
        self._sound: asyncio.Future[Sound] = self._loop.create_future()
        self._waiting: asyncio.Queue[bytes | OSError | None] = asyncio.Queue(maxsize=8)
        # A thread that waits for a pipe cannot be stopped. It ends with the process.
        threading.Thread(target=self._read, args=(file, options), daemon=True).start()

    async def sound(self) -> Sound:
        """Return the kind of the sound, once it has begun.

        Raises:
            UnknownSoundError: there is none, or it cannot be recognized live.
        """
        return await self._sound

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the sound as it comes.

        Raises:
            OSError: it cannot be read.
        """
        while (piece := await self._waiting.get()) is not None:
            if isinstance(piece, OSError):
                raise piece
            yield piece

    def _read(self, file: IO[bytes], options: argparse.Namespace) -> None:
        # The command may end meanwhile, which closes the file and the loop.
        with contextlib.suppress(RuntimeError, CancelledError, ValueError):
            try:
                sound, pieces = self._open(file, options)
            except (UnknownSoundError, OSError) as error:
                self._loop.call_soon_threadsafe(self._sound.set_exception, error)
                return
            self._loop.call_soon_threadsafe(self._sound.set_result, sound)
            try:
                for piece in pieces:
                    self._put(piece)
                self._put(None)
            except OSError as error:
                self._put(error)

    def _open(self, file: IO[bytes], options: argparse.Namespace) -> tuple[Sound, Iterator[bytes]]:
        sound = opened(
            file,
            encoding=options.encoding,
            sample_rate=options.sample_rate,
            channel_count=options.channel_count,
        )
        pieces = sound.pieces(file)
        first = next(pieces, None)
        if first is None:
            raise UnknownSoundError("There is no sound.")
        return sound, itertools.chain([first], pieces)

    def _put(self, piece: bytes | OSError | None) -> None:
        asyncio.run_coroutine_threadsafe(self._waiting.put(piece), self._loop).result()
