"""People whose voices come with a call, recognized in its recording.

Their voiceprints are held for the time of the call. No profile is made or changed.
"""

import asyncio
import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from common import logging, times
from common.errors import (
    AudioProcessingError,
    NotFoundError,
    ResourceExhaustedError,
    SpeakerError,
    TimedOutError,
    UnavailableError,
    ValidationError,
)
from common.identity import Caller
from gateway.backends import Backends
from securetranscribe.v1 import diarization_pb2, speaker_pb2, transcription_pb2

NAMES, REFERENCES = "known_speaker_names", "known_speaker_references"
_MOST = 4
_LONGEST_NAME = 255
_LEAST_SECONDS, _MOST_SECONDS = 2.0, 10.0
#: Encoders add a little silence.
_PADDING_SECONDS = 0.1
_EMBEDDING_SECONDS = 40.0
_ATTEMPTS = 5
_AGAIN_SECONDS = 1.0
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSpeaker:
    """A person's name and an encoded clip of the voice."""

    name: str
    clip: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownVoice:
    """A person's name and voiceprint."""

    name: str
    voiceprint: diarization_pb2.Voiceprint = field(repr=False)


def read(names: Sequence[str], references: Sequence[str]) -> tuple[KnownSpeaker, ...]:
    """Return the people of a form, whose references are data URLs.

    Raises:
        ValidationError: their number differs or is too large, or one is invalid.
    """
    for parameter, values in ((NAMES, names), (REFERENCES, references)):
        if len(values) > _MOST:
            raise ValidationError.of(parameter, f"'{parameter}' has at most {_MOST} members.")
    if len(names) != len(references):
        raise ValidationError.of(
            REFERENCES, f"'{REFERENCES}' must have one member for each of '{NAMES}'."
        )
    if len(set(names)) != len(names):
        raise ValidationError.of(NAMES, f"The members of '{NAMES}' must differ.")
    if any(len(name) > _LONGEST_NAME for name in names):
        raise ValidationError.of(NAMES, f"A name must not exceed {_LONGEST_NAME} characters.")
    return tuple(
        KnownSpeaker(name=name, clip=_content(number, reference))
        for number, (name, reference) in enumerate(zip(names, references, strict=True), 1)
    )


class KnownVoices:
    """Computes the voices of references, and finds them in recordings."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def learn(
        self, speakers: Iterable[KnownSpeaker], caller: Caller
    ) -> tuple[KnownVoice, ...]:
        """Return the voices of people for the time of one call.

        Raises:
            ValidationError: a reference is not audio, too short or too long, or silent.
            ApplicationError: the voices cannot be computed at present.
        """
        voices = []
        for number, speaker in enumerate(speakers, 1):
            try:
                found = await self._embed(speaker.clip, caller)
            except (AudioProcessingError, SpeakerError, ValidationError) as error:
                raise _unusable(number, error.message) from error
            seconds = times.seconds(found.duration)
            if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS + _PADDING_SECONDS:
                raise _unusable(
                    number,
                    f"It has {seconds:.1f} seconds instead of {_LEAST_SECONDS:g} to "
                    f"{_MOST_SECONDS:g}.",
                )
            voices.append(KnownVoice(name=speaker.name, voiceprint=found.voiceprint))
        return tuple(voices)

    async def names(
        self,
        voices: Sequence[KnownVoice],
        labels: Iterable[str],
        transcription_id: int,
        caller: Caller,
    ) -> Mapping[str, str]:
        """Return the names of the speakers of a recording who have known voices, by label.

        Each name is given to at most one speaker, and each speaker has at most one.

        Raises:
            ApplicationError: the voices cannot be compared at present.
        """
        heard = []
        for label in labels:
            message = await self._voice(label, transcription_id, caller)
            if message is not None:
                heard.append(message)
        if not voices or not heard:
            return {}
        request = speaker_pb2.MatchVoicesRequest(
            references=[voice.voiceprint for voice in voices], voices=heard
        )
        answer = await self._backends.ask(self._backends.speakers.MatchVoices, request, caller)
        return {
            match.speaker_label: voices[match.reference - 1].name
            for match in answer.matches
            if match.reference
        }

    async def _voice(
        self, label: str, transcription_id: int, caller: Caller
    ) -> speaker_pb2.Voice | None:
        """Return the voice of a speaker, None if there is too little clear speech."""
        request = transcription_pb2.GetSpeakerClipRequest(
            transcription_id=transcription_id, speaker_label=label
        )
        clips = self._backends.transcriptions.GetSpeakerClip
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                clip = await self._backends.ask(clips, request, caller, seconds=_EMBEDDING_SECONDS)
                found = await self._embed(clip.data, caller)
            except (NotFoundError, AudioProcessingError) as error:
                _log.info("no voice of a speaker", label=label, reason=error.message)
                return None
            except (ResourceExhaustedError, TimedOutError, UnavailableError):
                # The job is done, so a busy service is worth waiting for.
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS * attempt)
            else:
                return speaker_pb2.Voice(speaker_label=label, voiceprint=found.voiceprint)
        return None

    async def _embed(self, clip: bytes, caller: Caller) -> speaker_pb2.EmbedClipResponse:
        return await self._backends.ask(
            self._backends.speakers.EmbedClip,
            speaker_pb2.EmbedClipRequest(content=clip),
            caller,
            seconds=_EMBEDDING_SECONDS,
        )


def _content(number: int, reference: str) -> bytes:
    """Return the content of a data URL."""
    head, comma, data = reference.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise _unusable(number, "It must be a data URL in base64, such as data:audio/wav;base64,…")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unusable(number, "Its data is not base64.") from error
    if not content:
        raise _unusable(number, "It has no data.")
    return content


def _unusable(number: int, reason: str) -> ValidationError:
    return ValidationError.of(
        REFERENCES, f"Member {number} of '{REFERENCES}' cannot be used. {reason}"
    )
