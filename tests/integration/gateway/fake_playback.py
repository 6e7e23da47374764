"""Fake of playback over real gRPC, on the transcriptions of the fake transcriber."""

import hashlib
from typing import Any

from common import identity
from common.errors import ConflictError, NotFoundError
from common.times import duration, seconds
from securetranscribe.v1 import playback_pb2, playback_pb2_grpc, transcription_pb2
from tests.integration.gateway.fake_transcriber import FakeTranscriber

_COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED


class FakePlayback(playback_pb2_grpc.PlaybackServiceServicer):
    """Copies of all completed transcriptions, which are alike. Each has ten seconds of peaks."""

    def __init__(self, transcriber: FakeTranscriber) -> None:
        self._transcriber = transcriber
        self.sound = b"\x1aE\xdf\xa3" + bytes(range(256)) * 12_000
        self.version = hashlib.sha256(self.sound).hexdigest()
        self.reads: list[tuple[int, int]] = []

    async def GetPlayback(self, request: Any, context: Any) -> Any:
        self._check(request.transcription_id)
        return playback_pb2.GetPlaybackResponse(
            playback=playback_pb2.Playback(
                content_type="audio/webm",
                size_bytes=len(self.sound),
                channel_count=1,
                duration=duration(10.0),
                version=self.version,
                peak_rates=(200, 20, 2),
            )
        )

    async def ReadPlayback(self, request: Any, context: Any) -> Any:
        self._check(request.transcription_id)
        if request.version not in {"", self.version}:
            raise ConflictError("The copy was replaced.")
        self.reads.append((request.offset, request.length))
        end = request.offset + (request.length or len(self.sound))
        for start in range(request.offset, end, 400_000):
            yield playback_pb2.ReadPlaybackResponse(
                chunk=self.sound[start : min(end, start + 400_000)]
            )

    async def GetPeaks(self, request: Any, context: Any) -> Any:
        self._check(request.transcription_id)
        first = round(seconds(getattr(request, "from")) * request.rate)
        last = round((seconds(request.to) if request.HasField("to") else 10.0) * request.rate)
        values = [value % 256 for number in range(first, last) for value in (-number, number)]
        return playback_pb2.GetPeaksResponse(
            rate=request.rate,
            samples_per_peak=16_000 // request.rate,
            sample_rate=16_000,
            channel_count=1,
            first_index=first,
            length=last - first,
            data=bytes(values),
        )

    def _check(self, transcription_id: int) -> None:
        found = self._transcriber.transcriptions.get(transcription_id)
        if found is None or found.session_id != identity.current().session_id:
            raise NotFoundError("There is no such transcription.")
        if found.status != _COMPLETED:
            raise NotFoundError("There is no copy.", {"reason": "NO_TRANSCRIPT"})
