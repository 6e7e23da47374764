"""Several recordings joined to one file, one after the other on one clock.

Packets are copied if all recordings have the same codec. Otherwise everything is decoded and
encoded as Opus. The damaged end of a recording costs only that end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from common.audio.container import DECODING_ERRORS, OpenAudio, open_audio, open_link
from common.audio.decoding import decode
from common.audio.errors import AudioError, EmptyAudioError
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.seekable import Seekable, View
from common.audio.signals import Signal, SignalPart, Sound

#: Bits per second of one encoded channel.
_BIT_RATE = 32_000
#: Channels of an encoded file. Recorders in browsers send two at most.
_MOST_CHANNELS = 8
#: Codecs that WebM takes. Others go into Matroska.
_WEBM_CODECS = frozenset({"opus", "vorbis"})
#: The same recordings always give the same bytes.
_OPTIONS = {"fflags": "+bitexact"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """A joined file. `skipped` are the indexes of recordings without sound.

    `cut` tells whether sound after the longest length was left out. `extension` is that of the
    file's name.
    """

    extension: str
    seconds: float
    skipped: tuple[int, ...] = ()
    cut: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Properties:
    """Properties that packets of one track have to share, and the index of that track."""

    track: int = field(compare=False)
    codec: str
    rate: int
    channels: int
    setup: bytes


def join(sources: Sequence[Seekable], target: BinaryIO, *, most_seconds: float) -> Joined:
    """Write all sound of the sources to an empty file, at most `most_seconds` of it.

    Raises:
        AudioError: no source has any sound.
    """
    found = [_properties(source) for source in sources]
    used = [(source, known) for source, known in zip(sources, found, strict=True) if known]
    if not used:
        raise EmptyAudioError("No part of the recording has any sound that can be read.")
    skipped = tuple(index for index, known in enumerate(found) if known is None)
    first = used[0][1]
    copied = all(known == first for _, known in used)
    extension = "webm" if not copied or first.codec in _WEBM_CODECS else "mka"
    container = "webm" if extension == "webm" else "matroska"
    files = [source for source, _ in used]
    with av.open(target, "w", format=container, container_options=_OPTIONS) as output:
        if copied:
            seconds, cut = _copy(files, output, most_seconds)
        else:
            channels = min(_MOST_CHANNELS, max(known.channels for _, known in used))
            sounds = [_sounds(source, known, channels) for source, known in used]
            seconds, cut = _encode(sounds, output, channels, most_seconds)
    return Joined(extension=extension, seconds=seconds, skipped=skipped, cut=cut)


def _properties(source: Seekable) -> _Properties | None:
    """Return the properties of a source, None if it has no sound."""
    try:
        with open_audio(source) as opened:
            if next(_packets(opened), None) is None:
                return None
            codec = opened.stream.codec_context
            # The header of Opus differs in what a decoder drops at its beginning.
            setup = b"" if codec.name in ("opus", "libopus") else bytes(codec.extradata or b"")
            return _Properties(
                track=opened.stream.index,
                codec=codec.codec.canonical_name,
                rate=codec.sample_rate,
                channels=codec.channels,
                setup=setup,
            )
    except AudioError:
        return None


def _packets(opened: OpenAudio) -> "Iterator[Packet[AudioStream]]":
    """Yield the packets of a recording up to where its container is broken."""
    try:
        for packet in opened.container.demux(opened.stream):
            if packet.size:
                yield packet
    except DECODING_ERRORS:
        opened.file.raise_failure()


def _links(opened: OpenAudio) -> Iterator[OpenAudio]:
    """Yield the links of a chained file, or the file itself."""
    if not opened.links:
        yield opened
    for link in opened.links:
        with open_link(opened.file, link, track=opened.track) as part:
            yield part


class _Clock:
    """The clock of a joined file. Times are in seconds, as fractions."""

    def __init__(self) -> None:
        self.end = Fraction(0)
        self._begin = Fraction(0)
        self._zero: Fraction | None = None
        self._last = Fraction(0)

    def begin(self) -> None:
        """Begin the next recording at the end of the one before."""
        self._begin, self._zero, self._last = self.end, None, Fraction(0)

    def place(self, packet: "Packet[AudioStream]") -> Fraction:
        """Return the time of a packet, never before that of an earlier one."""
        base = packet.time_base or Fraction(1, SAMPLE_RATE)
        own = self.end - self._begin if packet.pts is None else packet.pts * base
        if self._zero is None:
            self._zero = Fraction(0) if packet.pts is None else own
        own = max(self._last, own if packet.pts is None else own - self._zero)
        # A packet without a length has that of the one before.
        length = (packet.duration or 0) * base or own - self._last
        self._last = own
        self.end = max(self.end, self._begin + own + length)
        return self._begin + own


def _copy(
    sources: Sequence[Seekable], output: OutputContainer, most_seconds: float
) -> tuple[float, bool]:
    """Copy packets. Return the seconds of the result, and whether it was cut."""
    clock = _Clock()
    track: AudioStream | None = None
    for source in sources:
        with open_audio(source) as opened:
            for part in _links(opened):
                if track is None:
                    track = output.add_stream_from_template(part.stream)
                clock.begin()
                for packet in _packets(part):
                    time = clock.place(packet)
                    if time >= most_seconds:
                        return float(time), True
                    _write(output, track, packet, time)
    return float(clock.end), False


def _write(
    output: OutputContainer, track: AudioStream, packet: "Packet[AudioStream]", time: Fraction
) -> None:
    base = packet.time_base or Fraction(1, SAMPLE_RATE)
    packet.time_base = base
    packet.pts = packet.dts = round(time / base)
    packet.stream = track
    output.mux(packet)


def _sounds(source: Seekable, known: _Properties, most: int) -> list[Sound]:
    """Return each channel of a recording as a sound of its own."""
    return [
        Sound(
            file=View.of(source),
            signal=Signal(
                parts=(
                    SignalPart(
                        track=known.track,
                        gains=tuple(float(place == own) for place in range(known.channels)),
                    ),
                )
            ),
        )
        for own in range(min(most, known.channels))
    ]


def _encode(
    recordings: Sequence[Sequence[Sound]],
    output: OutputContainer,
    channels: int,
    most_seconds: float,
) -> tuple[float, bool]:
    """Encode decoded sound. Return the seconds of the result, and whether it was cut."""
    layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
    track: Any = output.add_stream("libopus", rate=SAMPLE_RATE, layout=layout)
    track.bit_rate = _BIT_RATE * channels
    most, position = round(most_seconds * SAMPLE_RATE), 0
    for sounds in recordings:
        for block in _blocks(sounds, channels):
            kept = block[:, : most - position]
            if kept.shape[1]:
                output.mux(track.encode(_frame(kept, layout, position)))
                position += kept.shape[1]
            if kept.shape[1] < block.shape[1]:
                output.mux(track.encode(None))
                return position / SAMPLE_RATE, True
    output.mux(track.encode(None))
    return position / SAMPLE_RATE, False


def _blocks(sounds: Sequence[Sound], channels: int) -> Iterator[Samples]:
    """Yield sound as arrays of (channels, samples). Its missing channels are silent.

    Undecodable sound is left out.
    """
    decoded = [decode(sound) for sound in sounds]
    try:
        for blocks in zip(*decoded, strict=False):
            length = min(map(len, blocks))
            block = np.zeros((channels, length), dtype=np.float32)
            for number, samples in enumerate(blocks):
                block[number] = samples[:length]
            yield block
    except AudioError:
        return


def _frame(block: Samples, layout: str, position: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(block.T.reshape(1, -1)), format="flt", layout=layout
    )
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = position
    return frame
