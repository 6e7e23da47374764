"""Captures as protobuf messages."""

from common import times
from common.postgres import Connection
from securetranscribe.v1 import capture_pb2, upload_pb2
from transcriber.store.captures import Capture, Captures

_STATES = {
    "receiving": capture_pb2.CAPTURE_STATE_RECEIVING,
    "finishing": capture_pb2.CAPTURE_STATE_FINISHING,
    "completed": capture_pb2.CAPTURE_STATE_COMPLETED,
    "rejected": capture_pb2.CAPTURE_STATE_REJECTED,
    "discarded": capture_pb2.CAPTURE_STATE_DISCARDED,
}


async def capture_message(connection: Connection, capture: Capture) -> capture_pb2.Capture:
    """Convert a capture."""
    # Numbers above the highest one are not missing before the client has told how many there are.
    gaps = capture.state == "receiving" and capture.next_chunk < capture.chunks_end
    failure = capture.failure
    return capture_pb2.Capture(
        capture_id=capture.capture_id,
        title=capture.title,
        media_type=capture.media_type,
        state=_STATES[capture.state],
        next_chunk=capture.next_chunk,
        missing=await Captures(connection).missing(capture) if gaps else [],
        stored_bytes=capture.stored_bytes,
        create_time=times.timestamp(capture.created_at),
        idle_time=times.timestamp(capture.idle_at),
        transcription_id=capture.result_id,
        job_id=capture.job_id,
        live=capture.live is not None,
        failure=upload_pb2.UploadFailure(code=failure["code"], message=failure["message"])
        if failure
        else None,
    )
