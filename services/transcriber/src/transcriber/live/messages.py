"""Responses of a live session as protobuf messages."""

from collections.abc import Sequence

from common.times import duration
from securetranscribe.v1 import capture_pb2, live_pb2, speech_pb2
from transcriber.domain.live import LiveSegment

Response = live_pb2.LiveServiceStreamingRecognizeResponse

BUSY = "All recognizers are busy. The recording goes on, and its text follows."
NO_RECOGNIZER = "No recognizer answers. The recording goes on, and its text follows."
NOT_RECOGNIZABLE = (
    "The sound cannot be recognized while it is recorded. The recording goes on, and its text is "
    "made at the end. To see text sooner, pause the recorder and start it again."
)
RECOGNIZING = "The text goes on."
CHUNKS_MISSING = "Pieces of the recording are missing. Send them, and finish again."


def begun(capture: capture_pb2.Capture, transcription_id: int, last_sequence: int) -> Response:
    """Return the first response of a stream."""
    return Response(
        begun=live_pb2.LiveBegun(
            capture=capture, transcription_id=transcription_id, last_sequence=last_sequence
        )
    )


def acknowledged(next_chunk: int, missing: Sequence[int]) -> Response:
    """Return an acknowledgment of durable chunks."""
    return Response(
        acknowledged=live_pb2.LiveAcknowledgment(next_chunk=next_chunk, missing=missing)
    )


def draft(segment: LiveSegment) -> Response:
    """Return text that may change."""
    return Response(draft=_text(segment, 0))


def final(segment: LiveSegment) -> Response:
    """Return text that will not change, with its label."""
    return Response(final=_text(segment, max(segment.sequence, segment.label_sequence)))


def speaker(segment: int, sequence: int, label: str) -> Response:
    """Return the speaker of a segment."""
    return Response(
        speaker=live_pb2.LiveSpeaker(segment=segment, sequence=sequence, speaker_label=label)
    )


def lag(value: speech_pb2.StreamingLag) -> Response:
    """Return how far results are behind."""
    message = live_pb2.LiveLag(text=value.text)
    if value.HasField("speakers"):
        message.speakers.CopyFrom(value.speakers)
    return Response(lag=message)


def notice(code: "live_pb2.LiveNoticeCode.ValueType", message: str) -> Response:
    """Return news about the session."""
    return Response(notice=live_pb2.LiveNotice(code=code, message=message))


def followed(response: Response) -> live_pb2.FollowLiveResponse | None:
    """Return a response for followers, None if it is only for the client that records."""
    kind = response.WhichOneof("live_response")
    if kind in ("draft", "final", "speaker", "lag"):
        return live_pb2.FollowLiveResponse(**{kind: getattr(response, kind)})
    if kind == "notice" and response.notice.code != live_pb2.LIVE_NOTICE_CODE_CHUNKS_MISSING:
        return live_pb2.FollowLiveResponse(notice=response.notice)
    if kind == "ended":
        end = live_pb2.LiveEnded(transcription_id=response.ended.transcription_id)
        return live_pb2.FollowLiveResponse(ended=end)
    return None


def ended(capture: capture_pb2.Capture, transcription_id: int) -> Response:
    """Return the last response of a session."""
    return Response(ended=live_pb2.LiveEnded(capture=capture, transcription_id=transcription_id))


def _text(segment: LiveSegment, sequence: int) -> live_pb2.LiveText:
    return live_pb2.LiveText(
        segment=segment.segment,
        sequence=sequence,
        words=[
            speech_pb2.RecognizedWord(
                text=word.text,
                start=duration(word.start),
                end=duration(word.end),
                probability=word.probability,
            )
            for word in segment.words
        ],
        language=segment.language,
        channel=segment.channel,
        speaker_label=segment.label,
        continues=segment.continues,
    )
