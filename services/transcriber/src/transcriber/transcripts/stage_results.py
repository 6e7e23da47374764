"""What workers write down, as objects of the domain."""

from collections.abc import Iterable
from dataclasses import dataclass

from common.times import seconds
from securetranscribe.v1 import diarization_pb2, speech_pb2
from transcriber.domain.transcriptions import LanguageSpan
from transcriber.domain.transcripts import SpokenWord, Turn, Voiceprint

#: A word that does not follow within so many characters is written otherwise in the text.
_LOOK_AHEAD = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedSpeech:
    """What recognition made of a recording."""

    words: tuple[SpokenWord, ...]
    languages: tuple[LanguageSpan, ...]
    model: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice that diarization found, under its own label; times in seconds."""

    label: str
    voiceprint: Voiceprint | None
    speech_seconds: float
    clean: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizedSpeech:
    """What diarization made of a recording."""

    turns: tuple[Turn, ...] = ()
    exclusive_turns: tuple[Turn, ...] = ()
    voices: tuple[Voice, ...] = ()
    model: str = ""
    warnings: tuple[str, ...] = ()


def read_recognition(data: bytes) -> RecognizedSpeech:
    """Reads a result object of the transcribe stage."""
    message = speech_pb2.Recognition.FromString(data)
    words: list[SpokenWord] = []
    for passage, segment in enumerate(message.segments):
        words.extend(_words(segment, passage))
    return RecognizedSpeech(
        words=tuple(words),
        languages=tuple(
            LanguageSpan(
                start=seconds(span.start),
                end=seconds(span.end),
                language=span.language,
                probability=span.probability,
            )
            for span in message.languages
        ),
        model=message.model,
        warnings=tuple(message.warnings),
    )


def read_diarization(data: bytes) -> DiarizedSpeech:
    """Reads a result object of the diarize stage."""
    message = diarization_pb2.Diarization.FromString(data)
    return DiarizedSpeech(
        turns=_turns(message.turns),
        exclusive_turns=_turns(message.exclusive_turns),
        voices=tuple(
            Voice(
                label=speaker.speaker_label,
                voiceprint=_voiceprint(speaker),
                speech_seconds=seconds(speaker.speech_duration),
                clean=tuple(
                    (seconds(turn.start), seconds(turn.end)) for turn in speaker.clean_turns
                ),
            )
            for speaker in message.speakers
        ),
        model=message.model,
        warnings=tuple(message.warnings),
    )


def _words(segment: speech_pb2.RecognizedSegment, passage: int) -> Iterable[SpokenWord]:
    """The words of a segment; its text tells where blanks stand between them."""
    position = 0
    for word in segment.words:
        found = segment.text.find(word.text, position, position + len(word.text) + _LOOK_AHEAD)
        # A word that the text does not have is taken to stand alone.
        spaced = found < 0 or found > position
        if found >= 0:
            position = found + len(word.text)
        yield SpokenWord(
            text=word.text,
            start=seconds(word.start),
            end=seconds(word.end),
            probability=min(1.0, max(0.0, word.probability)),
            language=segment.language,
            passage=passage,
            spaced=spaced,
        )


def _turns(turns: Iterable[diarization_pb2.Turn]) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=seconds(turn.start), end=seconds(turn.end), speaker=turn.speaker_label)
        for turn in turns
    )


def _voiceprint(speaker: diarization_pb2.DiarizedSpeaker) -> Voiceprint | None:
    if not speaker.HasField("voiceprint") or not speaker.voiceprint.values:
        return None
    return Voiceprint(
        values=tuple(speaker.voiceprint.values),
        model=speaker.voiceprint.model,
        model_version=speaker.voiceprint.model_version,
        speech_seconds=seconds(speaker.voiceprint.speech_duration),
    )
