"""Upload endpoint."""

from starlette.requests import Request

from gateway.api import transcription_conversion as conversion
from gateway.api.parameters import Caller, RequestId
from gateway.api.transcription_models import UploadData
from gateway.idempotency.request_state import note_content
from gateway.sessions.session import Session
from gateway.uploads.body import UploadBody, form_operation
from gateway.uploads.form import FIELDS
from gateway.uploads.repetition import UploadRepetitions
from gateway.uploads.upload import RecordingUploads
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success

_FORM = form_operation(
    file="Recording in MP3, WAV, M4A, FLAC, OGG, or another common format.", **FIELDS
)


class UploadApi:
    """Upload of recordings."""

    def __init__(self, uploads: RecordingUploads, repetitions: UploadRepetitions) -> None:
        self._uploads = uploads
        self._repetitions = repetitions

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
                is_same=self._is_same,
            )
        ]

    async def upload_audio_file(
        self, request: Request, caller: Caller, request_id: RequestId
    ) -> Success[UploadData]:
        """Upload a recording and start processing it unless `auto_start` is false."""
        uploaded = await self._uploads.receive(
            caller, UploadBody.of(request), request_id=request_id
        )
        note_content(request, uploaded.content)
        data = conversion.upload_data(
            uploaded.transcription, language=uploaded.language, job_id=uploaded.job_id
        )
        return Success[UploadData].of(data, "File uploaded successfully")

    async def _is_same(self, request: Request, caller: Session, content: str) -> bool:
        return await self._repetitions.is_same(caller, UploadBody.of(request), content)
