"""Result objects of the workers' stages, read into domain objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from common.times import seconds
from common.voices.limits import SpeakerLimits
from securetranscribe.v1 import diarization_pb2, speech_pb2
from transcriber.domain.playback import MadeCopy
from transcriber.domain.transcriptions import LanguageSpan
from transcriber.domain.transcripts import SpokenWord, Turn, Voiceprint
from transcriber.transcripts.fragments import whole_words

#: A word not found within this many characters is spelled differently in the text.
_LOOK_AHEAD = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class RecognizedSpeech:
    """Result of speech recognition."""

    words: tuple[SpokenWord, ...]
    languages: tuple[LanguageSpan, ...]
    model: str
    warnings: tuple[str, ...] = ()
    playback: MadeCopy | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice found by diarization, under the diarizer's label. Times are in seconds."""

    label: str
    voiceprint: Voiceprint | None
    speech_seconds: float
    clean: tuple[tuple[float, float], ...]
    channel: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizedSpeech:
    """Result of diarization.

    Voices of two parts of a recording are one person's from a cosine of `link_threshold` on, which
    is 0 if it is unknown. `limits` are those of recordings without a request.
    """

    turns: tuple[Turn, ...] = ()
    exclusive_turns: tuple[Turn, ...] = ()
    voices: tuple[Voice, ...] = ()
    model: str = ""
    warnings: tuple[str, ...] = ()
    link_threshold: float = 0.0
    limits: SpeakerLimits = field(default_factory=SpeakerLimits)

    def with_warnings(self, warnings: Iterable[str]) -> "DiarizedSpeech":
        """Return the same result with further warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))


def read_recognition(data: bytes, *, separate: bool = False) -> RecognizedSpeech:
    """Read a result object of the transcribe stage. Signals are channels if they are separate."""
    message = speech_pb2.Recognition.FromString(data)
    words: list[SpokenWord] = []
    for passage, segment in enumerate(message.segments):
        channel = _channel(segment.signal_index, separate)
        words.extend(whole_words(_words(segment, passage, channel)))
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
        playback=_playback(message),
    )


def _playback(message: speech_pb2.Recognition) -> MadeCopy | None:
    if not message.HasField("playback_copy"):
        return None
    copy = message.playback_copy
    return MadeCopy(
        content_type=copy.content_type,
        size_bytes=copy.size_bytes,
        peaks_bytes=copy.peaks_size_bytes,
        channels=copy.channel_count,
        duration=seconds(copy.duration),
    )


def read_diarization(data: bytes, *, separate: bool = False) -> DiarizedSpeech:
    """Read a result object of the diarize stage. Signals are channels if they are separate."""
    message = diarization_pb2.Diarization.FromString(data)
    channels = {
        speaker.speaker_label: _channel(speaker.signal_index, separate)
        for speaker in message.speakers
    }
    return DiarizedSpeech(
        turns=_turns(message.turns, channels),
        exclusive_turns=_turns(message.exclusive_turns, channels),
        voices=tuple(
            Voice(
                label=speaker.speaker_label,
                voiceprint=_voiceprint(speaker),
                speech_seconds=seconds(speaker.speech_duration),
                clean=tuple(
                    (seconds(turn.start), seconds(turn.end)) for turn in speaker.clean_turns
                ),
                channel=channels[speaker.speaker_label],
            )
            for speaker in message.speakers
        ),
        model=message.model,
        warnings=tuple(message.warnings),
        link_threshold=message.link_threshold,
        limits=_limits(message),
    )


def _limits(message: diarization_pb2.Diarization) -> SpeakerLimits:
    """Return the worker's limits. Earlier workers do not state them."""
    usual = SpeakerLimits()
    if not message.usual_speaker_limit:
        return usual
    return replace(
        usual, most=message.usual_speaker_limit, least_speech=seconds(message.least_speech)
    )


def _channel(signal_index: int, separate: bool) -> int:
    return signal_index + 1 if separate else 0


def _words(
    segment: speech_pb2.RecognizedSegment, passage: int, channel: int
) -> Iterable[SpokenWord]:
    """Yield the words of a segment, spaced as in its text."""
    position = 0
    for word in segment.words:
        found = segment.text.find(word.text, position, position + len(word.text) + _LOOK_AHEAD)
        # A word missing from the text is taken as spaced.
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
            channel=channel,
        )


def _turns(turns: Iterable[diarization_pb2.Turn], channels: Mapping[str, int]) -> tuple[Turn, ...]:
    return tuple(
        Turn(
            start=seconds(turn.start),
            end=seconds(turn.end),
            speaker=turn.speaker_label,
            channel=channels.get(turn.speaker_label, 0),
        )
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
