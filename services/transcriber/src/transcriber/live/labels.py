"""Labels of a live session's speakers, found next to its text and never before it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from common import logging
from common.errors import ApplicationError, UnimplementedError
from common.identity import Owner
from common.voices.values import Voice
from transcriber.domain.transcripts import TranscriptSpeaker, Voiceprint
from transcriber.live.speaker_groups import Speaker, SpeakerGroups
from transcriber.live.voice_client import LiveVoice
from transcriber.names.rules import Suggestion

#: Sound that waits for its speaker. Older sound stays without a label.
_MOST_WAITING = 100
#: Bytes of the shortest speech whose voice is told: half a second.
_SHORTEST_BYTES = 16_000
#: Speech of a speaker (seconds) before its name is looked for, and the growth of its speech before
#: that is done again.
_NAMED_SECONDS, _NAMED_GROWTH = 2.0, 2.0
#: Voices that are looked for at a time, those with most speech.
_MOST_NAMED = 50
_log = logging.get(__name__)

#: Stores and sends the label of a segment.
Label = Callable[[int, str], Awaitable[None]]


class VoiceSource(Protocol):
    """Source of voices."""

    async def voice(self, owner: Owner, samples: bytes) -> LiveVoice:
        """Return the voice of one person. Raise ApplicationError if there is none."""
        ...


class NameSource(Protocol):
    """Source of the names of known voices."""

    async def recognize(
        self,
        transcription_id: int,
        owner: Owner,
        speakers: Sequence[TranscriptSpeaker],
        *,
        stores: bool = True,
    ) -> list[Suggestion]:
        """Return the known voices. Raise ApplicationError if the service does not answer."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentSound:
    """Sound of segments of one utterance. `party` is the channel from 1, 0 for a mix."""

    segments: tuple[int, ...]
    samples: bytes
    party: int = 0
    continues: bool = False
    arrived: float = field(default_factory=time.monotonic)


class SpeakerLabels:
    """Speakers of one session. They outlive the session's streams in this process.

    Nothing is learned, and no voice is stored.
    """

    def __init__(
        self,
        voices: VoiceSource,
        names: NameSource,
        *,
        owner: Owner,
        transcription_id: int,
        groups: SpeakerGroups,
        remembers: bool = False,
    ) -> None:
        self._voices = voices
        self._names = names
        self._owner = owner
        self._transcription_id = transcription_id
        self._groups = groups
        #: Whether known voices have their names.
        self.remembers = remembers
        self._turn = asyncio.Lock()
        self._waiting: deque[SegmentSound] = deque(maxlen=_MOST_WAITING)
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._model = ("", "")
        #: Speech of each speaker when its name was looked for.
        self._asked: dict[str, float] = {}
        self._impossible = False

    @property
    def lag(self) -> float:
        """Return how long the oldest sound waits for its speaker, in seconds."""
        return time.monotonic() - self._waiting[0].arrived if self._waiting else 0.0

    def hear(self, sound: SegmentSound) -> None:
        """Take sound of final segments."""
        self._waiting.append(sound)
        self._idle.clear()
        self._changed.set()

    async def idle(self) -> None:
        """Wait until no sound waits."""
        await self._idle.wait()

    @property
    def running(self) -> bool:
        """Whether a stream serves the session."""
        return self._turn.locked()

    async def run(self, label: Label) -> None:
        """Label the segments of arriving sound until cancelled."""
        async with self._turn:
            while True:
                self._changed.clear()
                while self._waiting:
                    await self._take_first(label)
                self._idle.set()
                await self._changed.wait()

    async def _take_first(self, label: Label) -> None:
        sound = self._waiting[0]
        try:
            await self._take(sound, label)
        except Exception as error:
            _log.error("live speech not labeled", exc_info=error)
        finally:
            # It is gone if newer sound has taken its place meanwhile.
            if self._waiting and self._waiting[0] is sound:
                self._waiting.popleft()

    async def _take(self, sound: SegmentSound, label: Label) -> None:
        found = await self._voice(sound)
        voice = None if found is None else found.voice
        if sound.party:
            changed = self._groups.add_party(sound.party, sound.segments, voice)
        else:
            link = 1.0 if found is None else found.link
            changed = self._groups.add(sound.segments, voice, link=link, continues=sound.continues)
        await _apply(changed, label)
        if self.remembers and self._due():
            await _apply(self._groups.name(await self._known()), label)

    async def _voice(self, sound: SegmentSound) -> LiveVoice | None:
        """Return the voice of sound, None if it cannot be told now."""
        needless = bool(sound.party) and not self.remembers
        if len(sound.samples) < _SHORTEST_BYTES or self._impossible or needless:
            return None
        try:
            found = await self._voices.voice(self._owner, sound.samples)
        except UnimplementedError as error:
            self._impossible = True
            _log.info("speakers are not told apart live", reason=error.message)
            return None
        except ApplicationError as error:
            _log.info("live speech has no speaker", reason=error.message)
            return None
        model = (found.model, found.model_version)
        if model != self._model:
            # Voices of different models cannot be compared.
            self._groups.forget_voices()
            self._asked.clear()
            self._model = model
        return found

    def _due(self) -> bool:
        """Return whether to look for names, since there is more speech of somebody."""
        due = [
            one
            for one in self._groups.speakers
            if one.seconds >= max(_NAMED_SECONDS, _NAMED_GROWTH * self._asked.get(one.label, 0.0))
        ]
        self._asked |= {one.label: one.seconds for one in due}
        return bool(due)

    async def _known(self) -> dict[str, str]:
        """Return the names of known voices by label."""
        voiced = [(one, voice) for one in self._groups.speakers if (voice := one.voice) is not None]
        voiced.sort(key=lambda item: -item[0].seconds)
        try:
            found = await self._names.recognize(
                self._transcription_id,
                self._owner,
                [self._described(one, voice) for one, voice in voiced[:_MOST_NAMED]],
                stores=False,
            )
        except ApplicationError as error:
            _log.info("live speakers have no names", reason=error.message)
            return {}
        return {one.label: one.name for one in found}

    def _described(self, speaker: Speaker, voice: Voice) -> TranscriptSpeaker:
        model, version = self._model
        return TranscriptSpeaker(
            label=speaker.label,
            segment_count=len(speaker.segments),
            total_duration=speaker.seconds,
            average_confidence=0.0,
            speech_seconds=speaker.seconds,
            voiceprint=Voiceprint(
                values=tuple(map(float, voice.vector)),
                model=model,
                model_version=version,
                speech_seconds=voice.seconds,
            ),
        )


async def _apply(changed: dict[int, str], label: Label) -> None:
    for segment, text in changed.items():
        await label(segment, text)
