"""Client of the speakers service: recognition of voices, and decisions about them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import grpc.aio

from common.audio.clips import CLIP_TYPE
from common.grpc_client import unwrap
from common.identity import Grant, Owner
from common.signing import acting_for
from common.times import duration, timestamp
from securetranscribe.v1 import diarization_pb2, speaker_pb2, speaker_pb2_grpc
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names.rules import Suggestion

_RECOGNIZE_SECONDS = 5.0
_ERASE_SECONDS = 60.0
_DECIDE_SECONDS = 10.0  # Bounds how long an assignment holds its locks.


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The name that a person gave to a voice, with a clip of the voice if there is one.

    With `clip_gone`, an earlier clip is not of this voice any more.
    """

    speaker: TranscriptSpeaker
    clip: bytes = b""
    clip_gone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceLink:
    """Profile linked to a voice. `speaker_id` is 0 and `name` empty if the profile was deleted."""

    label: str
    speaker_id: int
    name: str


class SpeakersClient:
    """Calls SpeakerService as this service, on behalf of the recording's workspace."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = speaker_pb2_grpc.SpeakerServiceStub(channel)

    async def recognize(
        self,
        transcription_id: int,
        owner: Owner,
        speakers: Sequence[TranscriptSpeaker],
        *,
        stores: bool = True,
    ) -> list[Suggestion]:
        """Return the known voices among a recording's speakers. Nothing is learned.

        Unless it `stores` them, the recognitions leave no trace.

        Raises:
            UnavailableError, TimedOutError: the service does not answer.
        """
        request = speaker_pb2.RecognizeVoicesRequest(
            transcription_id=transcription_id,
            voices=[_voice(speaker) for speaker in speakers],
            without_storing=not stores,
        )
        answer = await unwrap(
            self._stub.RecognizeVoices(
                request, timeout=_RECOGNIZE_SECONDS, metadata=acting_for(Grant.owning(owner))
            )
        )
        return [
            Suggestion(
                label=match.speaker_label,
                speaker_id=match.speaker_id,
                name=match.name,
                confidence=match.confidence,
            )
            for match in answer.matches
            if match.outcome == speaker_pb2.VOICE_MATCH_OUTCOME_KNOWN
        ]

    async def set_decisions(
        self, transcription_id: int, owner: Owner, decisions: Iterable[Decision]
    ) -> list[VoiceLink]:
        """Replace all decisions about the voices of a recording and return the linked profiles.

        Raises:
            UnavailableError, TimedOutError: the service does not answer.
        """
        request = speaker_pb2.SetVoiceDecisionsRequest(
            transcription_id=transcription_id,
            decisions=[
                speaker_pb2.VoiceDecision(
                    voice=_voice(decision.speaker),
                    name=decision.speaker.name,
                    speaker_id=decision.speaker.speaker_id,
                    clip=decision.clip,
                    clip_content_type=CLIP_TYPE if decision.clip else "",
                    clip_gone=decision.clip_gone,
                )
                for decision in decisions
            ],
        )
        answer = await unwrap(
            self._stub.SetVoiceDecisions(
                request, timeout=_DECIDE_SECONDS, metadata=acting_for(Grant.owning(owner))
            )
        )
        return [
            VoiceLink(
                label=link.speaker_label,
                speaker_id=link.speaker.speaker_id,
                name=link.speaker.name,
            )
            for link in answer.links
        ]

    async def erase_voices(
        self, speaker_ids: Iterable[int], *, created_before: dt.datetime | None = None
    ) -> int:
        """Erase profiles, all of them or those created before a time. Return their number.

        Raises:
            UnavailableError, TimedOutError: the service does not answer.
        """
        request = speaker_pb2.EraseVoicesRequest(
            speaker_ids=speaker_ids, created_before=timestamp(created_before)
        )
        answer = await unwrap(
            self._stub.EraseVoices(request, timeout=_ERASE_SECONDS, metadata=acting_for())
        )
        return answer.erased

    async def erase_workspace(self, workspace_id: str, reason: str) -> None:
        """Erase what the service keeps for a workspace, except voices that a person named.

        Raises:
            UnavailableError, TimedOutError: the service does not answer.
        """
        request = speaker_pb2.EraseWorkspaceVoicesRequest(workspace_id=workspace_id, reason=reason)
        await unwrap(
            self._stub.EraseWorkspaceVoices(request, timeout=_ERASE_SECONDS, metadata=acting_for())
        )


def _voice(speaker: TranscriptSpeaker) -> speaker_pb2.Voice:
    voice = speaker.voiceprint
    return speaker_pb2.Voice(
        speaker_label=speaker.label,
        voiceprint=None
        if voice is None
        else diarization_pb2.Voiceprint(
            values=voice.values,
            model=voice.model,
            model_version=voice.model_version,
            speech_duration=duration(voice.speech_seconds),
        ),
        speech_duration=duration(speaker.speech_seconds),
    )
