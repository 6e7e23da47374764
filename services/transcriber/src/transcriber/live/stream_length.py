"""Length of the sound of a media stream, as a recognizer counts it."""

from typing import BinaryIO, cast

import av
from av.audio.stream import AudioStream

from common.audio.container import DECODING_ERRORS
from transcriber.captures.streams import StreamFile

#: Opus counts in samples of this rate, whatever the rate of its input.
_RATE = 48_000
_MAGIC = b"OpusHead"


def sound_seconds(file: StreamFile | BinaryIO) -> float:
    """Return the seconds of sound of Opus in a container, as far as it can be read.

    Gaps in its time stamps do not count, since recognizers get the sound without them.

    Raises:
        TimeoutError: the file took too long to read.
    """
    found = 0.0
    try:
        with av.open(cast(BinaryIO, file), "r") as container:
            stream = container.streams.best("audio")
            if not isinstance(stream, AudioStream):
                return 0.0
            for packet in container.demux(stream):
                if packet.size and packet.duration and packet.time_base:
                    found += float(packet.duration * packet.time_base)
            found -= _left_out(stream)
    except TimeoutError:
        raise
    except DECODING_ERRORS:
        pass
    return max(0.0, found)


def _left_out(stream: AudioStream) -> float:
    """Return the seconds at the beginning that decoders leave out."""
    header = stream.codec_context.extradata or b""
    if not header.startswith(_MAGIC):
        return 0.0
    return int.from_bytes(header[10:12], "little") / _RATE
