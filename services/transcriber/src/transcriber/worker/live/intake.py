"""Sound of a live stream from its bytes, as they arrive: samples at 16 kHz, by channel."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from common.audio.container import DECODING_ERRORS
from common.audio.resampling import SAMPLE_RATE, Resampler, Samples, channels_of
from common.errors import ValidationError
from transcriber.worker.live.pipe import Pipe

#: Bytes that wait for the decoder of a container.
_WAITING = 64 * 1024
#: FFmpeg must not wait for more sound than the header of the stream.
_PROMPTLY = {"probesize": "32768", "analyzeduration": "0"}
_READ_BYTES = 4_096
#: Demuxer and codecs of each container.
_DEMUXERS = {
    "WebM": ("matroska", frozenset({"opus", "libopus"})),
    "Ogg": ("ogg", frozenset({"opus", "libopus"})),
    "MP4": ("mp4", frozenset({"opus", "libopus", "aac"})),
}

#: Takes the samples of each channel, all of one length.
Deliver = Callable[[list[Samples]], None]
#: Waits until more sound may come.
Room = Callable[[], Awaitable[None]]
#: Takes the error of sound that cannot be decoded, which is found while nothing is pushed.
Fail = Callable[[Exception], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundFormat:
    """Encoding of a stream: `dtype` of its samples or, in a container, its `container`.

    `channels` are in the stream, `parties` come out of it.
    """

    dtype: str = ""
    container: str = ""
    rate: int = 0
    channels: int = 1
    parties: int = 1


class Intake(Protocol):
    """Decoder of one live stream."""

    async def push(self, data: bytes, *, starts_stream: bool) -> None:
        """Take bytes. `starts_stream` tells that they begin with a header of their own.

        Raises:
            ValidationError: they cannot be decoded.
        """
        ...

    async def finish(self) -> None:
        """Deliver all that is left."""
        ...

    def close(self) -> None:
        """Stop, wherever it is."""
        ...


def open_intake(form: SoundFormat, deliver: Deliver, room: Room, fail: Fail) -> Intake:
    """Return the decoder for a format."""
    if form.container:
        return ContainerIntake(form, deliver, room, fail)
    return PcmIntake(form, deliver, room)


class _Parties:
    """Channels of a stream, mixed or each by itself, at 16 kHz."""

    def __init__(self, parties: int) -> None:
        self._resamplers = [Resampler(SAMPLE_RATE) for _ in range(parties)]

    def push(self, channels: npt.NDArray[np.float32], rate: int) -> list[Samples]:
        """Return the samples ready now, of one length for all parties."""
        sound = np.nan_to_num(channels, nan=0.0, posinf=1.0, neginf=-1.0)
        count = len(self._resamplers)
        if count == 1:
            sound = sound.mean(axis=0, dtype=np.float32)[None]
        elif len(sound) < count:
            # The stream has fewer channels than announced. Nobody else is heard.
            sound = np.concatenate([sound, np.zeros((count - len(sound), sound.shape[1]), "f4")])
        pairs = zip(self._resamplers, sound, strict=False)
        return [resampler.push(np.ascontiguousarray(one), rate) for resampler, one in pairs]

    def flush(self) -> list[Samples]:
        """Return the rest inside the filters."""
        return [resampler.flush() for resampler in self._resamplers]


class PcmIntake:
    """Samples without a container."""

    def __init__(self, form: SoundFormat, deliver: Deliver, room: Room) -> None:
        self._form = form
        self._deliver = deliver
        self._room = room
        self._dtype = np.dtype(form.dtype)
        self._scale = 2.0**-15 if self._dtype.kind == "i" else 1.0
        self._parties = _Parties(form.parties)
        self._rest = b""

    async def push(self, data: bytes, *, starts_stream: bool) -> None:
        """Take bytes, as described in Intake. A sample may be divided between two calls."""
        await self._room()
        whole = data if starts_stream else self._rest + data
        size = self._dtype.itemsize * self._form.channels
        used = len(whole) - len(whole) % size
        self._rest = whole[used:]
        if used:
            values = np.frombuffer(whole[:used], self._dtype).astype(np.float32)
            channels = (values * np.float32(self._scale)).reshape(-1, self._form.channels).T
            self._deliver(self._parties.push(channels, self._form.rate))

    async def finish(self) -> None:
        """Deliver the rest."""
        self._deliver(self._parties.flush())

    def close(self) -> None:
        """There is nothing to stop."""


class ContainerIntake:
    """Opus in WebM or Ogg. Each stream is decoded on a thread that waits for its bytes."""

    def __init__(self, form: SoundFormat, deliver: Deliver, room: Room, fail: Fail) -> None:
        self._form = form
        self._deliver = deliver
        self._room = room
        self._fail = fail
        self._stream: _ContainerStream | None = None

    async def push(self, data: bytes, *, starts_stream: bool) -> None:
        """Take bytes, as described in Intake."""
        if starts_stream or self._stream is None:
            await self.finish()
            self._stream = _ContainerStream(self._form, self._deliver, self._fail)
        for start in range(0, len(data), _WAITING):
            await self._room()
            await self._stream.write(data[start : start + _WAITING])

    async def finish(self) -> None:
        """Deliver the rest of the current stream."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.end()

    def close(self) -> None:
        """Stop the thread."""
        if self._stream is not None:
            self._stream.abandon()


class _ContainerStream:
    """One stream with a header, and its thread."""

    def __init__(self, form: SoundFormat, deliver: Deliver, fail: Fail) -> None:
        self._loop = asyncio.get_running_loop()
        self._form = form
        self._deliver = deliver
        self._fail = fail
        self._read = asyncio.Event()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._pipe = Pipe(lambda: self._call(self._read.set))
        threading.Thread(target=self._run, name="live-decoder", daemon=True).start()

    async def write(self, data: bytes) -> None:
        """Add bytes once the thread has read most of the earlier ones."""
        while self._pipe.size > _WAITING and not self._done.done():
            self._read.clear()
            reading = asyncio.ensure_future(self._read.wait())
            either: set[asyncio.Future[Any]] = {reading, self._done}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            reading.cancel()
        if self._done.done():
            self._done.result()
            raise ValidationError.of("audio", "The audio goes on after the end of its stream.")
        self._pipe.write(data)

    async def end(self) -> None:
        """Wait until everything is decoded."""
        self._pipe.close()
        await self._done

    def abandon(self) -> None:
        """Let the thread end."""
        if not self._done.cancel() and not self._done.cancelled():
            self._done.exception()  # Looked at, or asyncio complains.
        self._pipe.abandon()

    def _run(self) -> None:
        error: Exception | None = None
        try:
            self._decode()
        except DECODING_ERRORS as caught:
            error = ValidationError.of(
                "audio", f"The audio cannot be decoded as {self._form.container}."
            )
            error.__cause__ = caught
        except Exception as caught:
            error = caught
        self._call(lambda: self._end(error))

    def _decode(self) -> None:
        name, codecs = _DEMUXERS[self._form.container]
        parties = _Parties(self._form.parties)
        with av.open(
            self._pipe, "r", format=name, options=_PROMPTLY, buffer_size=_READ_BYTES
        ) as container:
            stream = container.streams.best("audio")
            if not isinstance(stream, AudioStream) or stream.codec_context.name not in codecs:
                known = "AAC or Opus" if "aac" in codecs else "Opus"
                raise ValidationError.of("audio", f"The audio is not encoded as {known}.")
            for packet in container.demux(stream):
                for frame in _frames(packet):
                    self._send(parties.push(channels_of(frame), frame.sample_rate))
        self._send(parties.flush())

    def _send(self, sound: list[Samples]) -> None:
        self._call(lambda: self._deliver(sound))

    def _call(self, what: Callable[[], None]) -> None:
        """Run something on the loop, unless the process is about to end."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)

    def _end(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)
            self._done.exception()  # Looked at, in case nothing is pushed any more.
            self._fail(error)


def _frames(packet: "Packet[AudioStream]") -> list[AudioFrame]:
    """Return the frames of a packet, none if it is damaged."""
    try:
        return [frame for frame in packet.decode() if frame.samples]
    except DECODING_ERRORS:
        return []
