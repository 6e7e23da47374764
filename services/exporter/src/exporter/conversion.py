"""Conversion of the transcriber's protobuf messages to a document."""

from collections.abc import Iterable
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from common.errors import ExportError
from exporter.document import (
    AudioFacts,
    Channel,
    ChannelMode,
    ChannelPlan,
    Document,
    LanguageSpan,
    NameSource,
    Segment,
    Speaker,
    Word,
)
from securetranscribe.v1 import transcription_pb2 as pb

_SOURCES = {
    pb.SPEAKER_NAME_SOURCE_SUGGESTED: NameSource.SUGGESTED,
    pb.SPEAKER_NAME_SOURCE_CONFIRMED: NameSource.CONFIRMED,
}


_MODES = {
    pb.CHANNEL_MODE_AUTO: ChannelMode.AUTO,
    pb.CHANNEL_MODE_MIX: ChannelMode.MIX,
    pb.CHANNEL_MODE_SEPARATE: ChannelMode.SEPARATE,
}


class DocumentBuilder:
    """Builder of a document from the responses of a transcript stream, added in order."""

    def __init__(self) -> None:
        self._transcription: pb.Transcription | None = None
        self._segments: list[Segment] = []
        self._speakers: dict[str, Speaker] = {}
        # Words and groups of speakers repeat, so one copy of each is kept to save memory.
        self._texts: dict[str, str] = {}
        self._groups: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, response: pb.StreamTranscriptResponse) -> None:
        """Add the next response. The first one carries the transcription."""
        if response.HasField("transcription"):
            self._transcription = response.transcription
            for speaker in response.transcription.speakers:
                self._speakers[speaker.speaker_label] = _speaker(speaker)
        for message in response.segments:
            segment = self._segment(message)
            self._segments.append(segment)
            if segment.speaker_label and segment.speaker_label not in self._speakers:
                name = message.speaker_name or segment.speaker_label
                self._speakers[segment.speaker_label] = Speaker(
                    label=segment.speaker_label, name=name, channel=segment.channel
                )

    def _segment(self, message: pb.Segment) -> Segment:
        return Segment(
            index=message.index,
            speaker_label=self._interned(message.speaker_label),
            text=message.text,
            start=message.start.seconds + message.start.nanos / 1e9,
            end=message.end.seconds + message.end.nanos / 1e9,
            confidence=message.confidence,
            language=self._interned(message.language),
            words=tuple(self._word(word) for word in message.words),
            channel=message.channel,
            id=message.segment_id,
        )

    def _word(self, message: pb.Word) -> Word:
        speakers = tuple(map(self._interned, message.speaker_labels))
        return Word(
            text=self._interned(message.text),
            start=message.start.seconds + message.start.nanos / 1e9,
            end=message.end.seconds + message.end.nanos / 1e9,
            probability=message.probability,
            speakers=self._groups.setdefault(speakers, speakers),
        )

    def _interned(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def _participants(self, message: pb.Transcription) -> tuple[Speaker, ...]:
        """Return the speakers without those who are only in other revisions.

        A voice that is only heard during the words of others has no segments.
        """
        speaking = {segment.speaker_label for segment in self._segments}
        speaking.update(
            label for segment in self._segments for word in segment.words for label in word.speakers
        )
        speaking.update(
            speaker.speaker_label
            for speaker in message.speakers
            if not speaker.segment_count
            and speaker.HasField("voiceprint_speech_duration")
            and speaker.voiceprint_speech_duration.ToTimedelta()
        )
        return tuple(one for label, one in self._speakers.items() if label in speaking)

    def build(self) -> Document:
        """Return the document. Raise ExportError when no transcription arrived."""
        message = self._transcription
        if message is None:
            raise ExportError("The transcriber sent a transcript without its description.")
        file = message.file
        return Document(
            transcription_id=message.transcription_id,
            audio=AudioFacts(
                filename=file.filename,
                duration=file.duration.ToTimedelta().total_seconds(),
                size_bytes=file.size_bytes,
                format=file.format,
                codec=file.codec,
                sample_rate=file.sample_rate_hertz,
                channels=file.channels,
            ),
            speakers=self._participants(message),
            segments=tuple(self._segments),
            language=message.language_detected or message.language_requested,
            languages=tuple(
                LanguageSpan(
                    start=span.start.ToTimedelta().total_seconds(),
                    end=span.end.ToTimedelta().total_seconds(),
                    language=span.language,
                    probability=span.probability,
                )
                for span in message.languages
            ),
            confidence=message.confidence,
            speech_model=message.speech_model,
            diarization_model=message.diarization_model,
            warnings=tuple(message.warnings),
            created=_moment(message.create_time),
            completed=_moment(message.complete_time),
            channel_plan=_plan(message.channel_plan),
            revision=message.revision,
        )


def document_from(responses: Iterable[pb.StreamTranscriptResponse]) -> Document:
    """Return the document of a complete transcript stream."""
    builder = DocumentBuilder()
    for response in responses:
        builder.add(response)
    return builder.build()


def _speaker(message: pb.TranscriptSpeaker) -> Speaker:
    return Speaker(
        label=message.speaker_label,
        name=message.name or message.speaker_label,
        source=_SOURCES.get(message.name_source, NameSource.NONE),
        match_confidence=message.match_confidence,
        channel=message.channel,
    )


def _plan(message: pb.ChannelPlan) -> ChannelPlan:
    return ChannelPlan(
        requested=_MODES.get(message.requested, ChannelMode.AUTO),
        decided=_MODES.get(message.decided),
        reason=message.reason,
        channels=tuple(
            Channel(number=one.number, title=one.title, description=one.description)
            for one in message.channels
        ),
    )


def _moment(message: Timestamp) -> datetime | None:
    return message.ToDatetime(tzinfo=UTC) if message.seconds else None
