"""Labels of live speakers, with voices and names that are known."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from common.errors import ResourceExhaustedError, UnavailableError, UnimplementedError
from common.identity import Grant, Owner
from common.voices.values import Voice
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.live.labels import SegmentSound, SpeakerLabels
from transcriber.live.speaker_groups import SpeakerGroups
from transcriber.live.voice_client import LiveVoice
from transcriber.names.rules import Suggestion

OWNER = Grant(session_id="session_1", workspace_id="workspace_1")
TRANSCRIPTION = 7


def sound(person: int, *, seconds: float = 2.0) -> bytes:
    return bytes([person]) * round(seconds * 32_000)


@dataclass
class FakeVoices:
    """Tells persons by the bytes of their sound."""

    failures: list[Exception] = field(default_factory=list)
    model: str = "fake"
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def voice(self, owner: Owner, samples: bytes) -> LiveVoice:
        assert owner is OWNER
        self.asked += 1
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        vector = np.zeros(8, np.float32)
        vector[samples[0]] = 1.0
        return LiveVoice(
            voice=Voice(vector=vector, seconds=len(samples) / 32_000),
            model=self.model,
            model_version="1",
            link=0.65,
        )


@dataclass
class FakeNames:
    """Knows the names of some persons."""

    known: dict[int, str] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    failure: Exception | None = None

    async def recognize(
        self,
        transcription_id: int,
        owner: Owner,
        speakers: Sequence[TranscriptSpeaker],
        *,
        stores: bool = True,
    ) -> list[Suggestion]:
        assert (transcription_id, owner) == (TRANSCRIPTION, OWNER)
        assert not stores
        self.asked.append([one.label for one in speakers])
        if self.failure is not None:
            raise self.failure
        persons = {
            one.label: int(np.argmax(one.voiceprint.values))
            for one in speakers
            if one.voiceprint is not None
        }
        return [
            Suggestion(label=label, speaker_id=1, name=self.known[person], confidence=0.9)
            for label, person in persons.items()
            if person in self.known
        ]


@dataclass
class Session:
    labels: SpeakerLabels
    voices: FakeVoices
    names: FakeNames
    told: list[tuple[int, str]] = field(default_factory=list)

    async def label(self, segment: int, text: str) -> None:
        self.told.append((segment, text))

    async def say(self, segment: int, person: int, **fields: object) -> None:
        samples = fields.pop("samples", None) or sound(person)
        self.labels.hear(SegmentSound(segments=(segment,), samples=samples, **fields))  # type: ignore[arg-type]
        await self.labels.idle()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.labels.run(self.label))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def session() -> Session:
    voices, names = FakeVoices(), FakeNames()
    voices.gate.set()
    labels = SpeakerLabels(
        voices,
        names,
        owner=OWNER,
        transcription_id=TRANSCRIPTION,
        groups=SpeakerGroups(),
        remembers=True,
    )
    return Session(labels=labels, voices=voices, names=names)


async def test_two_voices_have_two_labels(session: Session) -> None:
    async with session.serving():
        for segment, person in enumerate((0, 1, 0)):
            await session.say(segment, person)
    assert session.told == [(0, "Speaker_1"), (1, "Speaker_2"), (2, "Speaker_1")]


async def test_a_known_voice_has_its_name(session: Session) -> None:
    session.names.known = {1: "Anna"}
    async with session.serving():
        await session.say(0, 0)
        await session.say(1, 1)
        await session.say(2, 1)
    assert session.told == [(0, "Speaker_1"), (1, "Speaker_2"), (1, "Anna"), (2, "Anna")]


async def test_names_are_looked_for_less_and_less_often(session: Session) -> None:
    async with session.serving():
        for segment in range(32):
            await session.say(segment, 0)
    assert len(session.names.asked) == 6  # After 2, 4, 8, 16, 32 and 64 s.


async def test_without_memory_nobody_is_looked_for(session: Session) -> None:
    session.labels.remembers = False
    session.names.known = {0: "Anna"}
    async with session.serving():
        await session.say(0, 0)
        await session.say(1, 1)
    assert session.told == [(0, "Speaker_1"), (1, "Speaker_2")]
    assert not session.names.asked


async def test_parties_are_told_by_their_channels(session: Session) -> None:
    session.names.known = {0: "Anna"}
    async with session.serving():
        await session.say(0, 1, party=2)
        await session.say(1, 0, party=1)
    assert session.told == [(0, "Speaker_2"), (1, "Speaker_1"), (1, "Anna")]
    session.labels.remembers = False
    before = session.voices.asked
    async with session.serving():
        await session.say(2, 1, party=2)
    assert session.told[-1] == (2, "Speaker_2")
    assert session.voices.asked == before


async def test_failures_leave_only_their_speech_without_a_label(session: Session) -> None:
    session.voices.failures = [UnavailableError("down"), ValueError("a mistake")]
    async with session.serving():
        for segment in range(3):
            await session.say(segment, 0)
    assert session.told == [(2, "Speaker_1")]


async def test_missing_names_leave_the_labels(session: Session) -> None:
    session.names.failure = ResourceExhaustedError("busy")
    async with session.serving():
        await session.say(0, 0)
    assert session.told == [(0, "Speaker_1")]


async def test_an_engine_without_voices_is_asked_once(session: Session) -> None:
    session.voices.failures = [UnimplementedError("no")]
    async with session.serving():
        for segment in range(3):
            await session.say(segment, 0)
    assert session.voices.asked == 1
    assert not session.told


async def test_short_speech_is_not_sent(session: Session) -> None:
    async with session.serving():
        await session.say(0, 0)
        await session.say(1, 0, samples=sound(0, seconds=0.3), continues=True)
        await session.say(2, 0, samples=sound(0, seconds=0.3))
    assert session.voices.asked == 1
    assert session.told == [(0, "Speaker_1"), (1, "Speaker_1")]


async def test_voices_of_another_model_are_not_compared(session: Session) -> None:
    async with session.serving():
        await session.say(0, 0)
        session.voices.model = "other"
        await session.say(1, 0)
    assert session.told == [(0, "Speaker_1"), (1, "Speaker_2")]


async def test_a_slow_diarizer_costs_the_oldest_sound(session: Session) -> None:
    session.voices.gate.clear()
    async with session.serving():
        for segment in range(150):
            session.labels.hear(SegmentSound(segments=(segment,), samples=sound(0)))
            await asyncio.sleep(0)
        assert session.labels.lag > 0
        session.voices.gate.set()
        await session.labels.idle()
    assert session.labels.lag == 0
    told = [segment for segment, _ in session.told]
    assert told[-100:] == list(range(50, 150))


async def test_speakers_outlive_a_stream(session: Session) -> None:
    async with session.serving():
        await session.say(0, 0)
        assert session.labels.running
    assert not session.labels.running
    async with session.serving():
        await session.say(1, 0)
    assert session.told == [(0, "Speaker_1"), (1, "Speaker_1")]
