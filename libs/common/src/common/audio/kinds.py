"""Kinds of audio files."""

from enum import StrEnum

#: Bytes that may be passed over before the first frame.
JUNK_BYTES = 65_536
#: First bytes that suffice to detect every kind: the junk, and frames of the largest size.
SNIFF_BYTES = JUNK_BYTES + 32_768


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
    MPC = "mpc"
    MPC8 = "mpc8"
    MPEG_PS = "mpegps"
    MPEG_TS = "mpegts"
    MXF = "mxf"
    OGG = "ogg"
    OMA = "oma"
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
