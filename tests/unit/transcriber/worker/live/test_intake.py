"""Sound of live streams from their bytes."""

import asyncio
import io

import av
import numpy as np
import pytest
from scipy import signal

from common.audio.resampling import Samples
from common.errors import ValidationError
from tests import live_recordings
from tests.unit.common.audio import sounds
from transcriber.worker.live.intake import SoundFormat, open_intake


class Listener:
    """Collects what an intake delivers."""

    def __init__(self, form: SoundFormat) -> None:
        self.sound: list[list[Samples]] = []
        self.errors: list[Exception] = []
        self.intake = open_intake(form, self.sound.append, self.room, self.errors.append)

    async def room(self) -> None:
        await asyncio.sleep(0)

    async def heard(self, samples: int) -> None:
        """Wait until more than so many samples have come."""
        async with asyncio.timeout(60):
            while sum(len(one[0]) for one in self.sound) <= samples:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)

    async def hear(self, *streams: bytes, size: int = 997) -> list[Samples]:
        """Send streams in small pieces. Return the sound of each channel."""
        for data in streams:
            for start in range(0, len(data), size):
                piece = data[start : start + size]
                await self.intake.push(piece, starts_stream=start == 0)
        await self.intake.finish()
        await asyncio.sleep(0)
        return [np.concatenate(parts) for parts in zip(*self.sound, strict=True)]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("dtype", ["<i2", "<f4"])
async def test_samples_are_resampled(rate: int, dtype: str) -> None:
    wave = sounds.noise(2.0, rate)
    data = (wave * (32767 if dtype == "<i2" else 1)).astype(dtype).tobytes()
    (found,) = await Listener(SoundFormat(dtype=dtype, rate=rate)).hear(data)
    expected = sounds.noise(2.0, 16_000)
    assert abs(len(found) - 32_000) < 50
    count = min(len(found), 32_000)
    assert np.corrcoef(found[:count], expected[:count])[0, 1] > 0.9


async def test_channels_are_mixed_or_parties() -> None:
    left = sounds.noise(1.0, 16_000)
    data = np.stack([left, -left], axis=1).astype("<f4").tobytes()
    mixed = SoundFormat(dtype="<f4", rate=16_000, channels=2)
    (found,) = await Listener(mixed).hear(data)
    assert np.abs(found).max() < 1e-6
    apart = SoundFormat(dtype="<f4", rate=16_000, channels=2, parties=2)
    one, other = await Listener(apart).hear(data)
    assert np.allclose(one, left, atol=1e-6)
    assert np.allclose(other, -left, atol=1e-6)


async def test_damaged_samples_become_sane() -> None:
    data = np.array([np.nan, np.inf, -np.inf, 7.0, 0.5], "<f4").tobytes()
    (found,) = await Listener(SoundFormat(dtype="<f4", rate=16_000)).hear(data)
    assert found.tolist() == [0.0, 1.0, -1.0, 1.0, 0.5]


@pytest.mark.parametrize(("name", "container"), [("webm", "WebM"), ("opus", "Ogg")])
async def test_containers_are_decoded_as_they_arrive(name: str, container: str) -> None:
    form = sounds.FORMATS[name]
    wave = sounds.noise(3.0, 48_000)
    data = sounds.encode(wave, form)
    (found,) = await Listener(SoundFormat(container=container)).hear(data)
    assert abs(len(found) - 48_000) < 1_000
    # The codec delays the sound by some milliseconds.
    expected = sounds.noise(3.0, 16_000)[1_000:-1_000]
    likeness = signal.correlate(found, expected, mode="valid") / np.square(expected).sum()
    assert likeness.max() > 0.8
    assert abs(int(likeness.argmax()) - 1_000) < 200


async def test_files_of_unknown_length_are_decoded() -> None:
    """Recorders of browsers write clusters whose length they do not know."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm", options={"live": "1"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        wave = sounds.noise(3.0, 48_000)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (found,) = await Listener(SoundFormat(container="WebM")).hear(buffer.getvalue())
    assert abs(len(found) - 48_000) < 1_000


@pytest.mark.parametrize("codec", ["aac", "libopus"])
async def test_fragments_of_mp4_are_decoded_as_they_arrive(codec: str) -> None:
    data = live_recordings.mp4(live_recordings.tone(3.0, 400), codec)
    listener = Listener(SoundFormat(container="MP4"))
    await listener.intake.push(data[: len(data) * 2 // 3], starts_stream=True)
    await listener.heard(16_000)
    listener.intake.close()
    (found,) = await Listener(SoundFormat(container="MP4")).hear(data, data)
    assert abs(len(found) - 96_000) < 2_000


async def test_a_recorder_that_starts_again_continues_the_sound() -> None:
    data = sounds.recording("webm", 2.0)
    (found,) = await Listener(SoundFormat(container="WebM")).hear(data, data)
    assert abs(len(found) - 64_000) < 2_000


async def test_sound_comes_before_the_stream_ends() -> None:
    listener = Listener(SoundFormat(container="WebM"))
    data = sounds.recording("webm", 10.0)
    await listener.intake.push(data[: len(data) // 2], starts_stream=True)
    await listener.heard(32_000)
    listener.intake.close()


@pytest.mark.parametrize("data", [b"\x1aE\xdf\xa3" + bytes(100_000), b"RIFF" * 1_000, b"x"])
async def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValidationError, match="WebM"):
        await Listener(SoundFormat(container="WebM")).hear(data)


async def test_an_error_is_reported_while_nothing_more_comes() -> None:
    listener = Listener(SoundFormat(container="WebM"))
    await listener.intake.push(b"no sound" * 10_000, starts_stream=True)
    async with asyncio.timeout(30):
        while not listener.errors:  # noqa: ASYNC110 - the listener has no event
            await asyncio.sleep(0.01)
    with pytest.raises(ValidationError):
        await listener.intake.finish()


async def test_other_codecs_are_refused() -> None:
    with pytest.raises(ValidationError, match="Opus"):
        await Listener(SoundFormat(container="WebM")).hear(sounds.recording("mka", 1.0))


async def test_a_closed_intake_leaves_no_thread_waiting() -> None:
    listener = Listener(SoundFormat(container="WebM"))
    await listener.intake.push(sounds.recording("webm", 1.0)[:500], starts_stream=True)
    stream = listener.intake._stream  # type: ignore[attr-defined]
    listener.intake.close()
    for _ in range(200):
        if stream._pipe.read(1) == b"":
            break
        await asyncio.sleep(0.01)
