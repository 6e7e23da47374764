"""Codecs of telephones, meetings and recorders, by encoding and decoding with PyAV."""

import io
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from scipy.signal import resample_poly

from tests.recordings import gsm

Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
_GSM_RATE = 8_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Codec:
    """An encoder and its container by FFmpeg's names. `bit_rate` is that of all channels."""

    encoder: str
    container: str
    rate: int
    bit_rate: int = 0


#: Codecs of one party's channel.
TELEPHONE = {
    "G.711 mu-law": Codec(encoder="pcm_mulaw", container="wav", rate=8_000),
    "G.711 A-law": Codec(encoder="pcm_alaw", container="wav", rate=8_000),
    "AMR-NB 4.75": Codec(encoder="libopencore_amrnb", container="amr", rate=8_000, bit_rate=4_750),
    "AMR-NB 12.2": Codec(encoder="libopencore_amrnb", container="amr", rate=8_000, bit_rate=12_200),
    "G.726": Codec(encoder="g726", container="wav", rate=8_000, bit_rate=32_000),
    "G.722": Codec(encoder="g722", container="wav", rate=16_000),
    "Opus 8": Codec(encoder="libopus", container="ogg", rate=16_000, bit_rate=8_000),
    "Opus 16": Codec(encoder="libopus", container="ogg", rate=16_000, bit_rate=16_000),
    "MP3 16": Codec(encoder="libmp3lame", container="mp3", rate=16_000, bit_rate=16_000),
}
#: Codecs that encode two channels together.
JOINT = {
    "MP3 32": Codec(encoder="libmp3lame", container="mp3", rate=16_000, bit_rate=32_000),
    "MP3 64": Codec(encoder="libmp3lame", container="mp3", rate=32_000, bit_rate=64_000),
    "MP3 128": Codec(encoder="libmp3lame", container="mp3", rate=44_100, bit_rate=128_000),
    "Opus 24": Codec(encoder="libopus", container="ogg", rate=48_000, bit_rate=24_000),
    "Opus 48": Codec(encoder="libopus", container="ogg", rate=48_000, bit_rate=48_000),
    "AAC 48": Codec(encoder="aac", container="adts", rate=32_000, bit_rate=48_000),
    "AAC 128": Codec(encoder="aac", container="adts", rate=44_100, bit_rate=128_000),
    "ADPCM": Codec(encoder="adpcm_ima_wav", container="wav", rate=16_000),
}


def through(sounds: Samples, codec: Codec) -> Samples:
    """Return channels (n, samples) at 16 kHz after encoding and decoding, aligned as before."""
    decoded = _decode(encode(sounds, codec), codec, len(sounds))
    back = _resampled(decoded, codec.rate, SAMPLE_RATE)
    shift = _delay(sounds.sum(axis=0), back.sum(axis=0))
    size = sounds.shape[1]
    placed = np.zeros_like(sounds)
    part = back[:, max(0, shift) : max(0, shift) + size]
    placed[:, max(0, -shift) : max(0, -shift) + part.shape[1]] = part[:, : size - max(0, -shift)]
    return placed


def through_gsm(sounds: Samples) -> Samples:
    """Return channels after GSM 06.10, which FFmpeg decodes only. It takes 0.2 s per second."""
    narrow = _resampled(sounds, SAMPLE_RATE, _GSM_RATE)
    decoded = [_decode_gsm(gsm.encoded(sound), sounds.shape[1]) for sound in narrow]
    return np.stack(decoded)


def _decode_gsm(data: bytes, size: int) -> Samples:
    with av.open(io.BytesIO(data), "r", format="gsm") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    narrow = np.concatenate(frames, axis=1).astype(np.float32) / 2.0**15
    return _resampled(narrow, _GSM_RATE, SAMPLE_RATE)[0, :size]


def encode(sounds: Samples, codec: Codec) -> bytes:
    """Return channels (n, samples) at 16 kHz as a file."""
    buffer = io.BytesIO()
    layout = {1: "mono", 2: "stereo"}[len(sounds)]
    with av.open(buffer, "w", format=codec.container) as container:
        stream = cast(AudioStream, container.add_stream(codec.encoder, rate=codec.rate))
        stream.layout = layout
        if codec.bit_rate:
            stream.bit_rate = codec.bit_rate
        values = _resampled(sounds, SAMPLE_RATE, codec.rate)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(np.clip(values, -1, 1), dtype=np.float32),
            format="fltp",
            layout=layout,
        )
        frame.sample_rate = codec.rate
        frame.pts = 0
        for packet in stream.encode(frame):
            container.mux(packet)
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _decode(data: bytes, codec: Codec, channels: int) -> Samples:
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", stream.layout, codec.rate)
        pieces = [
            piece.to_ndarray()
            for frame in [*container.decode(stream), None]
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces, axis=1)[:channels].astype(np.float32)


def _resampled(sounds: npt.NDArray[np.floating], one: int, other: int) -> Samples:
    if one == other:
        return np.asarray(sounds, dtype=np.float32)
    step = np.gcd(one, other)
    return np.asarray(resample_poly(sounds, other // step, one // step, axis=1), dtype=np.float32)


def _delay(before: Samples, after: Samples) -> int:
    """Return by how many samples `after` is late, as codecs add silence at the beginning."""
    size = 1 << int(np.ceil(np.log2(len(before) + len(after))))
    product = np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size))
    correlation = np.fft.irfft(product, size)
    reach = SAMPLE_RATE // 4
    return int(np.argmax(np.r_[correlation[-reach:], correlation[:reach]])) - reach
