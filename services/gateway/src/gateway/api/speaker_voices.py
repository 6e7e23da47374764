"""Endpoints for voice clips, enrollment, and the voices of a transcription."""

from typing import Annotated

from fastapi import Path
from google.api import httpbody_pb2
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from common import sizes
from common.limits import MAX_CLIP_BYTES
from gateway.api.parameters import Caller, SpeakerId, Text, TranscriptionId
from gateway.api.speaker_ledger_models import EnrolledData, ObservationData, TranscriptVoice
from gateway.api.speaker_models import SpeakerData
from gateway.backends import Backends
from gateway.uploads.body import UploadBody, form_operation
from gateway.uploads.clip_upload import ClipUploads
from gateway.web import ranges
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import speaker_pb2, transcription_pb2

_TAG = "Speakers"
# A clip waits for a diarization worker, which may be busy with a recording.
_LISTEN_SECONDS = 300.0
_CLIP = ranges.documented_responses("A few seconds of audio.", "audio/flac")
_FORM = form_operation(
    file=f"Audio of at most {sizes.compact(MAX_CLIP_BYTES)} in which only this person speaks."
)
SpeakerLabel = Annotated[
    Text,
    Path(min_length=1, max_length=255, description="Label or name of the voice."),
    AfterValidator(str.strip),
]


class SpeakerVoicesApi:
    """Enrollment, voice clips, and the voices of a transcription."""

    def __init__(self, backends: Backends, clips: ClipUploads) -> None:
        self._backends = backends
        self._clips = clips

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/speakers/{speaker_id}/enroll",
                handler=self.enroll_speaker,
                summary="Enroll speaker",
                tag=_TAG,
                status=201,
                errors=(404, 413),
                extra=_FORM,
            ),
            Endpoint(
                method="GET",
                path="/speakers/{speaker_id}/clip",
                handler=self.get_speaker_clip,
                summary="Get speaker clip",
                tag=_TAG,
                errors=(404, 416),
                response_class=Response,
                responses=_CLIP,
            ),
            Endpoint(
                method="GET",
                path="/transcription/speakers/{transcription_id}",
                handler=self.list_transcription_voices,
                summary="List voices of a transcription",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="GET",
                path="/transcription/speakers/{transcription_id}/{speaker_label}/clip",
                handler=self.get_transcription_clip,
                summary="Get clip of a voice of a transcription",
                tag=_TAG,
                errors=(404, 409, 416),
                response_class=Response,
                responses=_CLIP,
            ),
        ]

    async def enroll_speaker(
        self, speaker_id: SpeakerId, request: Request, caller: Caller
    ) -> Success[EnrolledData]:
        """Enroll a speaker with a clip in which only that person speaks."""
        async with self._clips.receiving(caller, UploadBody.of(request)) as content:
            answer = await self._backends.ask(
                self._backends.speakers.EnrollSpeaker,
                speaker_pb2.EnrollSpeakerRequest(speaker_id=speaker_id, content=content),
                caller,
                seconds=_LISTEN_SECONDS,
            )
        data = EnrolledData(
            speaker=SpeakerData.of(answer.speaker),
            observation=ObservationData.of(answer.observation),
        )
        return Success[EnrolledData].of(data, "Speaker enrolled successfully")

    async def get_speaker_clip(
        self, speaker_id: SpeakerId, request: Request, caller: Caller
    ) -> Response:
        """Return the most typical clip of a profile, or the part named by the header `Range`."""
        clip = await self._backends.ask(
            self._backends.speakers.GetProfileClip,
            speaker_pb2.GetProfileClipRequest(speaker_id=speaker_id),
            caller,
        )
        return _sound(request, clip)

    async def list_transcription_voices(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[list[TranscriptVoice]]:
        """List the voices of a transcription with their names and the source of each name.

        The list is empty until the transcription is complete.
        """
        answer = await self._backends.ask(
            self._backends.transcriptions.GetTranscription,
            transcription_pb2.GetTranscriptionRequest(
                transcription_id=transcription_id,
                view=transcription_pb2.TRANSCRIPTION_VIEW_BASIC,
            ),
            caller,
        )
        voices = [TranscriptVoice.of(voice) for voice in answer.transcription.speakers]
        return Success[list[TranscriptVoice]].of(voices, "Voices retrieved")

    async def get_transcription_clip(
        self,
        transcription_id: TranscriptionId,
        speaker_label: SpeakerLabel,
        request: Request,
        caller: Caller,
    ) -> Response:
        """Return the cleanest clip of a single speaker of a transcription.

        The header `Range` selects a part of it.
        """
        clip = await self._backends.ask(
            self._backends.transcriptions.GetSpeakerClip,
            transcription_pb2.GetSpeakerClipRequest(
                transcription_id=transcription_id, speaker_label=speaker_label
            ),
            caller,
        )
        return _sound(request, clip)


def _sound(request: Request, clip: httpbody_pb2.HttpBody) -> Response:
    """Return a clip as an audio response, which must not be cached because it is personal data."""
    return ranges.respond(
        request.headers,
        clip.data,
        media_type=clip.content_type,
        headers={"Cache-Control": "private, no-store"},
    )
