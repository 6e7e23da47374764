"""Client of the transcriber for the turns that diarization found."""

import grpc.aio

from common.grpc_client import as_caller, unwrap
from common.identity import Identity
from common.times import seconds
from exporter.document import SpeakerTurn
from securetranscribe.v1 import turns_pb2, turns_pb2_grpc


class TurnClient:
    """Client of the transcriber for turns on behalf of the caller."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = turns_pb2_grpc.TurnServiceStub(channel)

    async def turns(self, caller: Identity, transcription_id: int) -> tuple[SpeakerTurn, ...]:
        """Return the turns of a transcript in order of time.

        Raises:
            NotFoundError: the caller has no such transcript.
            StateError: there is no result of diarization.
        """
        request = turns_pb2.ListTurnsRequest(transcription_id=transcription_id, for_export=True)
        answer = await unwrap(self._stub.ListTurns(request, metadata=as_caller(caller)))
        return tuple(
            SpeakerTurn(
                speaker_label=turn.speaker_label,
                start=seconds(turn.start),
                end=seconds(turn.end),
                channel=turn.channel,
            )
            for turn in answer.turns
        )
