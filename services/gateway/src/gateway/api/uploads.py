"""Upload endpoint."""

from starlette.requests import Request

from gateway.api import transcription_conversion as conversion
from gateway.api.parameters import Caller
from gateway.api.transcription_models import UploadData
from gateway.channel_modes import CHANNEL_WORDS
from gateway.speaker_numbers import EXACT, GREATEST, LEAST, MOST_SPEAKERS
from gateway.uploads.body import UploadBody, form_operation
from gateway.uploads.upload import RecordingUploads
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success


def _speaker_number(description: str) -> dict[str, object]:
    return {"type": "integer", "minimum": 0, "maximum": MOST_SPEAKERS, "description": description}


_FORM = form_operation(
    file="Recording in MP3, WAV, M4A, FLAC, OGG, or another common format.",
    language={
        "type": "string",
        "description": "Language code. Detected if absent or `auto`.",
    },
    auto_start={
        "type": "boolean",
        "default": True,
        "description": "Whether to start processing immediately.",
    },
    channels={
        "type": "string",
        "enum": list(CHANNEL_WORDS),
        "default": "auto",
        "description": "Whether channels and tracks are recognized as a mix or each by itself. "
        "`auto` decides by measurement.",
    },
    allow_truncated={
        "type": "boolean",
        "default": False,
        "description": "Whether a recording that breaks off is accepted as far as it goes.",
    },
    voice_memory={
        "type": "boolean",
        "default": True,
        "description": "Whether voices of the recording may be remembered for later ones. Without "
        "it, no voiceprint is kept.",
    },
    num_speakers=_speaker_number(EXACT),
    min_speakers=_speaker_number(LEAST),
    max_speakers=_speaker_number(GREATEST),
)


class UploadApi:
    """Upload of recordings."""

    def __init__(self, uploads: RecordingUploads) -> None:
        self._uploads = uploads

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definition."""
        return [
            Endpoint(
                method="POST",
                path="/transcription/upload",
                handler=self.upload_audio_file,
                summary="Upload audio file",
                tag="Transcription",
                status=201,
                errors=(413,),
                extra=_FORM,
            )
        ]

    async def upload_audio_file(self, request: Request, caller: Caller) -> Success[UploadData]:
        """Upload a recording and start processing it unless `auto_start` is false."""
        uploaded = await self._uploads.receive(caller, UploadBody.of(request))
        data = conversion.upload_data(
            uploaded.transcription, language=uploaded.language, job_id=uploaded.job_id
        )
        return Success[UploadData].of(data, "File uploaded successfully")
