"""Detection of file types by their content.

No media library is needed, so that a file can be rejected before anything decodes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from common.audio import frames, other_files
from common.audio.frames import Reader
from common.audio.seekable import Seekable

#: Bytes that may be passed over before the first frame.
JUNK_BYTES = 65_536
#: Enough first bytes to detect every kind: the junk, and some frames of the largest size.
SNIFF_BYTES = JUNK_BYTES + 32_768
#: Tags in a row that are looked past.
_MOST_TAGS = 8


class AudioKind(StrEnum):
    """Families of containers, distinguished by their content."""

    AAC = "aac"
    AC3 = "ac3"
    AIFF = "aiff"
    AMR = "amr"
    APE = "ape"
    ASF = "asf"
    AU = "au"
    AVI = "avi"
    CAF = "caf"
    DSDIFF = "dff"
    DSF = "dsf"
    DSS = "dss"
    DTS = "dts"
    EAC3 = "eac3"
    FLAC = "flac"
    FLV = "flv"
    GSM = "gsm"
    ILBC = "ilbc"
    LATM = "latm"
    MATROSKA = "matroska"
    MP3 = "mp3"
    MP4 = "mp4"
    MPC7 = "mpc7"
    MPC8 = "mpc8"
    MPEG_PS = "mpegps"
    MPEG_TS = "mpegts"
    MXF = "mxf"
    OGG = "ogg"
    OMA = "oma"
    QCP = "qcp"
    REAL = "realmedia"
    SHORTEN = "shorten"
    SOX = "sox"
    SPHERE = "sphere"
    TAK = "tak"
    TTA = "tta"
    VOC = "voc"
    W64 = "w64"
    WAV = "wav"
    WAVPACK = "wavpack"
    WTV = "wtv"


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """The kind of a file, and the byte at which it really begins: behind tags, zeros or junk."""

    kind: AudioKind
    start: int = 0


@dataclass(frozen=True, slots=True)
class _Signature:
    """First bytes of a kind. `test` examines the rest of the head where they are common words."""

    kind: AudioKind
    first: bytes
    test: Callable[[bytes], bool] = lambda _: True


def _form(*names: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[8:12] in names


def _little(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(head[at : at + size], "little")


_SIGNATURES = (
    *(_Signature(AudioKind.WAV, name, _form(b"WAVE")) for name in (b"RIFF", b"RIFX", b"RF64")),
    _Signature(AudioKind.WAV, b"BW64", _form(b"WAVE")),
    _Signature(AudioKind.AVI, b"RIFF", _form(b"AVI ", b"AVIX")),
    _Signature(AudioKind.QCP, b"RIFF", _form(b"QLCM")),
    _Signature(AudioKind.AIFF, b"FORM", _form(b"AIFF", b"AIFC")),
    _Signature(AudioKind.AMR, b"#!AMR\n"),
    _Signature(AudioKind.AMR, b"#!AMR-WB\n"),
    _Signature(AudioKind.AMR, b"#!AMR_MC1.0\n"),
    _Signature(AudioKind.AMR, b"#!AMR-WB_MC1.0\n"),
    _Signature(AudioKind.APE, b"MAC ", lambda head: 3_000 <= _little(head, 4, 2) < 5_000),
    _Signature(AudioKind.ASF, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    _Signature(AudioKind.AU, b".snd", lambda head: head[4] == 0 and head[12:15] == bytes(3)),
    _Signature(AudioKind.CAF, b"caff\x00\x01"),
    _Signature(AudioKind.DSDIFF, b"FRM8", lambda head: head[12:16] == b"DSD "),
    _Signature(AudioKind.DSF, b"DSD ", lambda head: _little(head, 4, 8) == 28),
    _Signature(AudioKind.DSS, b"\x02dss"),
    _Signature(AudioKind.DSS, b"\x03dss"),
    _Signature(AudioKind.FLAC, b"fLaC"),
    _Signature(AudioKind.FLV, b"FLV", lambda head: 1 <= head[3] < 5 and head[5] == 0),
    _Signature(AudioKind.ILBC, b"#!iLBC30\n"),
    _Signature(AudioKind.ILBC, b"#!iLBC20\n"),
    _Signature(AudioKind.MATROSKA, b"\x1a\x45\xdf\xa3"),
    _Signature(AudioKind.MPC7, b"MP+", lambda head: head[3] & 0x0F in {7, 8}),
    _Signature(AudioKind.MPC8, b"MPCK"),
    _Signature(AudioKind.MXF, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02"),
    _Signature(AudioKind.OGG, b"OggS\x00"),
    _Signature(AudioKind.OMA, b"EA3", lambda head: head[4:6] == b"\x00\x60"),
    _Signature(AudioKind.OMA, b"ea3\x03\x00"),
    _Signature(AudioKind.REAL, b".RMF\x00\x00"),
    _Signature(AudioKind.REAL, b".ra\xfd"),
    _Signature(AudioKind.SHORTEN, b"ajkg", lambda head: 0 < head[4] < 8),
    _Signature(AudioKind.SOX, b".SoX"),
    _Signature(AudioKind.SOX, b"XoS."),
    _Signature(AudioKind.SPHERE, b"NIST_1A\n   1024\n"),
    _Signature(AudioKind.TAK, b"tBaK"),
    _Signature(AudioKind.TTA, b"TTA1", lambda head: head[4] < 4 and head[5] == 0),
    _Signature(AudioKind.VOC, b"Creative Voice File\x1a"),
    _Signature(AudioKind.W64, b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"),
    _Signature(AudioKind.WAVPACK, b"wvpk", lambda head: head[9] == 4),
    _Signature(AudioKind.WTV, b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d"),
)
#: Boxes that MP4 and QuickTime files begin with, and the largest sensible size of each.
_MP4_BOXES = {
    b"ftyp": 1 << 16,
    b"moov": 1 << 29,
    b"mdat": 1 << 32,
    b"wide": 1 << 24,
    b"free": 1 << 24,
    b"skip": 1 << 24,
    b"pnot": 1 << 16,
    b"moof": 1 << 29,
    b"styp": 1 << 16,
    b"sidx": 1 << 24,
}
_READERS: tuple[tuple[AudioKind, Reader], ...] = (
    (AudioKind.MPEG_TS, frames.TRANSPORT),
    (AudioKind.MPEG_PS, frames.PROGRAM),
    (AudioKind.MP3, frames.MPEG_AUDIO),
    (AudioKind.AAC, frames.ADTS),
    (AudioKind.EAC3, frames.EAC3),
    (AudioKind.AC3, frames.AC3),
    (AudioKind.DTS, frames.DTS),
    (AudioKind.LATM, frames.LOAS),
)
