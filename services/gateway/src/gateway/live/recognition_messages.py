"""Messages of live sessions: JSON texts and binary chunks, and their protobuf forms."""

import base64
import binascii
import json
import struct
from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic

from common import times
from common.errors import ApplicationError, ValidationError
from common.writing_systems import joined
from gateway.api.capture_models import CaptureWord
from gateway.channel_modes import MODES
from gateway.live import recognition_models as models
from gateway.sessions.session import Session
from gateway.web.envelope import ApiModel
from gateway.web.unknown_names import UNKNOWN_FIELD
from securetranscribe.v1 import capture_pb2, live_pb2, speech_pb2, transcription_pb2

Request = live_pb2.LiveServiceStreamingRecognizeRequest
Response = live_pb2.LiveServiceStreamingRecognizeResponse
#: In front of the bytes of a chunk: its number, and flags. Flag 1 begins a media stream.
_HEADER = struct.Struct(">QB")
_STARTS_STREAM = 1
_MOST_NUMBER = 2**31 - 1
_ENCODINGS: "dict[models.EncodingWord, speech_pb2.AudioEncoding.ValueType]" = {
    "linear16": speech_pb2.AUDIO_ENCODING_LINEAR16,
    "float32": speech_pb2.AUDIO_ENCODING_FLOAT32,
    "ogg_opus": speech_pb2.AUDIO_ENCODING_OGG_OPUS,
    "webm_opus": speech_pb2.AUDIO_ENCODING_WEBM_OPUS,
    "mp4": speech_pb2.AUDIO_ENCODING_MP4,
}
_STATES: "dict[capture_pb2.CaptureState.ValueType, CaptureWord]" = {
    capture_pb2.CAPTURE_STATE_RECEIVING: "receiving",
    capture_pb2.CAPTURE_STATE_FINISHING: "finishing",
    capture_pb2.CAPTURE_STATE_COMPLETED: "completed",
    capture_pb2.CAPTURE_STATE_REJECTED: "rejected",
    capture_pb2.CAPTURE_STATE_DISCARDED: "discarded",
}
_NOTICES: "dict[live_pb2.LiveNoticeCode.ValueType, models.NoticeWord]" = {
    live_pb2.LIVE_NOTICE_CODE_RECOGNIZING: "recognizing",
    live_pb2.LIVE_NOTICE_CODE_RECOGNIZERS_BUSY: "recognizers_busy",
    live_pb2.LIVE_NOTICE_CODE_NO_RECOGNIZER: "no_recognizer",
    live_pb2.LIVE_NOTICE_CODE_NOT_RECOGNIZABLE: "not_recognizable",
    live_pb2.LIVE_NOTICE_CODE_CHUNKS_MISSING: "chunks_missing",
}
_Body = TypeVar("_Body", bound=pydantic.BaseModel)


def parsed(text: str) -> dict[str, Any]:
    """Return the JSON object of a text message.

    Raises:
        ValidationError: it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError("Messages must be JSON objects.") from error
    if not isinstance(found, dict):
        raise ValidationError("Messages must be JSON objects.")
    return found


def first(message: dict[str, Any], session: Session) -> Request:
    """Convert the first message of a connection.

    Raises:
        ValidationError: it does not begin or resume a session.
    """
    if message.get("type") == "begin":
        return Request(begin=_begin(_checked(models.BeginMessage, message), session))
    if message.get("type") == "resume":
        body = _checked(models.ResumeMessage, message)
        return Request(
            resume=live_pb2.LiveResume(
                capture_id=body.capture_id, after_sequence=body.after_sequence
            )
        )
    raise ValidationError.of("type", "The first message must be begin or resume.")


def later(message: dict[str, Any]) -> Request:
    """Convert a later message.

    Raises:
        ValidationError: it is not one of the documented ones.
    """
    if message.get("type") == "chunk":
        chunk = _checked(models.ChunkMessage, message)
        try:
            data = base64.b64decode(chunk.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError.of("data", "Send the bytes of a chunk in Base64.") from error
        return _chunk(chunk.number, data, starts_stream=chunk.starts_stream)
    if message.get("type") == "finish":
        body = _checked(models.FinishMessage, message)
        return Request(
            finish=live_pb2.LiveFinish(chunk_count=body.chunk_count, allow_gaps=body.allow_gaps)
        )
    raise ValidationError.of("type", "Send chunk, finish or ping.")


def binary(message: bytes) -> Request:
    """Convert a binary message: a header, and the bytes of a chunk.

    Raises:
        ValidationError: it is not one.
    """
    if len(message) <= _HEADER.size:
        raise ValidationError.of("data", "A chunk has a header of 9 bytes and at least one more.")
    number, flags = _HEADER.unpack_from(message)
    if number > _MOST_NUMBER or flags > _STARTS_STREAM:
        raise ValidationError.of(
            "data", "The header of a chunk is its number in 8 bytes, and 0 or 1 in one byte."
        )
    return _chunk(number, message[_HEADER.size :], starts_stream=bool(flags))


def follow(query: Mapping[str, str]) -> live_pb2.FollowLiveRequest:
    """Convert the parameters of the address of a follower.

    Raises:
        ValidationError: one is missing, unknown or malformed.
    """
    body = _checked(models.FollowParameters, dict(query))
    return live_pb2.FollowLiveRequest(
        transcription_id=body.transcription_id, after_sequence=body.after_sequence
    )


def text_of(response: Response | live_pb2.FollowLiveResponse) -> str:
    """Return a response as a text message."""
    if isinstance(response, live_pb2.FollowLiveResponse):
        return _text_for_follower(response)
    kind = response.WhichOneof("live_response") or ""
    data: ApiModel
    match kind:
        case "begun":
            data = models.BegunData(
                capture=_capture(response.begun.capture),
                transcription_id=response.begun.transcription_id,
                last_sequence=response.begun.last_sequence,
            )
        case "acknowledged":
            data = models.AcknowledgedData(
                next_chunk=response.acknowledged.next_chunk,
                missing=list(response.acknowledged.missing),
            )
        case "ended":
            data = models.EndedData(
                capture=_capture(response.ended.capture),
                transcription_id=response.ended.transcription_id or None,
            )
        case _:
            data = _result(kind, response)
    return message(kind, data)


def _text_for_follower(response: live_pb2.FollowLiveResponse) -> str:
    kind = response.WhichOneof("follow_response") or ""
    data: ApiModel
    match kind:
        case "begun":
            data = models.FollowedData(
                transcription_id=response.begun.transcription_id,
                last_sequence=response.begun.last_sequence,
            )
        case "ended":
            data = models.FollowedEndData(transcription_id=response.ended.transcription_id or None)
        case _:
            data = _result(kind, response)
    return message(kind, data)


def _result(kind: str, response: Response | live_pb2.FollowLiveResponse) -> ApiModel:
    match kind:
        case "draft" | "final":
            return _text(getattr(response, kind))
        case "speaker":
            return models.SpeakerData(
                segment=response.speaker.segment,
                sequence=response.speaker.sequence,
                speaker=response.speaker.speaker_label,
            )
        case "lag":
            return _lag(response.lag)
        case "notice":
            return models.NoticeData(
                code=_NOTICES[response.notice.code], message=response.notice.message
            )
    raise ValueError(f"unknown response {kind!r}")


def failure(error: ApplicationError) -> str:
    """Return why a connection ends, as a text message."""
    data = models.ErrorData(code=error.code, message=error.message, details=error.details)
    return message("error", data)


def message(kind: str, data: ApiModel) -> str:
    """Return a text message."""
    content = {"type": kind, "data": data.model_dump(mode="json")}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _checked(kind: type[_Body], value: dict[str, Any]) -> _Body:
    try:
        return kind.model_validate(value)
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, found["loc"]))
        if found["type"] == UNKNOWN_FIELD:
            named = {name: str(value) for name, value in found["ctx"].items()}
            raise ValidationError(named.pop("message"), named) from error
        raise ValidationError.of(where, f"{where}: {found['msg']}") from error


def _begin(body: models.BeginMessage, session: Session) -> live_pb2.LiveBegin:
    language = body.language
    if language is None:
        language = session.preferences.default_language or ""
    return live_pb2.LiveBegin(
        config=transcription_pb2.UploadConfig(
            language=language,
            auto_start=body.auto_start,
            channels=MODES[body.channels],
            voice_memory=body.voice_memory,
            diarization=body.speaker_numbers().config(),
            phrases=body.phrases or (),
            diarize=body.diarize,
            model=body.requested_model() or "",
            priority=body.priority,
            request_id=body.request_id or "",
        ),
        title=body.title or "",
        encoding=_ENCODINGS[body.encoding],
        sample_rate_hertz=body.sample_rate or 0,
        channels=body.channel_count,
    )


def _chunk(number: int, data: bytes, *, starts_stream: bool) -> Request:
    return Request(chunk=live_pb2.LiveChunk(number=number, data=data, starts_stream=starts_stream))


def _capture(capture: capture_pb2.Capture) -> models.LiveCapture:
    return models.LiveCapture(
        capture_id=capture.capture_id,
        title=capture.title,
        state=_STATES[capture.state],
        next_chunk=capture.next_chunk,
        idle_until=times.moment(capture.idle_time),
        job_id=capture.job_id or None,
        error=capture.failure.message if capture.HasField("failure") else None,
    )


def _text(text: live_pb2.LiveText) -> models.TextData:
    words = [
        models.WordData(
            text=word.text,
            start_time=times.seconds(word.start),
            end_time=times.seconds(word.end),
            confidence=word.probability,
        )
        for word in text.words
    ]
    return models.TextData(
        segment=text.segment,
        sequence=text.sequence or None,
        text=joined(word.text for word in words),
        words=words,
        start_time=words[0].start_time if words else None,
        end_time=words[-1].end_time if words else None,
        language=text.language or None,
        channel=text.channel or None,
        speaker=text.speaker_label or None,
        continues=text.continues,
    )


def _lag(lag: live_pb2.LiveLag) -> models.LagData:
    speakers = times.seconds(lag.speakers) if lag.HasField("speakers") else None
    return models.LagData(text=times.seconds(lag.text), speakers=speakers)
