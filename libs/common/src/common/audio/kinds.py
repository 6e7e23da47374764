"""Detection of file types by the first bytes, and comparison with the extension.

No media library is needed, so that a file can be rejected before anything decodes it.
"""

import mimetypes
from enum import StrEnum
from pathlib import PurePosixPath

#: Enough bytes to detect every kind. MPEG transport streams need the most.
SNIFF_BYTES = 4096


class AudioKind(StrEnum):
    """Families of containers, distinguished by their first bytes."""

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
    MPC = "mpc"
    MPC8 = "mpc8"
    MPEG_PS = "mpegps"
    MPEG_TS = "mpegts"
    MXF = "mxf"
    OGG = "ogg"
    OMA = "oma"
    QCP = "qcp"
    REAL_MEDIA = "realmedia"
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


#: Which kinds each file name extension may stand for.
EXTENSIONS: dict[str, frozenset[AudioKind]] = {
    extension: frozenset(kinds)
    for kinds, extensions in (
        ((AudioKind.AAC, AudioKind.MP4), "aac"),
        ((AudioKind.AAC,), "adts"),
        ((AudioKind.AIFF,), "aif aiff aifc"),
        ((AudioKind.AMR,), "amr awb"),
        ((AudioKind.ASF,), "wma wmv asf"),
        ((AudioKind.AU,), "au snd"),
        ((AudioKind.AVI,), "avi"),
        ((AudioKind.CAF,), "caf"),
        ((AudioKind.FLAC,), "flac"),
        ((AudioKind.MATROSKA,), "mkv mka webm weba"),
        ((AudioKind.MP3,), "mp1 mp2 mp3 mpga m2a m3a"),
        ((AudioKind.MP4,), "m4a m4b m4p m4r m4v mp4 mov qt 3gp 3g2 3ga"),
        ((AudioKind.MPEG_PS, AudioKind.MPEG_TS), "mpg mpeg vob"),
        ((AudioKind.MPEG_TS,), "ts mts m2ts"),
        ((AudioKind.OGG,), "ogg oga ogv opus spx"),
        ((AudioKind.WAV,), "wav wave bwf rf64"),
    )
    for extension in extensions.split()
}

_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TS_PACKET = 188
_TS_SYNC = 0x47

#: Extensions of other file types that are missing from the table of MIME types.
_NOT_AUDIO = frozenset(
    [
        "7z",
        "apk",
        "bat",
        "cmd",
        "dmg",
        "docx",
        "heic",
        "iso",
        "jar",
        "msi",
        "ods",
        "odt",
        "pptx",
        "ps1",
        "rar",
        "rtf",
        "scr",
        "vbs",
        "xlsx",
    ]
)

# Without the machine's own tables, so that the result is the same everywhere.
_MIME_TYPES = mimetypes.MimeTypes()


def sniff(first_bytes: bytes) -> AudioKind | None:
    """Detect the kind of a file from its first bytes (up to SNIFF_BYTES), None if it is not audio.

    A file whose leading ID3 tag is longer than the given bytes counts as MP3, as it nearly always
    is.
    """
    head = _after_id3(first_bytes)
    if head is None:
        return AudioKind.MP3
    return _by_signature(head) or _by_frame(head) or _by_packets(head)


def id3_length(first_bytes: bytes) -> int:
    """Return the length in bytes of the leading ID3v2 tag, 0 without one."""
    if len(first_bytes) < 10 or first_bytes[:3] != b"ID3":
        return 0
    length = 0
    for byte in first_bytes[6:10]:
        length = length << 7 | byte & 0x7F
    footer = 10 if first_bytes[5] & 0x10 else 0
    return 10 + length + footer


def name_contradicts(file_name: str, kind: AudioKind) -> str | None:
    """Describe the contradiction between a file's extension and `kind`, None if there is none.

    Missing and unknown extensions contradict nothing.
    """
    extension = PurePosixPath(file_name.replace("\\", "/")).suffix.lstrip(".").lower()
    if not extension:
        return None
    allowed = EXTENSIONS.get(extension)
    if allowed is not None:
        if kind in allowed:
            return None
        return f"named .{extension}, but its content is {kind}"
    if extension in _NOT_AUDIO:
        return f"named .{extension}, but its content is {kind}"
    claimed, _ = _MIME_TYPES.guess_type(f"name.{extension}")
    if claimed is None or claimed.startswith(("audio/", "video/")):
        return None
    return f"named .{extension} ({claimed}), but its content is {kind}"


def _after_id3(data: bytes) -> bytes | None:
    """Return the bytes after leading ID3 tags, None if the tags are longer than the data."""
    while tag := id3_length(data):
        if tag + 4 > len(data):
            return None
        data = data[tag:]
    return data


def _by_signature(head: bytes) -> AudioKind | None:
    if head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE":
        return AudioKind.WAV
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return AudioKind.AVI
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return AudioKind.AIFF
    if head[4:8] in _MP4_BOXES:
        return AudioKind.MP4
    for signature, kind in (
        (b"fLaC", AudioKind.FLAC),
        (b"OggS", AudioKind.OGG),
        (b"\x1a\x45\xdf\xa3", AudioKind.MATROSKA),
        (b"#!AMR", AudioKind.AMR),
        (b"caff", AudioKind.CAF),
        (b".snd", AudioKind.AU),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", AudioKind.ASF),
        (b"\x00\x00\x01\xba", AudioKind.MPEG_PS),
    ):
        if head.startswith(signature):
            return kind
    return None


def _by_frame(head: bytes) -> AudioKind | None:
    """Detect MPEG audio and ADTS by their sync word and by fields with valid values."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # ADTS: twelve sync bits and a zero layer.
        known_rate = (head[2] >> 2 & 0x0F) < 13
        return AudioKind.AAC if known_rate else None
    if head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    sensible = version != 1 and layer != 0 and bit_rate != 15 and sample_rate != 3
    return AudioKind.MP3 if sensible else None


def _by_packets(head: bytes) -> AudioKind | None:
    """Detect MPEG transport streams by a sync byte every 188 bytes (192 on Blu-ray)."""
    for first, step in ((0, _TS_PACKET), (4, _TS_PACKET + 4)):
        marks = head[first : first + 5 * step : step]
        if len(marks) >= 3 and all(mark == _TS_SYNC for mark in marks):
            return AudioKind.MPEG_TS
    return None
