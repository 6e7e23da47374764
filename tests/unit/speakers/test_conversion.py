"""Conversion between domain objects and protobuf messages."""

import datetime as dt

import pytest

from common.errors import ValidationError
from common.times import duration
from securetranscribe.v1 import diarization_pb2, speaker_pb2
from speakers import conversion
from speakers.decisions import VoiceLink
from speakers.domain.matching import Match, Outcome
from speakers.domain.observation import Clip, DecisionSource, Observation
from speakers.domain.profile import Changes, Description, Profile
from speakers.recognition import RecognizedVoice, VoiceCandidate
from speakers.store.recognitions import SpeakerStatistics

MADE = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
PROFILE = Profile(
    profile_id=7,
    described=Description(
        name="Ann", gender="f", age_range="adult", language="en", accent="a", description="d"
    ),
    verified=True,
    active=False,
    sample_count=3,
    speech_seconds=61.5,
    confidence=0.65,
    created_at=MADE,
    updated_at=MADE + dt.timedelta(hours=1),
)


def test_profile_to_message() -> None:
    message = conversion.speaker(PROFILE)
    assert (message.speaker_id, message.name, message.display_name) == (7, "Ann", "Ann")
    assert (message.gender, message.age_range, message.language) == ("f", "adult", "en")
    assert (message.accent, message.description) == ("a", "d")
    assert message.confidence == 0.65
    assert message.confidence_level == speaker_pb2.CONFIDENCE_LEVEL_MEDIUM
    assert (message.verified, message.active) == (True, False)
    assert (message.sample_count, message.has_voice_data) == (3, True)
    assert message.speech_duration.ToMilliseconds() == 61_500
    assert message.update_time.seconds - message.create_time.seconds == 3600


def test_every_message_field_is_filled() -> None:
    described = speaker_pb2.Speaker.DESCRIPTOR.fields
    filled = {field.name for field, _ in conversion.speaker(PROFILE).ListFields()}
    # Fields left out here have the default value of the message.
    assert {field.name for field in described} - filled == {"active"}


def test_changes_contain_only_present_fields() -> None:
    request = speaker_pb2.UpdateSpeakerRequest(speaker_id=1, name="Ann", accent="", active=False)
    assert conversion.changes_of(request) == Changes(name="Ann", accent="", active=False)
    assert conversion.changes_of(speaker_pb2.UpdateSpeakerRequest(speaker_id=1)) == Changes()


def test_description_from_request() -> None:
    request = speaker_pb2.CreateSpeakerRequest(
        name="Ann", gender="f", age_range="adult", language="en", accent="a", description="d"
    )
    assert conversion.description_of(request) == PROFILE.described


def test_voice_without_voiceprint() -> None:
    voice = conversion.voice_of(speaker_pb2.Voice(speaker_label="A", speech_duration=duration(1.5)))
    assert voice.voiceprint is None
    assert (voice.label, voice.speech_seconds) == ("A", 1.5)


def test_decision_from_message() -> None:
    message = speaker_pb2.VoiceDecision(
        voice=speaker_pb2.Voice(
            speaker_label="A",
            voiceprint=diarization_pb2.Voiceprint(
                values=[3.0, 4.0], model="m", model_version="1", speech_duration=duration(4.0)
            ),
        ),
        name="Ann",
        clip=b"sound",
        clip_content_type="audio/flac",
    )
    decision = conversion.decision_of(message)
    assert decision.voice.voiceprint is not None
    assert decision.voice.voiceprint.seconds == 4.0
    assert decision.clip == Clip(content=b"sound", content_type="audio/flac")
    message.clip = b""
    assert conversion.decision_of(message).clip is None


def test_empty_voiceprint_is_rejected() -> None:
    with pytest.raises(ValidationError):
        conversion.voiceprint_of(diarization_pb2.Voiceprint(model="m"))


def test_statistics() -> None:
    figures = SpeakerStatistics(
        profile=PROFILE,
        transcriptions=5,
        seconds=90.25,
        average_confidence=0.9,
        high=4,
        medium=3,
        low=2,
        very_low=1,
    )
    message = conversion.statistics(figures)
    assert message.total_transcriptions == 5
    assert message.total_audio_duration.ToMilliseconds() == 90_250
    counts = (message.high_count, message.medium_count, message.low_count, message.very_low_count)
    assert counts == (4, 3, 2, 1)
    assert message.average_confidence == 0.9
    assert not message.reliable


@pytest.mark.parametrize(
    ("decided_by", "source"),
    [
        (DecisionSource.PERSON, speaker_pb2.DECISION_SOURCE_PERSON),
        (DecisionSource.MACHINE, speaker_pb2.DECISION_SOURCE_MACHINE),
        (DecisionSource.ENROLLMENT, speaker_pb2.DECISION_SOURCE_ENROLLMENT),
    ],
)
def test_observation_to_message(decided_by: DecisionSource, source: int) -> None:
    row = Observation(
        observation_id=1,
        profile_id=7,
        transcription_id=2,
        speaker_label="A",
        seconds=3.0,
        decided_by=decided_by,
        model="m",
        confidence=0.5,
        created_at=MADE,
    )
    message = conversion.observation(row)
    assert message.decided_by == source
    assert (message.observation_id, message.speaker_id, message.transcription_id) == (1, 7, 2)


def test_matches() -> None:
    known = RecognizedVoice(
        match=Match(label="A", outcome=Outcome.KNOWN, profile_id=7, confidence=0.85),
        profile=PROFILE,
    )
    message = conversion.voice_match(known)
    assert message.outcome == speaker_pb2.VOICE_MATCH_OUTCOME_KNOWN
    assert (message.speaker_id, message.name, message.confidence) == (7, "Ann", 0.85)
    assert message.confidence_level == speaker_pb2.CONFIDENCE_LEVEL_HIGH
    for outcome in (Outcome.UNKNOWN, Outcome.TOO_LITTLE_SPEECH):
        unnamed = RecognizedVoice(match=Match(label="A", outcome=outcome), profile=None)
        message = conversion.voice_match(unnamed)
        assert (message.speaker_id, message.name, message.confidence) == (0, "", 0.0)
        assert message.confidence_level == speaker_pb2.CONFIDENCE_LEVEL_UNSPECIFIED


def test_candidates_links_and_clips() -> None:
    candidate = conversion.voice_candidate(
        VoiceCandidate(profile=PROFILE, similarity=-0.25, confidence=0.125)
    )
    assert (candidate.similarity, candidate.confidence) == (-0.25, 0.125)
    link = conversion.voice_link(VoiceLink(label="A", profile=PROFILE, created=True))
    assert (link.speaker_label, link.speaker.speaker_id, link.created) == ("A", 7, True)
    body = conversion.body(Clip(content=b"x", content_type="audio/flac"))
    assert (body.data, body.content_type) == (b"x", "audio/flac")
