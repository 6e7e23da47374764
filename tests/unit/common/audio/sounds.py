"""Generated recordings in every accepted container."""

import io
import struct
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream

from common.audio.kinds import AudioKind
from common.audio.resampling import Samples


@dataclass(frozen=True, kw_only=True)
class Format:
    """Encoding of a recording: FFmpeg's names, and the extension of the file."""

    kind: AudioKind
    container: str
    codec: str
    rate: int
    extension: str
    layout: str = "stereo"
    bit_rate: int = 128_000


FORMATS = {
    "mp3": Format(
        kind=AudioKind.MP3, container="mp3", codec="libmp3lame", rate=44_100, extension="mp3"
    ),
    "wav": Format(
        kind=AudioKind.WAV, container="wav", codec="pcm_s16le", rate=16_000, extension="wav"
    ),
    "m4a": Format(kind=AudioKind.MP4, container="ipod", codec="aac", rate=44_100, extension="m4a"),
    "mov": Format(kind=AudioKind.MP4, container="mov", codec="aac", rate=48_000, extension="mov"),
    "alac": Format(
        kind=AudioKind.MP4, container="ipod", codec="alac", rate=44_100, extension="m4a"
    ),
    "flac": Format(
        kind=AudioKind.FLAC, container="flac", codec="flac", rate=44_100, extension="flac"
    ),
    "opus": Format(
        kind=AudioKind.OGG, container="ogg", codec="libopus", rate=48_000, extension="ogg"
    ),
    "webm": Format(
        kind=AudioKind.MATROSKA, container="webm", codec="libopus", rate=48_000, extension="webm"
    ),
    "mka": Format(
        kind=AudioKind.MATROSKA, container="matroska", codec="aac", rate=44_100, extension="mka"
    ),
    "aac": Format(kind=AudioKind.AAC, container="adts", codec="aac", rate=44_100, extension="aac"),
    "aiff": Format(
        kind=AudioKind.AIFF, container="aiff", codec="pcm_s16be", rate=44_100, extension="aiff"
    ),
    "amr": Format(
        kind=AudioKind.AMR,
        container="amr",
        codec="libopencore_amrnb",
        rate=8_000,
        extension="amr",
        layout="mono",
        bit_rate=12_200,
    ),
    "wma": Format(kind=AudioKind.ASF, container="asf", codec="wmav2", rate=44_100, extension="wma"),
    "avi": Format(
        kind=AudioKind.AVI, container="avi", codec="libmp3lame", rate=44_100, extension="avi"
    ),
    "ts": Format(
        kind=AudioKind.MPEG_TS, container="mpegts", codec="aac", rate=48_000, extension="ts"
    ),
    "mpg": Format(
        kind=AudioKind.MPEG_PS, container="mpeg", codec="mp2", rate=48_000, extension="mpg"
    ),
    "caf": Format(
        kind=AudioKind.CAF, container="caf", codec="pcm_s16le", rate=44_100, extension="caf"
    ),
    "au": Format(kind=AudioKind.AU, container="au", codec="pcm_s16be", rate=44_100, extension="au"),
}


def noise(seconds: float, rate: int, *, seed: int = 1) -> Samples:
    """Return low-passed noise, which differs at every moment and survives codecs."""
    base_rate = 8_000
    base = np.random.default_rng(seed).standard_normal(max(2, int(seconds * base_rate)))
    smooth = np.convolve(base, np.ones(8) / 8, mode="same")
    times = np.arange(int(seconds * rate)) / rate
    wave = np.interp(times, np.arange(len(smooth)) / base_rate, smooth)
    return (0.3 * wave).astype(np.float32)


def encode(samples: Samples, how: Format) -> bytes:
    """Write mono samples (at the format's rate) as a file. All its channels are alike."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=how.container) as container:
        stream = container.add_stream(how.codec, rate=how.rate, layout=how.layout)
        assert isinstance(stream, AudioStream)
        stream.bit_rate = how.bit_rate
        if len(samples):
            alike = np.repeat(samples[None], av.AudioLayout(how.layout).nb_channels, axis=0)
            frame = av.AudioFrame.from_ndarray(alike, format="fltp", layout=how.layout)
            frame.sample_rate = how.rate
            frame.pts = 0
            frame.time_base = Fraction(1, how.rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def recording(name: str, seconds: float) -> bytes:
    """Return a recording of noise in one of FORMATS."""
    how = FORMATS[name]
    return encode(noise(seconds, how.rate), how)


def float_wav(samples: npt.ArrayLike, *, rate: int = 16_000, bits: int = 32) -> bytes:
    """Return a WAV file of the given floating-point samples: (n,) or (n, channels)."""
    values = np.asarray(samples, dtype=f"<f{bits // 8}")
    channels = 1 if values.ndim == 1 else values.shape[1]
    width = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, channels, rate, rate * width, width, bits)
    data = values.tobytes()
    head = struct.pack("<4sI4s", b"RIFF", 28 + len(form) + len(data), b"WAVE")
    return head + form + struct.pack("<4sI", b"data", len(data)) + data


def lag(one: Samples, other: Samples) -> int:
    """Return the delay of `one` against `other` in samples, by correlation."""
    size = min(len(one), len(other))
    spectrum = np.fft.rfft(one[:size], 2 * size) * np.conj(np.fft.rfft(other[:size], 2 * size))
    best = int(np.argmax(np.fft.irfft(spectrum)))
    return best if best < size else best - 2 * size


def video_without_sound() -> bytes:
    """Return a short film without an audio stream."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            picture = np.zeros((32, 32, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()
