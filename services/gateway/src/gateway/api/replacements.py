"""Endpoints that find and replace text in transcripts."""

from typing import Annotated

from fastapi import Path

from gateway.api import transcript_conversion as conversion
from gateway.api.parameters import Caller
from gateway.api.transcript_models import ReplaceBody, ReplaceData
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import transcript_pb2

_TAG = "Transcript"
_SECONDS = 60.0
_Replacement = Annotated[
    str, Path(pattern="^replace_[0-9a-f]{32}$", description="ID returned by the replacement.")
]


class ReplacementApi:
    """Replacements over many transcripts, with preview and undo."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.transcripts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="POST",
                path="/transcripts/replace",
                handler=self.replace_text,
                summary="Find and replace",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/transcripts/replace/{replacement_id}/undo",
                handler=self.undo_replacement,
                summary="Take back a replacement",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def replace_text(self, caller: Caller, body: ReplaceBody) -> Success[ReplaceData]:
        """Find text in transcripts and replace it. A transcript that fails does not stop others."""
        answer = await self._backends.ask(
            self._service.ReplaceText,
            transcript_pb2.ReplaceTextRequest(
                transcription_ids=body.transcription_ids,
                query=body.query,
                replacement=body.replacement,
                match_case=body.match_case,
                whole_words=body.whole_words,
                regular_expression=body.regular_expression,
                preview=body.preview,
                request_id=body.request_id,
            ),
            caller,
            seconds=_SECONDS,
        )
        data = ReplaceData(
            replacement_id=answer.replacement_id or None,
            count=sum(item.count for item in answer.transcripts),
            transcripts=[conversion.replaced(item) for item in answer.transcripts],
        )
        said = "Replacements found" if body.preview else "Text replaced"
        return Success[ReplaceData].of(data, said)

    async def undo_replacement(
        self, replacement_id: _Replacement, caller: Caller
    ) -> Success[ReplaceData]:
        """Take back a replacement in all transcripts where nobody has changed the words since."""
        answer = await self._backends.ask(
            self._service.UndoReplacement,
            transcript_pb2.UndoReplacementRequest(replacement_id=replacement_id),
            caller,
            seconds=_SECONDS,
        )
        data = ReplaceData(
            replacement_id=replacement_id,
            count=sum(item.count for item in answer.transcripts),
            transcripts=[conversion.replaced(item) for item in answer.transcripts],
        )
        return Success[ReplaceData].of(data, "Replacement taken back")
