"""Between the domain and the messages of the contract."""

import dataclasses

from google.api import httpbody_pb2

from common import times
from securetranscribe.v1 import diarization_pb2, speaker_pb2
from speakers.decisions import Link
from speakers.domain.matching import Outcome
from speakers.domain.observation import Clip, DecidedBy, Decision, Observation, Voice
from speakers.domain.profile import Changes, Description, Level, Profile
from speakers.domain.voiceprint import Voiceprint
from speakers.recognition import Recognised, Resemblance
from speakers.store.recognitions import Statistics

_LEVELS = {
    Level.VERY_LOW: speaker_pb2.CONFIDENCE_LEVEL_VERY_LOW,
    Level.LOW: speaker_pb2.CONFIDENCE_LEVEL_LOW,
    Level.MEDIUM: speaker_pb2.CONFIDENCE_LEVEL_MEDIUM,
    Level.HIGH: speaker_pb2.CONFIDENCE_LEVEL_HIGH,
}
_SOURCES = {
    DecidedBy.PERSON: speaker_pb2.DECISION_SOURCE_PERSON,
    DecidedBy.MACHINE: speaker_pb2.DECISION_SOURCE_MACHINE,
    DecidedBy.ENROLLMENT: speaker_pb2.DECISION_SOURCE_ENROLLMENT,
}
_OUTCOMES = {
    Outcome.KNOWN: speaker_pb2.VOICE_MATCH_OUTCOME_KNOWN,
    Outcome.UNKNOWN: speaker_pb2.VOICE_MATCH_OUTCOME_UNKNOWN,
    Outcome.TOO_LITTLE_SPEECH: speaker_pb2.VOICE_MATCH_OUTCOME_TOO_LITTLE_SPEECH,
}
_CHANGEABLE = [field.name for field in dataclasses.fields(Changes)]


def description_of(request: speaker_pb2.CreateSpeakerRequest) -> Description:
    """What a request says of a new person."""
    return Description(
        name=request.name,
        gender=request.gender,
        age_range=request.age_range,
        language=request.language,
        accent=request.accent,
        description=request.description,
    )


def changes_of(request: speaker_pb2.UpdateSpeakerRequest) -> Changes:
    """What a request changes; fields that it leaves out stay."""
    fields = {field.name: value for field, value in request.ListFields()}
    return Changes(**{name: fields[name] for name in _CHANGEABLE if name in fields})


def voiceprint_of(message: diarization_pb2.Voiceprint) -> Voiceprint:
    """A voiceprint from a message. Raises ValidationError."""
    return Voiceprint.of(
        message.values,
        model=message.model,
        version=message.model_version,
        seconds=times.seconds(message.speech_duration),
    )


def voice_of(message: speaker_pb2.Voice) -> Voice:
    """A voice of a recording from a message. Raises ValidationError."""
    has_voiceprint = message.HasField("voiceprint")
    return Voice(
        label=message.speaker_label,
        voiceprint=voiceprint_of(message.voiceprint) if has_voiceprint else None,
        speech_seconds=max(0.0, times.seconds(message.speech_duration)),
    )


def decision_of(message: speaker_pb2.VoiceDecision) -> Decision:
    """A person's decision from a message. Raises ValidationError."""
    clip = Clip(content=message.clip, content_type=message.clip_content_type)
    return Decision(
        voice=voice_of(message.voice),
        name=message.name,
        clip=clip if message.clip else None,
        profile_id=message.speaker_id,
    )


def speaker(profile: Profile) -> speaker_pb2.Speaker:
    """A profile as a message."""
    described = profile.described
    return speaker_pb2.Speaker(
        speaker_id=profile.profile_id,
        name=described.name,
        display_name=described.name,
        gender=described.gender,
        age_range=described.age_range,
        language=described.language,
        accent=described.accent,
        description=described.description,
        confidence=profile.confidence,
        confidence_level=_LEVELS[Level.of(profile.confidence)],
        verified=profile.verified,
        active=profile.active,
        sample_count=profile.sample_count,
        has_voice_data=profile.has_voice_data,
        create_time=times.timestamp(profile.created_at),
        update_time=times.timestamp(profile.updated_at),
        speech_duration=times.duration(profile.speech_seconds),
    )


def statistics(figures: Statistics) -> speaker_pb2.SpeakerStatistics:
    """Figures as a message."""
    return speaker_pb2.SpeakerStatistics(
        speaker=speaker(figures.profile),
        total_transcriptions=figures.transcriptions,
        total_audio_duration=times.duration(figures.seconds),
        average_confidence=figures.average_confidence,
        high_count=figures.high,
        medium_count=figures.medium,
        low_count=figures.low,
        very_low_count=figures.very_low,
        reliable=figures.profile.reliable,
    )


def observation(row: Observation) -> speaker_pb2.Observation:
    """A row of a ledger as a message."""
    return speaker_pb2.Observation(
        observation_id=row.observation_id,
        speaker_id=row.profile_id,
        transcription_id=row.transcription_id,
        speaker_label=row.speaker_label,
        speech_duration=times.duration(row.seconds),
        decided_by=_SOURCES[row.decided_by],
        model=row.model,
        create_time=times.timestamp(row.created_at),
        confidence=row.confidence,
    )


def voice_match(result: Recognised) -> speaker_pb2.VoiceMatch:
    """What came of a voice as a message."""
    match, profile = result.match, result.profile
    message = speaker_pb2.VoiceMatch(
        speaker_label=match.label, outcome=_OUTCOMES[match.outcome], confidence=match.confidence
    )
    if profile is not None:
        message.speaker_id = profile.profile_id
        message.name = profile.name
        message.confidence_level = _LEVELS[Level.of(match.confidence)]
    return message


def voice_candidate(found: Resemblance) -> speaker_pb2.VoiceCandidate:
    """A resemblance as a message."""
    return speaker_pb2.VoiceCandidate(
        speaker=speaker(found.profile), similarity=found.similarity, confidence=found.confidence
    )


def voice_link(link: Link) -> speaker_pb2.VoiceLink:
    """A link as a message."""
    return speaker_pb2.VoiceLink(
        speaker_label=link.label,
        speaker=None if link.profile is None else speaker(link.profile),
        created=link.created,
    )


def body(clip: Clip) -> httpbody_pb2.HttpBody:
    """A clip as an HTTP body."""
    return httpbody_pb2.HttpBody(content_type=clip.content_type, data=clip.content)
