"""PlaybackService: copies of recordings and the peaks of their waveforms."""

from collections.abc import AsyncIterator
from typing import Any

from common.audio.peaks import RATES
from common.audio.resampling import SAMPLE_RATE
from common.rights import Right
from common.times import duration, seconds
from securetranscribe.v1 import playback_pb2, playback_pb2_grpc
from transcriber.recordings.playback import PlaybackReader, version_of
from transcriber.sharing.access import TranscriptionAccess


class PlaybackServicer(playback_pb2_grpc.PlaybackServiceServicer):
    """Serves PlaybackService. Callers hear only the recordings they reach with their sound."""

    def __init__(self, reader: PlaybackReader, access: TranscriptionAccess) -> None:
        self._reader = reader
        self._access = access

    async def GetPlayback(
        self, request: playback_pb2.GetPlaybackRequest, _context: Any
    ) -> playback_pb2.GetPlaybackResponse:
        """Describe a copy."""
        access = await self._access.find(request.transcription_id, Right.READ, audio=True)
        found, made = await self._reader.find(request.transcription_id, access.workspace_id)
        return playback_pb2.GetPlaybackResponse(
            playback=playback_pb2.Playback(
                content_type=made.content_type,
                size_bytes=made.size_bytes,
                channel_count=made.channels,
                duration=duration(made.duration),
                version=version_of(found),
                peak_rates=RATES,
            )
        )

    async def ReadPlayback(
        self, request: playback_pb2.ReadPlaybackRequest, _context: Any
    ) -> AsyncIterator[playback_pb2.ReadPlaybackResponse]:
        """Stream bytes of a copy."""
        access = await self._access.find(request.transcription_id, Right.READ, audio=True)
        chunks = self._reader.read(
            request.transcription_id,
            access.workspace_id,
            offset=request.offset,
            length=request.length,
            version=request.version,
        )
        guarded = self._access.guarded(
            access, chunks, request.transcription_id, Right.READ, audio=True
        )
        async for chunk in guarded:
            yield playback_pb2.ReadPlaybackResponse(chunk=chunk)

    async def GetPeaks(
        self, request: playback_pb2.GetPeaksRequest, _context: Any
    ) -> playback_pb2.GetPeaksResponse:
        """Return peaks."""
        access = await self._access.find(request.transcription_id, Right.READ, audio=True)
        found = await self._reader.peaks(
            request.transcription_id,
            access.workspace_id,
            rate=request.rate,
            start=seconds(getattr(request, "from")),
            end=seconds(request.to) if request.HasField("to") else None,
        )
        return playback_pb2.GetPeaksResponse(
            rate=found.level.rate,
            samples_per_peak=found.level.samples_per_peak,
            sample_rate=SAMPLE_RATE,
            channel_count=found.channels,
            first_index=found.first,
            length=found.length,
            data=found.data,
        )
