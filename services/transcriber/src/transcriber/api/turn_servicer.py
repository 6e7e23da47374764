"""TurnService: turns of speakers as diarization found them."""

from typing import Any

from common.rights import Right
from common.times import duration
from securetranscribe.v1 import turns_pb2, turns_pb2_grpc
from transcriber.sharing.access import TranscriptionAccess
from transcriber.transcripts.diarized_turns import TurnReader


class TurnServicer(turns_pb2_grpc.TurnServiceServicer):
    """Serves TurnService."""

    def __init__(self, reader: TurnReader, access: TranscriptionAccess) -> None:
        self._reader = reader
        self._access = access

    async def ListTurns(
        self, request: turns_pb2.ListTurnsRequest, _context: Any
    ) -> turns_pb2.ListTurnsResponse:
        """List the turns of a transcript."""
        right = Right.EXPORT if request.for_export else Right.READ
        access = await self._access.find(request.transcription_id, right)
        found = await self._reader.read(request.transcription_id, access.workspace_id)
        return turns_pb2.ListTurnsResponse(
            turns=[
                turns_pb2.SpeakerTurn(
                    start=duration(turn.start),
                    end=duration(turn.end),
                    speaker_label=turn.speaker,
                    channel=turn.channel,
                )
                for turn in found.turns
            ],
            model=found.model,
        )
