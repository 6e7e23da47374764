import pytest

from common.audio.kinds import AudioKind, id3_length, name_contradicts, sniff
from tests.unit.common.audio import sounds


def id3(length: int) -> bytes:
    size = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + bytes(length)


@pytest.mark.parametrize("name", sounds.FORMATS)
def test_every_container_is_detected_by_its_first_bytes(name: str) -> None:
    data = sounds.recording(name, 0.5)
    assert sniff(data[:4096]) is sounds.FORMATS[name].kind


@pytest.mark.parametrize("name", sounds.FORMATS)
def test_every_container_may_have_its_usual_extension(name: str) -> None:
    how = sounds.FORMATS[name]
    assert name_contradicts(f"meeting.{how.extension}", how.kind) is None
    assert name_contradicts(f"MEETING.{how.extension.upper()}", how.kind) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"plain text, and quite a lot of it",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"MZ\x90\x00",
        b"\x7fELF",
        b"\x89PNG\r\n\x1a\n",
        b"<!doctype html><script>",
        b"RIFF\x10\x00\x00\x00WEBP",
        b"\x00" * 400,
        b"\xff" * 400,
        b"#EXTM3U\nfile:///etc/passwd",
    ],
)
def test_other_files_are_not_detected(data: bytes) -> None:
    assert sniff(data) is None


def test_mp3_after_a_tag_is_detected() -> None:
    mp3 = sounds.recording("mp3", 0.5)
    assert sniff(id3(300) + mp3) is AudioKind.MP3


def test_content_after_a_tag_decides() -> None:
    assert sniff(id3(300) + sounds.recording("flac", 0.2)) is AudioKind.FLAC
    assert sniff(id3(300) + b"plain text") is None


def test_tag_longer_than_the_data_counts_as_mp3() -> None:
    assert sniff(id3(100_000)[:4096]) is AudioKind.MP3


def test_length_of_a_tag_includes_its_header() -> None:
    assert id3_length(id3(300)) == 310
    assert id3_length(b"RIFF") == 0


def test_rf64_is_wav_and_layer_two_is_mp3() -> None:
    assert sniff(b"RF64\xff\xff\xff\xffWAVEds64") is AudioKind.WAV
    assert sniff(b"\xff\xfd\x84\x00") is AudioKind.MP3


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("meeting.mp3", AudioKind.WAV),
        ("meeting.wav", AudioKind.MP3),
        ("meeting.flac", AudioKind.OGG),
        ("meeting.exe", AudioKind.MP3),
        ("meeting.pdf", AudioKind.MP3),
        ("meeting.docx", AudioKind.MP3),
        ("meeting.mp3.html", AudioKind.MP3),
        ("C:\\recordings\\meeting.zip", AudioKind.WAV),
    ],
)
def test_contradicting_extension_is_reported(name: str, kind: AudioKind) -> None:
    complaint = name_contradicts(name, kind)
    assert complaint is not None
    assert str(kind) in complaint


@pytest.mark.parametrize(
    "name", ["meeting", "meeting.", ".mp3", "meeting.2024-11-03", "a.b/meeting", "v1.final"]
)
def test_unknown_extension_is_accepted(name: str) -> None:
    assert name_contradicts(name, AudioKind.OGG) is None


def test_aac_in_an_mp4_container_may_be_called_aac() -> None:
    assert name_contradicts("memo.aac", AudioKind.MP4) is None
