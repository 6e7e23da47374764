from datetime import UTC, datetime

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from common.errors import ExportError
from exporter.conversion import document_from
from exporter.document import ChannelMode, ChannelPlan, NameSource
from securetranscribe.v1 import speech_pb2
from securetranscribe.v1 import transcription_pb2 as pb


def duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))


def responses() -> list[pb.StreamTranscriptResponse]:
    transcription = pb.Transcription(
        transcription_id=42,
        file=pb.AudioFile(
            filename="talk.final.mp3", size_bytes=10, duration=duration(12.5), format="mp3"
        ),
        create_time=Timestamp(seconds=1_793_000_000),
        language_detected="de",
        languages=[
            speech_pb2.LanguageSpan(
                start=duration(0), end=duration(6), language="en", probability=0.75
            )
        ],
        channel_plan=pb.ChannelPlan(
            requested=pb.CHANNEL_MODE_AUTO,
            decided=pb.CHANNEL_MODE_SEPARATE,
            reason="Each channel holds a party.",
            channels=[
                pb.RecordingChannel(number=1, title="Anna", description="track 1 (Anna)"),
                pb.RecordingChannel(number=2, description="track 2"),
            ],
        ),
        confidence=0.8,
        speakers=[
            pb.TranscriptSpeaker(
                speaker_label="Speaker_1",
                name="Anna",
                name_source=pb.SPEAKER_NAME_SOURCE_SUGGESTED,
                match_confidence=0.7,
                channel=1,
            )
        ],
        warnings=["Speakers could not be told apart."],
        speech_model="base",
    )
    first = pb.Segment(
        index=0,
        speaker_label="Speaker_1",
        speaker_name="Anna",
        text="Hello there.",
        start=duration(0.25),
        end=duration(1.75),
        confidence=0.9,
        language="de",
        words=[
            pb.Word(
                text="Hello",
                start=duration(0.25),
                end=duration(0.75),
                probability=0.8,
                speaker_labels=["Speaker_1", "Speaker_2"],
            ),
            pb.Word(text="there.", start=duration(0.75), end=duration(1.75), probability=0.6),
        ],
    )
    second = pb.Segment(
        index=1, speaker_label="Speaker_2", speaker_name="Ben", text="Hi.", channel=2
    )
    return [
        pb.StreamTranscriptResponse(transcription=transcription, segments=[first]),
        pb.StreamTranscriptResponse(segments=[second]),
    ]


def test_the_document_has_all_facts_of_the_stream() -> None:
    document = document_from(responses())

    assert document.transcription_id == 42
    assert document.title == "talk.final"
    assert document.audio.duration == 12.5
    assert document.created == datetime.fromtimestamp(1_793_000_000, tz=UTC)
    assert document.completed is None
    assert document.language_codes == ("de", "en")
    assert document.warnings == ("Speakers could not be told apart.",)
    assert document.speech_model == "base"
    word = document.segments[0].words[0]
    assert (word.text, word.start, word.end, word.probability) == ("Hello", 0.25, 0.75, 0.8)
    assert word.speakers == ("Speaker_1", "Speaker_2")
    assert document.segments[0].words[1].speakers == ()


def test_channels_and_languages_are_kept() -> None:
    document = document_from(responses())
    plan = document.channel_plan
    assert (plan.requested, plan.decided) == (ChannelMode.AUTO, ChannelMode.SEPARATE)
    assert plan.reason == "Each channel holds a party."
    assert [(one.number, one.title) for one in plan.channels] == [(1, "Anna"), (2, "")]
    assert [segment.channel for segment in document.segments] == [0, 2]
    assert [speaker.channel for speaker in document.speakers] == [1, 2]
    assert document.languages[0].probability == 0.75


def test_a_recording_without_a_plan_has_no_decision() -> None:
    (first, *_) = responses()
    first.transcription.ClearField("channel_plan")
    assert document_from([first]).channel_plan == ChannelPlan()


def test_names_come_from_speakers_or_else_from_segments() -> None:
    document = document_from(responses())

    assert document.name_of("Speaker_1") == "Anna"
    assert document.speakers[0].source is NameSource.SUGGESTED
    assert document.speakers[0].match_confidence == 0.7
    assert document.name_of("Speaker_2") == "Ben"
    assert document.name_of("Speaker_9") == "Speaker_9"


def test_a_stream_without_description_is_an_error() -> None:
    with pytest.raises(ExportError):
        document_from([pb.StreamTranscriptResponse(segments=[pb.Segment(text="Hi.")])])


def test_speakers_of_other_revisions_only_are_left_out() -> None:
    speakers = [
        pb.TranscriptSpeaker(speaker_label="Speaker_1", segment_count=1),
        pb.TranscriptSpeaker(speaker_label="Speaker_2"),
        pb.TranscriptSpeaker(speaker_label="Speaker_3", segment_count=4),
        pb.TranscriptSpeaker(
            speaker_label="Speaker_4", voiceprint_speech_duration=Duration(seconds=3)
        ),
    ]
    document = document_from(
        [
            pb.StreamTranscriptResponse(transcription=pb.Transcription(speakers=speakers)),
            pb.StreamTranscriptResponse(
                segments=[pb.Segment(speaker_label="Speaker_1", text="Yes.")]
            ),
        ]
    )
    assert [speaker.label for speaker in document.speakers] == ["Speaker_1", "Speaker_4"]
