"""One recording of each format, also of those that PyAV can read but not write."""

import io
import random
import struct
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from common.audio.kinds import AudioKind
from tests.unit.common.audio import sounds

SECONDS = 3.0

#: FFmpeg's muxer, encoder and sample rate.
ENCODED = {
    AudioKind.AAC: ("adts", "aac", 44_100),
    AudioKind.AC3: ("ac3", "ac3", 48_000),
    AudioKind.AIFF: ("aiff", "pcm_s16be", 44_100),
    AudioKind.AMR: ("amr", "libopencore_amrnb", 8_000),
    AudioKind.ASF: ("asf", "wmav2", 44_100),
    AudioKind.AU: ("au", "pcm_s16be", 44_100),
    AudioKind.AVI: ("avi", "libmp3lame", 44_100),
    AudioKind.CAF: ("caf", "alac", 44_100),
    AudioKind.EAC3: ("eac3", "eac3", 48_000),
    AudioKind.FLAC: ("flac", "flac", 44_100),
    AudioKind.FLV: ("flv", "libmp3lame", 44_100),
    AudioKind.LATM: ("latm", "aac", 44_100),
    AudioKind.MATROSKA: ("matroska", "libopus", 48_000),
    AudioKind.MP3: ("mp3", "libmp3lame", 44_100),
    AudioKind.MP4: ("ipod", "aac", 44_100),
    AudioKind.MPEG_PS: ("mpeg", "mp2", 48_000),
    AudioKind.MPEG_TS: ("mpegts", "aac", 48_000),
    AudioKind.OGG: ("ogg", "libopus", 48_000),
    AudioKind.REAL_MEDIA: ("rm", "ac3", 48_000),
    AudioKind.SOX: ("sox", "pcm_s32le", 16_000),
    AudioKind.TTA: ("tta", "tta", 44_100),
    AudioKind.VOC: ("voc", "pcm_s16le", 16_000),
    AudioKind.W64: ("w64", "pcm_s16le", 16_000),
    AudioKind.WAV: ("wav", "pcm_s16le", 16_000),
    AudioKind.WAVPACK: ("wv", "wavpack", 44_100),
    AudioKind.WTV: ("wtv", "mp2", 48_000),
}


def recording(kind: AudioKind) -> bytes:
    """Return three seconds of sound, the usual noise where an encoder exists."""
    if kind in BUILT:
        return BUILT[kind]()
    container, codec, rate = ENCODED[kind]
    how = sounds.Format(
        kind=kind,
        container=container,
        codec=codec,
        rate=rate,
        extension="",
        layout="mono" if kind in {AudioKind.AMR, AudioKind.CAF} else "stereo",
        bit_rate=12_200 if kind is AudioKind.AMR else 128_000,
    )
    return sounds.encode(sounds.noise(SECONDS, rate), how)


def random_frames(size: int, seconds: float) -> list[bytes]:
    dice = random.Random(size)
    return [dice.randbytes(size) for _ in range(round(SECONDS / seconds))]


def gsm() -> bytes:
    return b"".join(
        bytes([0xD0 | frame[0] & 0x0F]) + frame[1:] for frame in random_frames(33, 0.02)
    )


def ilbc() -> bytes:
    return b"#!iLBC30\n" + b"".join(random_frames(50, 0.03))


def pcm(rate: int, order: str, channels: int = 1) -> bytes:
    values = (sounds.noise(SECONDS, rate) * 32_767).astype(f"{order}i2")
    return values.repeat(channels).tobytes()


def sphere() -> bytes:
    sound = pcm(16_000, "<")
    fields = (
        f"sample_count -i {len(sound) // 2}",
        "sample_n_bytes -i 2",
        "channel_count -i 1",
        "sample_byte_format -s2 01",
        "sample_rate -i 16000",
        "sample_coding -s3 pcm",
        "end_head",
    )
    return ("NIST_1A\n   1024\n" + "\n".join(fields) + "\n").encode().ljust(1024, b"\0") + sound


_DSD_RATE = 2_822_400


def dsd() -> bytes:
    """Return the noise as single bits, by a sigma-delta modulator of first order."""
    sound = sounds.noise(SECONDS, 44_100).repeat(_DSD_RATE // 44_100)
    total = np.floor(np.cumsum((sound.astype(np.float64) + 1) / 2))
    return np.packbits(np.diff(total, prepend=0.0) > 0).tobytes()


def dsf() -> bytes:
    bits = np.packbits(np.unpackbits(np.frombuffer(dsd(), np.uint8)), bitorder="little").tobytes()
    blocks = bits.ljust(-(-len(bits) // 4096) * 4096, b"\x69")
    form = (1, 0, 1, 1, _DSD_RATE, 1, len(bits) * 8, 4096, 0)
    chunk = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, *form)
    data = struct.pack("<4sQ", b"data", 12 + len(blocks)) + blocks
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(chunk) + len(data), 0) + chunk + data


def dsdiff() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(">Q", len(body)) + body + bytes(len(body) % 2)

    properties = b"SND " + chunk(b"FS  ", struct.pack(">I", _DSD_RATE))
    properties += chunk(b"CHNL", struct.pack(">H", 1) + b"C   ")
    properties += chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = b"DSD " + chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", properties)
    return chunk(b"FRM8", body + chunk(b"DSD ", dsd()))


def dss() -> bytes:
    header = bytearray(1024)
    header[:4] = b"\x02dss"
    header[0x26:0x3E] = b"140101120000140101120003"
    # A block of 506 bytes holds twelve frames of 264 samples and the beginning of another.
    blocks = random_frames(506, 506 / 42 * 264 / 11_025)
    return bytes(header) + b"".join(bytes(6) + block for block in blocks)


def oma() -> bytes:
    header = bytearray(96)
    header[:8] = b"EA3\x01\x00\x60\xff\xff"
    header[32] = 4
    return bytes(header) + pcm(44_100, ">", channels=2)


def mxf() -> bytes:
    file = io.BytesIO()
    sound = sounds.noise(SECONDS, 48_000)
    with av.open(file, "w", format="mxf") as container:
        pictures = container.add_stream("mpeg2video", rate=25)
        track = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        assert isinstance(pictures, VideoStream)
        assert isinstance(track, AudioStream)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        for number in range(round(SECONDS * 25)):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(pictures.encode(picture))
            part = sound[None, number * 1920 : (number + 1) * 1920]
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
            frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
            frame.pts = number * 1920
            container.mux(track.encode(frame))
        container.mux(pictures.encode(None))
        container.mux(track.encode(None))
    return file.getvalue()


BUILT: dict[AudioKind, Callable[[], bytes]] = {
    AudioKind.DSDIFF: dsdiff,
    AudioKind.DSF: dsf,
    AudioKind.DSS: dss,
    AudioKind.GSM: gsm,
    AudioKind.ILBC: ilbc,
    AudioKind.MXF: mxf,
    AudioKind.OMA: oma,
    AudioKind.SPHERE: sphere,
}
#: Formats whose sound is the usual noise, as it went in.
FAITHFUL = frozenset({*ENCODED, AudioKind.MXF, AudioKind.OMA, AudioKind.SPHERE}) | {
    AudioKind.DSF,
    AudioKind.DSDIFF,
}
#: Formats that nothing here writes, and their decoders.
UNWRITTEN = {
    AudioKind.APE: "ape",
    AudioKind.DTS: "dca",
    AudioKind.MPC: "mpc7",
    AudioKind.MPC8: "mpc8",
    AudioKind.SHORTEN: "shorten",
    AudioKind.TAK: "tak",
}
