"""Who speaks is told while a recording is made, with the names of known voices."""

import asyncio
import bisect
import io
from pathlib import Path
from typing import Any

import pytest

from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.live_session import LiveSession
from tests.e2e.owners import token_of
from tests.e2e.stack import Stack
from tests.e2e.voices import Voices

pytestmark = pytest.mark.e2e
_CHUNK_BYTES = 8_000
_SECOND_BYTES = 32_000
_PATIENCE_SECONDS = 240.0
#: Moments of the pauses between the people, and the most time from the last word to the end.
_PAUSES = (4.9, 8.9)
_LAST_SECONDS = 1.5


async def _labels(stack: Stack, token: str, sound: bytes, **options: Any) -> list[set[str]]:
    """Send sound to a live session. Return the labels of the texts of two words or more, by part.

    The parts are those of the sound between its long pauses.
    """
    texts: dict[int, Any] = {}
    labels: dict[int, str] = {}

    last = len(sound) / _SECOND_BYTES - _LAST_SECONDS

    def complete() -> bool:
        heard = max((text["end_time"] for text in texts.values()), default=0.0)
        return heard > last and all(map(labels.get, _long(texts)))

    async with (
        AsyncSecureTranscribeClient(f"{stack.base_url}/api", token) as client,
        client.live("linear16", sample_rate=16_000, language="en", **options) as session,
        asyncio.timeout(_PATIENCE_SECONDS),
    ):
        saying = asyncio.create_task(_say(session, sound))
        async for message in session:
            data = message["data"]
            if message["type"] == "final":
                texts[data["segment"]] = data
            if message["type"] in ("final", "speaker") and data["speaker"]:
                labels[data["segment"]] = data["speaker"]
            if complete():
                break
        saying.cancel()
    found: list[set[str]] = [set() for _ in range(len(_PAUSES) + 1)]
    for segment in _long(texts):
        text = texts[segment]
        part = bisect.bisect(_PAUSES, text["start_time"])
        assert part == bisect.bisect(_PAUSES, text["end_time"])
        found[part].add(labels[segment])
    return found


async def _say(session: LiveSession, sound: bytes) -> None:
    """Send sound twice as fast as it was spoken, and silence afterwards."""
    place = 0
    while True:
        chunk = sound[place : place + _CHUNK_BYTES] or bytes(_CHUNK_BYTES)
        await session.send(chunk)
        place += _CHUNK_BYTES
        await asyncio.sleep(0.125)


def _long(texts: dict[int, Any]) -> list[int]:
    """Return the segments of two words or more. Others may have no label."""
    return [segment for segment in sorted(texts) if len(texts[segment]["words"]) > 1]


async def test_live_text_has_speakers(stack: Stack, sample: Path) -> None:
    voices = Voices(sample)
    stack.forget_voices()
    with stack.client() as client:
        client.get_session()
        token = token_of(client)
        made = client.create_speaker("Bob", description="Enrolled")
        client.enroll_speaker(made["id"], io.BytesIO(voices.only_bob()), filename="b.wav")
        found = await _labels(stack, token, voices.apart())
        assert found == [{"Speaker_1"}, {"Bob"}, {"Speaker_1"}]

        unknown = await _labels(stack, token, voices.apart(), voice_memory=False)
        assert unknown == [{"Speaker_1"}, {"Speaker_2"}, {"Speaker_1"}]
        # Left alone, they would be transcribed half an hour later, during other tests.
        for capture in client.list_captures():
            client.discard_capture(capture["capture_id"])
