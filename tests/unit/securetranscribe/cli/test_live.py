"""The command that prints words while they are spoken."""

import asyncio
import io
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import IO, Any, cast

import pytest

from securetranscribe.cli.live_screen import Screen
from securetranscribe.cli.live_sound import Sound, UnknownSoundError, opened
from tests.unit.securetranscribe.live_server import Connection, Server, is_kind, server
from tests.unit.securetranscribe.test_live_follower import followed, tell

_SECONDS = 60.0


class Slow(io.RawIOBase):
    """An unbuffered pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 3))


def wave(kind: int, bits: int, channels: int, data: bytes, *, more: bytes = b"") -> bytes:
    """Return a WAV file of unknown length, as ffmpeg writes it to a pipe."""
    width = channels * bits // 8
    content = struct.pack("<HHIIHH", kind, channels, 8000, 8000 * width, width, bits) + more
    chunk = b"fmt " + struct.pack("<I", len(content)) + content
    other = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    unknown = b"\xff\xff\xff\xff"
    return b"RIFF" + unknown + b"WAVE" + chunk + other + b"data" + unknown + data


def read(data: bytes, **kind: Any) -> tuple[Sound, list[bytes]]:
    file = cast("IO[bytes]", Slow(data))
    given = {"encoding": "linear16", "sample_rate": None, "channel_count": 1, **kind}
    sound = opened(file, **given)
    return sound, list(sound.pieces(file))


def test_samples_come_in_pieces_of_whole_frames() -> None:
    sound, pieces = read(bytes(range(250)) * 42 + b"xyz", sample_rate=8000, channel_count=2)
    assert (sound.encoding, sound.sample_rate, sound.channel_count) == ("linear16", 8000, 2)
    assert [len(piece) for piece in pieces] == [8000, 2500]
    assert b"".join(pieces) == bytes(range(250)) * 42


@pytest.mark.parametrize(
    ("kind", "bits", "more", "encoding"),
    [
        (1, 16, b"", "linear16"),
        (3, 32, b"", "float32"),
        (0xFFFE, 16, struct.pack("<HHIH14x", 22, 16, 3, 1), "linear16"),
    ],
)
def test_headers_of_wave_files_are_read(kind: int, bits: int, more: bytes, encoding: str) -> None:
    sound, pieces = read(wave(kind, bits, 2, b"12345678" * 10, more=more))
    assert (sound.encoding, sound.sample_rate, sound.channel_count) == (encoding, 8000, 2)
    assert b"".join(pieces) == b"12345678" * 10


@pytest.mark.parametrize(
    ("start", "encoding"), [(b"\x1a\x45\xdf\xa3", "webm_opus"), (b"OggS", "ogg_opus")]
)
def test_containers_are_sent_as_they_come(start: bytes, encoding: str) -> None:
    sound, pieces = read(start + b"abcdef")
    assert (sound.encoding, sound.sample_rate) == (encoding, None)
    assert pieces == [start, b"abc", b"def"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no sound"),
        (b"ID3 something", "--sample-rate"),
        (wave(1, 24, 1, b"123"), "16-bit"),
        (wave(1, 16, 6, b"123"), "one or two channels"),
        (b"RIFF----WAVEfmt ", "no header"),
        (b"RIFF----WAVEdata\1\0\0\0x", "no header"),
    ],
)
def test_other_sound_is_refused_with_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(UnknownSoundError, match=reason):
        read(data)


def text(kind: str, segment: int, words: str) -> dict[str, Any]:
    return {"type": kind, "data": {"segment": segment, "text": words, "start_time": 1.0}}


def test_a_terminal_shows_drafts_in_its_last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "12")
    screen = Screen(as_json=False)
    for message in (
        text("draft", 1, "we will"),
        text("draft", 1, "we will see about it"),
        text("final", 1, "We will see."),
        text("draft", 2, "about"),
        text("draft", 2, ""),
    ):
        screen.show(message)
    erase = "\r\x1b[K"
    assert capsys.readouterr().out.split(erase) == [
        "we will",
        "ee about it",
        "00:00:01.0  We will see.\nabout",
        "",
    ]


def test_without_a_terminal_only_final_texts_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen(as_json=False)
    screen.show(text("draft", 1, "we"))
    screen.show(text("final", 1, "We will see."))
    screen.show({"type": "notice", "data": {"code": "no_recognizer", "message": "No text."}})
    screen.show({"type": "state", "data": "lost"})
    printed = capsys.readouterr()
    assert printed.out == "00:00:01.0  We will see.\n"
    assert printed.err.splitlines()[0] == "No text."
    assert "is kept" in printed.err


async def handle(connection: Connection, part: Any) -> None:
    """Store all sound, and return one text per chunk."""
    if is_kind(part, "finish"):
        await connection.end()
    elif isinstance(part, dict):
        await connection.begin()
    else:
        await connection.final(part[0] + 1, f"piece {part[0]}")
        await connection.acknowledge(part[0] + 1)


async def started(found: Server, *arguments: str) -> asyncio.subprocess.Process:
    token = {"SECURETRANSCRIBE_URL": found.client.base_url, "SECURETRANSCRIBE_TOKEN": "token"}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "securetranscribe.cli", "live", *arguments),
        env={**os.environ, **token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_sound_of_a_pipe_is_sent_until_its_end() -> None:
    async with server(handle) as found:
        process = await started(
            found, "-", "--sample-rate", "8000", "--title", "Call", "--language", "en"
        )
        out, error = await process.communicate(bytes(10_000))
        assert (process.returncode, out.decode().splitlines()) == (
            0,
            ["00:00:00.0  piece 0", "00:00:00.0  piece 1", "00:00:00.0  piece 2"],
        )
        assert "securetranscribe status 7" in error.decode()
        assert [len(data) for _, _, data in found.chunks] == [4000, 4000, 2000]
        first = found.firsts[0]
        assert (first["title"], first["language"]) == ("Call", "en")
        assert (first["sample_rate"], first["channel_count"]) == (8000, 1)


async def test_an_interrupt_finishes_while_the_pipe_is_open() -> None:
    async with server(handle) as found:
        process = await started(found, "-", "--json", "--sample-rate", "8000")
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(bytes(4000))
        await process.stdin.drain()
        kinds = []
        async with asyncio.timeout(_SECONDS):
            async for line in process.stdout:
                kinds.append(json.loads(line)["type"])
                if kinds[-1] == "final":
                    process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
        assert kinds[-2:] == ["final", "ended"]
        assert [one["chunk_count"] for one in found.finishes] == [1]


async def test_a_session_of_others_is_followed() -> None:
    async def said(socket: Any, _number: int) -> None:
        text = {"segment": 1, "text": "hello there", "start_time": 61.0}
        await tell(socket, "draft", **text)
        await tell(socket, "final", **text, sequence=1)
        await tell(socket, "ended", transcription_id=7)

    async with followed(said) as (url, _):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "securetranscribe.cli", "follow", "7"),
            env={**os.environ, "SECURETRANSCRIBE_URL": url, "SECURETRANSCRIBE_TOKEN": "token"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await process.communicate()
    assert (process.returncode, out.decode()) == (0, "00:01:01.0  hello there\n")
    assert "It is transcription 7." in error.decode()


async def test_bad_sound_is_refused_before_a_session_begins(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Some notes.")
    async with server(handle) as found:
        process = await started(found, str(path))
        _, error = await process.communicate()
        assert process.returncode == 2
        assert "none of WebM, Ogg or WAV" in error.decode()
        assert found.requests == []
