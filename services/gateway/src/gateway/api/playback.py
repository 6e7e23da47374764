"""Endpoints that play recordings back: the copy of the sound, and peaks of its waveform."""

import array
import contextlib
import struct
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from common import times
from common.errors import ValidationError
from gateway.api.parameters import Caller, TranscriptionId
from gateway.backends import Backends
from gateway.sessions.session import Session
from gateway.web import ranges
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import playback_pb2

_TAG = "Playback"
_TYPE = "audio/webm"
_DATA_TYPE = "application/octet-stream"
#: Bytes per call of the transcriber. A player that pauses holds no call.
_PIECE = 1024 * 1024
#: Header of data files of `audiowaveform`: version, flag for 8 bits, sample rate, samples per peak,
#: peaks, channels.
_DATA_FILE = struct.Struct("<iIiiIi")
#: Most numbers in a JSON answer.
_MOST_VALUES = 200_000
_LATEST = 1e6
#: The sound is personal data.
_PRIVATE = {"Cache-Control": "private, no-store"}
_SOUND = ranges.documented_responses("The sound, as Opus in WebM.", _TYPE)
_PEAKS: dict[int | str, dict[str, Any]] = {
    200: {"content": {_DATA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
Zoom = Annotated[Literal["200", "20", "2"], Query(description="Peaks per second: 200, 20 or 2.")]


class PeaksData(BaseModel):
    """Peaks of a waveform, with the fields of a JSON file of `audiowaveform`."""

    transcription_id: int
    version: int = Field(2, description="Version of the format.")
    channels: int
    sample_rate: int
    samples_per_pixel: int
    bits: int = 8
    length: int = Field(description="Number of peaks per channel.")
    start_time: float = Field(description="Time of the first peak in seconds.")
    data: list[int] = Field(
        description="Lowest and highest sample of each channel, peak by peak, from -128 to 127."
    )


class PlaybackApi:
    """The copy of a recording, by ranges, and its waveform."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.playback

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/playback",
                handler=self.play,
                summary="Play a recording back",
                tag=_TAG,
                errors=(404, 409, 416),
                response_class=Response,
                responses=_SOUND,
            ),
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/peaks",
                handler=self.get_peaks,
                summary="Get the waveform of a recording",
                tag=_TAG,
                errors=(404,),
                responses=_PEAKS,
            ),
        ]

    async def play(
        self, transcription_id: TranscriptionId, request: Request, caller: Caller
    ) -> Response:
        """Return the copy of a recording's sound, or the part named by the header `Range`.

        It is kept as long as the transcript. Second t of it is second t of the transcript.
        """
        answer = await self._backends.ask(
            self._service.GetPlayback,
            playback_pb2.GetPlaybackRequest(transcription_id=transcription_id),
            caller,
        )
        copy = answer.playback
        whole = ranges.ByteRange(first=0, last=copy.size_bytes - 1, size=copy.size_bytes)
        tag = f'"{copy.version}"'
        part = ranges.selected(request.headers, tag=tag, size=copy.size_bytes)
        sent = part or whole
        headers = {
            **_PRIVATE,
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "Content-Length": str(sent.last - sent.first + 1),
        }
        if part is not None:
            headers["Content-Range"] = str(part)
        body = self._bytes(transcription_id, copy.version, sent, caller)
        return StreamingResponse(
            () if request.method == "HEAD" else body,
            status_code=206 if part else 200,
            media_type=copy.content_type,
            headers=headers,
        )

    async def get_peaks(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        *,
        zoom: Zoom = "20",
        start: Annotated[
            float, Query(alias="from", ge=0, le=_LATEST, description="From this second on.")
        ] = 0.0,
        end: Annotated[
            float | None, Query(alias="to", ge=0, le=_LATEST, description="Until this second.")
        ] = None,
        answered: Annotated[
            Literal["json", "dat"],
            Query(alias="format", description="`dat` is the data file of `audiowaveform`."),
        ] = "json",
    ) -> Any:
        """Return peaks of the waveform, as JSON or as a data file of `audiowaveform`."""
        request = playback_pb2.GetPeaksRequest(
            transcription_id=transcription_id,
            rate=int(zoom),
            to=None if end is None else times.duration(end),
        )
        getattr(request, "from").CopyFrom(times.duration(start))
        found = await self._backends.ask(self._service.GetPeaks, request, caller)
        if answered == "dat":
            return Response(_data_file(found), media_type=_DATA_TYPE, headers=_PRIVATE)
        if len(found.data) > _MOST_VALUES:
            raise ValidationError.of(
                "format", "These are too many peaks for JSON. Ask for fewer, or for format=dat."
            )
        return Success[PeaksData].of(_peaks(transcription_id, found), "Waveform retrieved")

    async def _bytes(
        self, transcription_id: int, version: str, part: ranges.ByteRange, caller: Session
    ) -> AsyncIterator[bytes]:
        for offset in range(part.first, part.last + 1, _PIECE):
            pieces = self._backends.read(
                self._service.ReadPlayback,
                playback_pb2.ReadPlaybackRequest(
                    transcription_id=transcription_id,
                    offset=offset,
                    length=min(_PIECE, part.last + 1 - offset),
                    version=version,
                ),
                caller,
            )
            async with contextlib.aclosing(pieces):
                async for piece in pieces:
                    yield piece.chunk


def _data_file(found: playback_pb2.GetPeaksResponse) -> bytes:
    rates = (found.sample_rate, found.samples_per_peak)
    return _DATA_FILE.pack(2, 1, *rates, found.length, found.channel_count) + found.data


def _peaks(transcription_id: int, found: playback_pb2.GetPeaksResponse) -> PeaksData:
    return PeaksData(
        transcription_id=transcription_id,
        channels=found.channel_count,
        sample_rate=found.sample_rate,
        samples_per_pixel=found.samples_per_peak,
        length=found.length,
        start_time=found.first_index / found.rate,
        data=array.array("b", found.data).tolist(),
    )
