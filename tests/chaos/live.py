"""Live sessions whose sound must arrive as it was sent."""

import asyncio
import difflib
import io
import wave
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.errors import SecureTranscribeError
from tests.chaos.book import Book

_CHUNK_SECONDS = 0.25
#: Until a session ends after the end of all faults. It takes seconds.
_PATIENCE_SECONDS = 600.0
Held = TypeVar("Held")


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Sound for live sessions."""

    rate: int
    channels: int
    chunks: tuple[bytes, ...]

    @classmethod
    def of(cls, recording: bytes) -> "Speech":
        """Return the sound of a WAV file with 16 bits."""
        with wave.open(io.BytesIO(recording), "rb") as file:
            assert file.getsampwidth() == 2
            frames = int(file.getframerate() * _CHUNK_SECONDS)
            chunks = []
            while data := file.readframes(frames):
                chunks.append(data)
            return cls(rate=file.getframerate(), channels=file.getnchannels(), chunks=tuple(chunks))


async def speak(
    api: AsyncSecureTranscribeClient,
    owner: str,
    speech: Speech,
    book: Book,
    stopping: asyncio.Event,
) -> None:
    """Hold sessions one after the other until stopped. The last one is finished.

    A session may last as long as there are faults, since each of them may cut it off again.
    """
    while not stopping.is_set():
        call = book.begin(owner, "live")
        try:
            held = await ended(_session(api, speech), stopping)
        except SecureTranscribeError as error:
            book.lose(call, error)
        except TimeoutError as error:
            book.lose(call, error)
            book.find(
                f"{owner}: a live session did not end within {_PATIENCE_SECONDS:.0f} s"
                " after the last fault"
            )
        else:
            book.acknowledge(call, **held)
        await asyncio.sleep(1)


async def ended(
    session: Coroutine[Any, Any, Held],
    stopping: asyncio.Event,
    patience: float = _PATIENCE_SECONDS,
) -> Held:
    """Return the outcome of a session.

    Raises:
        TimeoutError: it did not end soon after it was stopped.
    """
    running, stopped = asyncio.create_task(session), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return await asyncio.wait_for(running, patience)
    finally:
        running.cancel()
        stopped.cancel()


async def _session(api: AsyncSecureTranscribeClient, speech: Speech) -> dict[str, Any]:
    """Hold one session. Return its transcription, the texts in order, and whether more may come.

    More comes if there was no recognizer at the end, as the client was told.
    """
    finals: list[str] = []
    awaited = False
    sequences: list[int] = []
    async with api.live(
        "linear16", sample_rate=speech.rate, channel_count=speech.channels, language="en"
    ) as session:
        for chunk in speech.chunks:
            await session.send(chunk)
            await asyncio.sleep(_CHUNK_SECONDS)
        outcome = await session.finish()
        async for message in session:
            if message["type"] == "final":
                finals.append(message["data"]["text"])
                sequences.append(message["data"]["sequence"])
            elif message["type"] == "notice":
                awaited = without_text(message["data"]["code"], awaited)
    if sequences != sorted(set(sequences)):
        raise AssertionError(f"results arrived in the order {sequences}")
    number = int(outcome["transcription_id"])
    return {"transcription_id": number, "finals": finals, "awaited": awaited}


def without_text(notice: str, before: bool) -> bool:
    """Return whether there is no text until a later notice."""
    if notice in {"no_recognizer", "recognizers_busy"}:
        return True
    return before and notice != "recognizing"


def similarity(text: str, expected: str) -> float:
    """Return the share of expected words that a text has in the same order."""
    words, wanted = _words(text), _words(expected)
    matcher = difflib.SequenceMatcher(None, words, wanted, autojunk=False)
    matched = sum(block.size for block in matcher.get_matching_blocks())
    return matched / max(len(wanted), len(words), 1)


def _words(text: str) -> list[str]:
    return [word.strip(".,?!").lower() for word in text.split() if word.strip(".,?!")]
