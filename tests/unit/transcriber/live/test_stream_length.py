"""Length of the sound of media streams."""

import io
import time

import pytest

from tests.live_recordings import mp4, tone, webm
from transcriber.captures.streams import StreamFile
from transcriber.live.stream_length import sound_seconds
from transcriber.store.captures import Chunk


@pytest.mark.parametrize("gap", [0.0, 60.0])
def test_gaps_do_not_count(gap: float) -> None:
    recording = webm(tone(2.0, 400), gap=gap)

    assert sound_seconds(io.BytesIO(recording)) == pytest.approx(2.0, abs=0.002)


@pytest.mark.parametrize("codec", ["aac", "libopus"])
def test_fragments_of_mp4(codec: str) -> None:
    recording = mp4(tone(2.0, 400), codec)

    assert sound_seconds(io.BytesIO(recording)) == pytest.approx(2.0, abs=0.06)
    assert sound_seconds(io.BytesIO(recording[: len(recording) * 2 // 3])) > 0.8


def test_broken_streams_have_the_length_of_the_rest() -> None:
    recording = webm(tone(2.0, 400))

    assert sound_seconds(io.BytesIO(recording[:-1_000])) == pytest.approx(1.9, abs=0.1)
    assert sound_seconds(io.BytesIO(b"no sound at all" * 100)) == 0.0


def test_time_is_limited() -> None:
    recording = webm(tone(2.0, 400))
    chunk = Chunk(number=0, starts_stream=True, size=len(recording), sha256=b"", key="0")
    file = StreamFile([chunk], lambda _chunk: recording, until=time.monotonic() - 1)

    with pytest.raises(TimeoutError):
        sound_seconds(file)
