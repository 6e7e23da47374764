"""Speakers of the live sessions of this process, while their clients come and go."""

import time
from dataclasses import dataclass

from common.postgres import Database
from transcriber.domain.options import ProcessingOptions
from transcriber.live.labels import NameSource, SpeakerLabels, VoiceSource
from transcriber.live.speaker_groups import SpeakerGroups
from transcriber.store.captures import Capture
from transcriber.store.live import LiveTexts


@dataclass(kw_only=True)
class _Entry:
    labels: SpeakerLabels
    used: float


class SessionSpeakers:
    """Speakers by session, in memory only.

    A session that moves to another process gets new labels there, except for known voices.
    """

    def __init__(
        self, database: Database, voices: VoiceSource, names: NameSource, *, idle_seconds: float
    ) -> None:
        """Forget sessions that no client has connected to for `idle_seconds`."""
        self._database = database
        self._voices = voices
        self._names = names
        self._idle_seconds = idle_seconds
        self._entries: dict[str, _Entry] = {}

    async def of(self, capture: Capture, options: ProcessingOptions) -> SpeakerLabels | None:
        """Return the speakers of a session, None if they are not to be told apart."""
        if not options.diarize:
            return None
        async with self._database.transaction() as connection:
            texts = LiveTexts(connection)
            remembers = await texts.remembers_voices(capture.transcription_id)
            taken = await texts.labels(capture.transcription_id)
        now = time.monotonic()
        self._forget(now)
        entry = self._entries.get(capture.capture_id)
        if entry is None:
            most = options.speakers.count or options.speakers.most
            labels = SpeakerLabels(
                self._voices,
                self._names,
                owner=capture,
                transcription_id=capture.transcription_id,
                groups=SpeakerGroups(most=most, taken=taken),
            )
            entry = self._entries[capture.capture_id] = _Entry(labels=labels, used=now)
        entry.labels.remembers = remembers
        return entry.labels

    def release(self, capture_id: str, *, ended: bool) -> None:
        """Note that a client has left, or that the session has ended."""
        if ended:
            self._entries.pop(capture_id, None)
        elif capture_id in self._entries:
            self._entries[capture_id].used = time.monotonic()

    def _forget(self, now: float) -> None:
        old = [
            capture_id
            for capture_id, entry in self._entries.items()
            if now - entry.used > self._idle_seconds and not entry.labels.running
        ]
        for capture_id in old:
            del self._entries[capture_id]
