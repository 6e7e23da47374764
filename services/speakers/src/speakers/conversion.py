"""Conversion between domain objects and protobuf messages."""

import dataclasses

from google.api import httpbody_pb2

from common import times
from securetranscribe.v1 import diarization_pb2, speaker_pb2
from speakers.decisions import VoiceLink
from speakers.domain.matching import Match, Outcome
from speakers.domain.observation import Clip, DecisionSource, Observation, Voice, VoiceDecision
from speakers.domain.profile import Changes, ConfidenceLevel, Description, Profile
from speakers.domain.trash import Trashed, TrashKind
from speakers.domain.voiceprint import Voiceprint
from speakers.recognition import RecognizedVoice, VoiceCandidate
from speakers.store.recognitions import SpeakerStatistics

_LEVELS = {
    ConfidenceLevel.VERY_LOW: speaker_pb2.CONFIDENCE_LEVEL_VERY_LOW,
    ConfidenceLevel.LOW: speaker_pb2.CONFIDENCE_LEVEL_LOW,
    ConfidenceLevel.MEDIUM: speaker_pb2.CONFIDENCE_LEVEL_MEDIUM,
    ConfidenceLevel.HIGH: speaker_pb2.CONFIDENCE_LEVEL_HIGH,
}
_SOURCES = {
    DecisionSource.PERSON: speaker_pb2.DECISION_SOURCE_PERSON,
    DecisionSource.MACHINE: speaker_pb2.DECISION_SOURCE_MACHINE,
    DecisionSource.ENROLLMENT: speaker_pb2.DECISION_SOURCE_ENROLLMENT,
}
_OUTCOMES = {
    Outcome.KNOWN: speaker_pb2.VOICE_MATCH_OUTCOME_KNOWN,
    Outcome.UNKNOWN: speaker_pb2.VOICE_MATCH_OUTCOME_UNKNOWN,
    Outcome.TOO_LITTLE_SPEECH: speaker_pb2.VOICE_MATCH_OUTCOME_TOO_LITTLE_SPEECH,
}
_TRASH_KINDS = {
    TrashKind.DELETION: speaker_pb2.TRASH_KIND_DELETION,
    TrashKind.MERGE: speaker_pb2.TRASH_KIND_MERGE,
    TrashKind.SPLIT: speaker_pb2.TRASH_KIND_SPLIT,
}
_CHANGEABLE = [field.name for field in dataclasses.fields(Changes)]


def description_of(request: speaker_pb2.CreateSpeakerRequest) -> Description:
    """Return the description of the new person in a request."""
    return Description(
        name=request.name,
        gender=request.gender,
        age_range=request.age_range,
        language=request.language,
        accent=request.accent,
        description=request.description,
    )


def changes_of(request: speaker_pb2.UpdateSpeakerRequest) -> Changes:
    """Return the requested changes. Fields absent from the request stay as they are."""
    fields = {field.name: value for field, value in request.ListFields()}
    return Changes(**{name: fields[name] for name in _CHANGEABLE if name in fields})


def voiceprint_of(message: diarization_pb2.Voiceprint) -> Voiceprint:
    """Convert a voiceprint.

    Raises:
        ValidationError: The voiceprint is invalid.
    """
    return Voiceprint.of(
        message.values,
        model=message.model,
        version=message.model_version,
        seconds=times.seconds(message.speech_duration),
    )


def voiceprint(found: Voiceprint) -> diarization_pb2.Voiceprint:
    """Return the message of a voiceprint."""
    return diarization_pb2.Voiceprint(
        values=found.vector.tolist(),
        model=found.model.name,
        model_version=found.model.version,
        speech_duration=times.duration(found.seconds),
    )


def voice_of(message: speaker_pb2.Voice) -> Voice:
    """Convert a voice of a recording.

    Raises:
        ValidationError: Its voiceprint is invalid.
    """
    has_voiceprint = message.HasField("voiceprint")
    return Voice(
        label=message.speaker_label,
        voiceprint=voiceprint_of(message.voiceprint) if has_voiceprint else None,
        speech_seconds=max(0.0, times.seconds(message.speech_duration)),
    )


def decision_of(message: speaker_pb2.VoiceDecision) -> VoiceDecision:
    """Convert a person's decision about a voice.

    Raises:
        ValidationError: Its voiceprint is invalid.
    """
    clip = Clip(content=message.clip, content_type=message.clip_content_type)
    return VoiceDecision(
        voice=voice_of(message.voice),
        name=message.name,
        clip=clip if message.clip else None,
        clip_gone=message.clip_gone,
        profile_id=message.speaker_id,
    )


def speaker(profile: Profile) -> speaker_pb2.Speaker:
    """Convert a profile."""
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
        confidence_level=_LEVELS[ConfidenceLevel.of(profile.confidence)],
        verified=profile.verified,
        active=profile.active,
        sample_count=profile.sample_count,
        has_voice_data=profile.has_voice_data,
        create_time=times.timestamp(profile.created_at),
        update_time=times.timestamp(profile.updated_at),
        speech_duration=times.duration(profile.speech_seconds),
    )


def statistics(figures: SpeakerStatistics) -> speaker_pb2.SpeakerStatistics:
    """Convert statistics of a profile."""
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
    """Convert an entry of a ledger."""
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


def voice_match(result: RecognizedVoice) -> speaker_pb2.VoiceMatch:
    """Convert the recognition result of a voice."""
    match, profile = result.match, result.profile
    message = speaker_pb2.VoiceMatch(
        speaker_label=match.label, outcome=_OUTCOMES[match.outcome], confidence=match.confidence
    )
    if profile is not None:
        message.speaker_id = profile.profile_id
        message.name = profile.name
        message.confidence_level = _LEVELS[ConfidenceLevel.of(match.confidence)]
    return message


def reference_match(found: Match) -> speaker_pb2.ReferenceMatch:
    """Convert the match of a voice with the references of one call."""
    return speaker_pb2.ReferenceMatch(
        speaker_label=found.label, reference=found.profile_id, confidence=found.confidence
    )


def voice_candidate(found: VoiceCandidate) -> speaker_pb2.VoiceCandidate:
    """Convert a candidate of a voice search."""
    return speaker_pb2.VoiceCandidate(
        speaker=speaker(found.profile), similarity=found.similarity, confidence=found.confidence
    )


def voice_link(link: VoiceLink) -> speaker_pb2.VoiceLink:
    """Convert a link between a voice and a profile."""
    return speaker_pb2.VoiceLink(
        speaker_label=link.label,
        speaker=None if link.profile is None else speaker(link.profile),
        created=link.created,
    )


def body(clip: Clip) -> httpbody_pb2.HttpBody:
    """Convert a clip into an HTTP body."""
    return httpbody_pb2.HttpBody(content_type=clip.content_type, data=clip.content)


def trashed(entry: Trashed) -> speaker_pb2.TrashedSpeaker:
    """Convert an entry of the trash."""
    return speaker_pb2.TrashedSpeaker(
        trash_id=entry.trash_id,
        kind=_TRASH_KINDS[entry.kind],
        speaker_id=entry.profile_id,
        name=entry.name,
        into_speaker_id=entry.into_id,
        into_name=entry.into_name,
        observation_count=entry.observation_count,
        trash_time=times.timestamp(entry.created_at),
        keep_until_time=times.timestamp(entry.erase_at),
    )
