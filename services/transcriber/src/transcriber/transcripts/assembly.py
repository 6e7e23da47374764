"""Assembly of a transcript and its speakers from the workers' results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.audio.signals import ChannelMode, ChannelPlan
from transcriber.domain.jobs import Stage, Task
from transcriber.domain.playback import StoredCopy
from transcriber.domain.transcriptions import LanguageSpan
from transcriber.domain.transcripts import (
    NameSource,
    Segment,
    Transcript,
    TranscriptSpeaker,
)
from transcriber.names.rules import match_labels
from transcriber.transcripts.job_results import JobResults, diarization_failure
from transcriber.transcripts.merge import merge
from transcriber.transcripts.stage_results import DiarizedSpeech, Voice

NO_SPEECH = "No speech was found in the recording."
NO_SPEAKERS = (
    "The speakers could not be told apart, so all words belong to one. "
    "Diarization can be run again. Reason: {}"
)
NO_SPEAKERS_IN_CHANNELS = (
    "The speakers within a channel could not be told apart, so all words of a channel belong to "
    "one. Diarization can be run again. Reason: {}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AssembledTranscript:
    """A transcript with its speakers, languages, warnings, models and playback copy."""

    transcript: Transcript
    speakers: tuple[TranscriptSpeaker, ...]
    languages: tuple[LanguageSpan, ...]
    warnings: tuple[str, ...]
    speech_model: str
    diarization_model: str
    copy: StoredCopy | None = None

    def without_voiceprints(self) -> "AssembledTranscript":
        """Return the same transcript without voiceprints."""
        speakers = tuple(replace(speaker, voiceprint=None) for speaker in self.speakers)
        return replace(self, speakers=speakers)


def assemble(
    tasks: Sequence[Task], results: JobResults, plan: ChannelPlan | None = None
) -> AssembledTranscript:
    """Assemble the results of a job's tasks. Without diarization, all words belong to one speaker.

    `plan` has the signals of both stages, None if there was only the average of a track.
    """
    speech, voices = results.speech, results.voices or DiarizedSpeech()
    transcript = merge(speech.words, exclusive_turns=voices.exclusive_turns, turns=voices.turns)
    # Both stages decode the same recording and mostly have the same warnings.
    warnings = list(dict.fromkeys((*speech.warnings, *voices.warnings)))
    if not transcript.segments:
        warnings.append(NO_SPEECH)
    diarized = any(task.stage is Stage.DIARIZE for task in tasks)
    if diarized and results.voices is None and transcript.segments:
        unknown = NO_SPEAKERS_IN_CHANNELS if is_separate(plan) else NO_SPEAKERS
        warnings.append(unknown.format(diarization_failure(tasks)))
    return AssembledTranscript(
        transcript=transcript,
        speakers=_speakers(transcript, voices.voices),
        languages=speech.languages,
        warnings=tuple(warnings),
        speech_model=speech.model,
        diarization_model=voices.model,
        # Those of parts are joined later.
        copy=None if results.in_parts else next(iter(results.copies), None),
    )


def is_separate(plan: ChannelPlan | None) -> bool:
    """Return whether channels are kept apart."""
    return plan is not None and plan.decided is ChannelMode.SEPARATE


def keep_names(
    speakers: Sequence[TranscriptSpeaker],
    segments: Sequence[Segment],
    old_speakers: Sequence[TranscriptSpeaker],
    old_segments: Sequence[Segment],
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers of a new transcript with the names assigned in the earlier one."""
    named = {
        speaker.label: speaker
        for speaker in old_speakers
        if speaker.name_source is NameSource.CONFIRMED
    }
    if not named:
        return tuple(speakers)
    new_labels = match_labels(old_segments, segments, list(named))
    old_labels = {new: old for old, new in new_labels.items()}
    return tuple(
        replace(
            speaker,
            name=named[old_labels[speaker.label]].name,
            name_source=NameSource.CONFIRMED,
            speaker_id=named[old_labels[speaker.label]].speaker_id,
            match_confidence=named[old_labels[speaker.label]].match_confidence,
        )
        if speaker.label in old_labels
        else speaker
        for speaker in speakers
    )


def _speakers(transcript: Transcript, voices: Sequence[Voice]) -> tuple[TranscriptSpeaker, ...]:
    by_origin = {voice.label: voice for voice in voices}
    speakers = []
    for statistics in transcript.speakers:
        speaker = TranscriptSpeaker(
            label=statistics.label,
            segment_count=statistics.segment_count,
            total_duration=statistics.total_duration,
            average_confidence=statistics.average_confidence,
            channel=statistics.channel,
        )
        voice = by_origin.get(statistics.origin)
        if voice is not None:
            speaker = replace(
                speaker,
                voiceprint=voice.voiceprint,
                speech_seconds=voice.speech_seconds,
                clean=voice.clean,
            )
        speakers.append(speaker)
    return tuple(speakers)
