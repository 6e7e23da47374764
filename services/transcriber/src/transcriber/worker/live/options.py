"""Options of a live stream, from its first request."""

from dataclasses import dataclass

from common.errors import ValidationError
from common.times import seconds
from securetranscribe.v1 import speech_pb2
from transcriber.worker.engines.protocol import RecognitionOptions
from transcriber.worker.live.intake import SoundFormat

#: Largest audio of one request, in bytes.
MOST_BYTES = 1024 * 1024
_RATES = range(8_000, 48_001)
_LONGEST_OFFSET = 24 * 3600.0
_SAMPLES = {
    speech_pb2.AUDIO_ENCODING_LINEAR16: "<i2",
    speech_pb2.AUDIO_ENCODING_FLOAT32: "<f4",
}
_CONTAINERS = {
    speech_pb2.AUDIO_ENCODING_WEBM_OPUS: "WebM",
    speech_pb2.AUDIO_ENCODING_OGG_OPUS: "Ogg",
    speech_pb2.AUDIO_ENCODING_MP4: "MP4",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveOptions:
    """Options of one stream.

    `offset` is the time in the recording, in seconds, at which its results begin. Seconds of sound
    before it are `skipped`, because they are recognized already. With `voices`, the sound of final
    segments is returned.
    """

    recognition: RecognitionOptions
    form: SoundFormat
    drafts: bool = False
    offset: float = 0.0
    skipped: float = 0.0
    voices: bool = False


def options_of(
    config: speech_pb2.StreamingRecognitionConfig, recognition: RecognitionOptions
) -> LiveOptions:
    """Return the options of a configuration, whose options of recognition are given.

    Raises:
        ValidationError: a value is missing or out of range.
    """
    offset = seconds(config.offset)
    if not 0 <= offset <= _LONGEST_OFFSET:
        raise ValidationError.of("offset", "The offset must be between 0 and 24 hours.")
    begins = max(offset, seconds(config.recognized_duration))
    if begins > _LONGEST_OFFSET:
        raise ValidationError.of(
            "recognized_duration", "The recognized sound must end within 24 hours."
        )
    return LiveOptions(
        recognition=recognition,
        form=_format(config),
        drafts=config.interim_results,
        offset=begins,
        skipped=begins - offset,
        voices=config.enable_speakers,
    )


def _format(config: speech_pb2.StreamingRecognitionConfig) -> SoundFormat:
    channels = config.channels or 1
    if channels not in {1, 2}:
        raise ValidationError.of("channels", "A live stream has 1 or 2 channels.")
    dtype = _SAMPLES.get(config.encoding, "")
    container = _CONTAINERS.get(config.encoding, "")
    if not dtype and not container:
        raise ValidationError.of("encoding", "Name the encoding of the audio.")
    if dtype and config.sample_rate_hertz not in _RATES:
        raise ValidationError.of(
            "sample_rate_hertz", "Name the sample rate, from 8000 to 48000 samples per second."
        )
    return SoundFormat(
        dtype=dtype,
        container=container,
        rate=config.sample_rate_hertz,
        channels=channels,
        parties=channels if config.separate_channels else 1,
    )
