"""Recordings derived from the sample."""

import io
import struct
import wave
from pathlib import Path
from typing import Any

import av


def repeated(sample: Path, times: int) -> bytes:
    """Return the sample several times in a row, as a WAV file."""
    with wave.open(str(sample), "rb") as file:
        parameters, frames = file.getparams(), file.readframes(file.getnframes())
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams(parameters)
        file.writeframes(frames * times)
    return buffer.getvalue()


def excerpt(sample: Path, *, start: int, seconds: int) -> bytes:
    """Return a part of the sample (in seconds) as a WAV file."""
    with wave.open(str(sample), "rb") as file:
        file.setpos(start * file.getframerate())
        parameters, frames = file.getparams(), file.readframes(seconds * file.getframerate())
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setparams(parameters)
        out.writeframes(frames)
    return buffer.getvalue()


def encoded(recording: bytes, *, container: str, codec: str) -> bytes:
    """Return a recording in another format."""
    buffer = io.BytesIO()
    source: Any = av.open(io.BytesIO(recording))
    out: Any = av.open(buffer, "w", format=container)
    with source, out:
        stream = out.add_stream(codec, rate=48000, layout="mono")
        resampler = av.AudioResampler(stream.format, "mono", 48000, stream.frame_size or None)
        for frame in [*source.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def silence(seconds: float) -> bytes:
    """Return silence as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(int(32000 * seconds)))
    return buffer.getvalue()


class SilentWav(io.RawIOBase):
    """A WAV file of silence, generated while it is read."""

    def __init__(self, size: int) -> None:
        self.name = "silence.wav"
        self._header = b"RIFF" + struct.pack("<I", size - 8) + b"WAVEfmt "
        self._header += struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
        self._header += b"data" + struct.pack("<I", size - 44)
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        count = min(1 << 20 if size < 0 else size, self._size - self._position)
        data = self._header[self._position : self._position + count]
        data += bytes(count - len(data))
        self._position += count
        return data
