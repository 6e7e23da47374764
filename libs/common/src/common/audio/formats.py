"""Table of the accepted formats: how each is recognized, read, and called.

Only demuxers are listed that open no other files and run no scripts, and only formats that have a
signature or frames to tell them from other files.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from common.audio import resync
from common.audio.kinds import AudioKind
from common.audio.resync import FrameSync


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One format of files.

    `name` is for users, `demuxer` is FFmpeg's name. `extensions` are the usual ones, the first of
    them for files without one. A file is recognized by `signature`, its first bytes, or by
    `sync`, its frames. `anywhere` is False if frames must start with the file.
    """

    kind: AudioKind
    name: str
    demuxer: str
    extensions: tuple[str, ...]
    signature: re.Pattern[bytes] | None = None
    sync: FrameSync | None = None
    anywhere: bool = True


def _signed(kind: AudioKind, name: str, demuxer: str, extensions: str, signature: bytes) -> Format:
    return Format(
        kind=kind,
        name=name,
        demuxer=demuxer,
        extensions=tuple(extensions.split()),
        signature=re.compile(signature, re.DOTALL),
    )


def _framed(
    kind: AudioKind,
    name: str,
    demuxer: str,
    extensions: str,
    sync: FrameSync,
    *,
    anywhere: bool = True,
) -> Format:
    return Format(
        kind=kind,
        name=name,
        demuxer=demuxer,
        extensions=tuple(extensions.split()),
        sync=sync,
        anywhere=anywhere,
    )


#: Sizes before the names of the first box are limited, because text may hold the names.
_MP4_BOX = (
    rb"\0\0..(?:ftyp|styp|pnot)|\0...(?:wide|free|skip|sidx)|[\0-\x1f]...(?:moov|moof)|....mdat"
)

FORMATS = (
    _signed(AudioKind.AIFF, "AIFF", "aiff", "aiff aif aifc", rb"FORM....AIF[FC]"),
    _signed(AudioKind.AMR, "AMR", "amr", "amr awb", rb"#!AMR(?:-WB)?\n"),
    _signed(AudioKind.APE, "Monkey's Audio", "ape", "ape", rb"MAC .[\x0e\x0f]"),
    _signed(
        AudioKind.ASF, "Windows Media", "asf", "wma wmv asf", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
    ),
    _signed(AudioKind.AU, "Sun AU", "au", "au snd", rb"\.snd\0...(?:....)\0\0\0[\x01-\x1b]"),
    _signed(AudioKind.AVI, "AVI", "avi", "avi divx", rb"RIFF....AVI[ X]"),
    _signed(AudioKind.CAF, "Core Audio", "caf", "caf", rb"caff\0\x01"),
    _signed(AudioKind.DSDIFF, "DSDIFF", "iff", "dff", rb"FRM8.{8}DSD "),
    _signed(AudioKind.DSF, "DSD stream", "dsf", "dsf", rb"DSD \x1c\0{7}"),
    _signed(AudioKind.DSS, "Digital Speech Standard", "dss", "dss", rb"[\x02\x03]dss"),
    _signed(AudioKind.FLAC, "FLAC", "flac", "flac", rb"fLaC"),
    _signed(AudioKind.FLV, "Flash Video", "flv", "flv f4v", rb"FLV[\x01-\x04].\0\0"),
    _signed(AudioKind.ILBC, "iLBC", "ilbc", "lbc ilbc", rb"#!iLBC[23]0\n"),
    _signed(
        AudioKind.MATROSKA, "Matroska, WebM", "matroska", "mkv mka webm weba", rb"\x1a\x45\xdf\xa3"
    ),
    _signed(AudioKind.MPC, "Musepack", "mpc", "mpc mp+ mpp", rb"MP\+[\x07\x17\x27]"),
    _signed(AudioKind.MPC8, "Musepack 8", "mpc8", "mpc", rb"MPCK[A-Z]{2}"),
    _signed(
        AudioKind.MP4,
        "MP4, QuickTime, 3GP",
        "mp4",
        "m4a m4b m4p m4r m4v mp4 mov qt 3gp 3gpp 3g2 3ga aac f4v f4a mp4a",
        _MP4_BOX,
    ),
    _signed(
        AudioKind.MXF, "MXF", "mxf", "mxf", rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01"
    ),
    _signed(AudioKind.OGG, "Ogg", "ogg", "ogg oga ogv ogx opus spx", rb"OggS\0"),
    _signed(AudioKind.OMA, "Sony OpenMG", "oma", "oma omg aa3", rb"EA3.\0\x60"),
    _signed(
        AudioKind.REAL_MEDIA,
        "RealMedia",
        "rm",
        "rm ra rmvb rv",
        rb"\.RMF\0\0|\.ra\xfd\0[\x03-\x05]",
    ),
    _signed(AudioKind.SHORTEN, "Shorten", "shn", "shn", rb"ajkg[\x01-\x03]"),
    _signed(AudioKind.SOX, "SoX", "sox", "sox", rb"\.SoX.{3}\0|XoS\.\0"),
    _signed(AudioKind.SPHERE, "NIST SPHERE", "nistsphere", "sph nist", rb"NIST_1A\n   1024\n"),
    _signed(AudioKind.TAK, "TAK", "tak", "tak", rb"tBaK"),
    _signed(AudioKind.TTA, "True Audio", "tta", "tta", rb"TTA1[\x01-\x03]\0"),
    _signed(AudioKind.VOC, "Creative Voice", "voc", "voc", rb"Creative Voice File\x1a"),
    _signed(
        AudioKind.W64, "Wave64", "w64", "w64", rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
    ),
    _signed(
        AudioKind.WAV,
        "WAV, RF64, BW64, RIFX",
        "wav",
        "wav wave bwf rf64 bw64",
        rb"(?:RIFF|RIFX|RF64|BW64)....WAVE",
    ),
    _signed(AudioKind.WAVPACK, "WavPack", "wv", "wv", rb"wvpk.{5}\x04"),
    _signed(
        AudioKind.WTV,
        "Windows recorded television",
        "wtv",
        "wtv",
        rb"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d",
    ),
    _framed(
        AudioKind.MPEG_TS,
        "MPEG transport stream",
        "mpegts",
        "ts mts m2ts m2t mpg mpeg vob tp trp",
        resync.TRANSPORT,
    ),
    _framed(AudioKind.MPEG_PS, "MPEG program stream", "mpeg", "mpg mpeg vob", resync.PROGRAM),
    _framed(AudioKind.MP3, "MP3, MP2", "mp3", "mp3 mp2 mp1 mpga m2a m3a", resync.MPEG_AUDIO),
    _framed(AudioKind.AAC, "AAC (ADTS)", "aac", "aac adts", resync.ADTS),
    _framed(AudioKind.EAC3, "E-AC-3", "eac3", "eac3 ec3", resync.EAC3),
    _framed(AudioKind.AC3, "AC-3", "ac3", "ac3", resync.AC3),
    _framed(AudioKind.DTS, "DTS", "dts", "dts", resync.DTS),
    _framed(AudioKind.LATM, "AAC (LATM)", "loas", "latm loas", resync.LOAS),
    _framed(AudioKind.GSM, "GSM 06.10", "gsm", "gsm", resync.GSM, anywhere=False),
)

_BY_KIND = {form.kind: form for form in FORMATS}

_PROGRAMS = (
    "apk app bat class cmd com cpl deb dll dmg exe gadget hta htm html jar js lnk mjs msi msix php "
    "pif ps1 py reg rpm scr sh svg svgz vb vbe vbs wsf xhtml"
)
_ARCHIVES = "7z ace arj bz2 cab gz img iso lz lzh lzma rar tar tbz2 tgz txz vhd vhdx xz zip zst"
#: Extensions that are refused whatever the file contains.
_REFUSED = frozenset((*_PROGRAMS.split(), *_ARCHIVES.split()))


def format_of_kind(kind: AudioKind) -> Format:
    """Return the row of a kind."""
    return _BY_KIND[kind]


def extension_of(file_name: str) -> str:
    """Return the extension of a file name in lower case, without its dot."""
    return PurePosixPath(file_name.replace("\\", "/")).suffix.lstrip(".").lower()


def is_refused_name(file_name: str) -> bool:
    """Return whether a name is that of a program, a script or an archive.

    Other names may contradict the content, as phones call AAC in MP4 `.mp3`.
    """
    return extension_of(file_name) in _REFUSED
