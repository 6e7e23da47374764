"""Conversion of the beginning of a live session to domain objects."""

from common.errors import ValidationError
from securetranscribe.v1 import live_pb2, speech_pb2
from transcriber.domain.live import LiveEncoding, LiveSound

_ENCODINGS = {
    speech_pb2.AUDIO_ENCODING_LINEAR16: LiveEncoding.LINEAR16,
    speech_pb2.AUDIO_ENCODING_FLOAT32: LiveEncoding.FLOAT32,
    speech_pb2.AUDIO_ENCODING_OGG_OPUS: LiveEncoding.OGG_OPUS,
    speech_pb2.AUDIO_ENCODING_WEBM_OPUS: LiveEncoding.WEBM_OPUS,
    speech_pb2.AUDIO_ENCODING_MP4: LiveEncoding.MP4,
}
_LEAST_RATE, _MOST_RATE = 8_000, 48_000
_MOST_CHANNELS = 2


def sound(begin: live_pb2.LiveBegin) -> LiveSound:
    """Convert the description of the sound of a session.

    Raises:
        ValidationError: it is not accepted.
    """
    encoding = _ENCODINGS.get(begin.encoding)
    if encoding is None:
        raise ValidationError.of("encoding", "Name the encoding of the sound.")
    channels = begin.channels or 1
    if not 1 <= channels <= _MOST_CHANNELS:
        raise ValidationError.of("channels", f"channels must be from 1 to {_MOST_CHANNELS}.")
    if not encoding.sample_bytes:
        return LiveSound(encoding=encoding, sample_rate=0, channels=channels)
    if not _LEAST_RATE <= begin.sample_rate_hertz <= _MOST_RATE:
        raise ValidationError.of(
            "sample_rate_hertz",
            f"sample_rate_hertz must be from {_LEAST_RATE} to {_MOST_RATE}.",
        )
    return LiveSound(encoding=encoding, sample_rate=begin.sample_rate_hertz, channels=channels)


def after_sequence(request: live_pb2.LiveResume | live_pb2.FollowLiveRequest) -> int:
    """Return the last sequence that a client has.

    Raises:
        ValidationError: it is negative.
    """
    if request.after_sequence < 0:
        raise ValidationError.of("after_sequence", "after_sequence must not be negative.")
    return request.after_sequence
