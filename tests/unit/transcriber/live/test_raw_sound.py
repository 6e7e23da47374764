"""Sound without a container, as a WAV file."""

import io
import wave

import numpy as np
import pytest

from common.audio.probe import probe
from common.errors import ValidationError
from transcriber.domain.live import LiveEncoding, LiveSound
from transcriber.live import raw_sound

PCM = LiveSound(encoding=LiveEncoding.LINEAR16, sample_rate=16_000, channels=2)
FLOAT = LiveSound(encoding=LiveEncoding.FLOAT32, sample_rate=48_000, channels=1)
WEBM = LiveSound(encoding=LiveEncoding.WEBM_OPUS, sample_rate=0, channels=1)


@pytest.mark.parametrize("sound", [PCM, FLOAT])
def test_chunks_are_a_readable_file(sound: LiveSound) -> None:
    dtype = "<i2" if sound is PCM else "<f4"
    samples = np.zeros(sound.sample_rate * sound.channels, dtype).tobytes()

    file = b"".join(raw_sound.stored(sound, number, samples) for number in range(3))

    found = probe(io.BytesIO(file), allow_truncated=True)
    assert found.duration == pytest.approx(3.0, abs=0.01)
    assert (found.sample_rate, found.channels) == (sound.sample_rate, sound.channels)


def test_header_has_the_form() -> None:
    header = raw_sound.header(PCM)
    assert len(header) == raw_sound.HEADER_BYTES
    closed = header[:4] + (36).to_bytes(4, "little") + header[8:40] + (0).to_bytes(4, "little")
    with wave.open(io.BytesIO(closed)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16_000)


def test_received_inverts_stored() -> None:
    for sound in (PCM, FLOAT, WEBM):
        for number in (0, 1):
            assert raw_sound.received(sound, number, raw_sound.stored(sound, number, b"abcd")) == (
                b"abcd"
            )
    assert raw_sound.stored(WEBM, 0, b"abc") == b"abc"


def test_cut_samples_are_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        raw_sound.stored(PCM, 1, b"abcdef")
    assert "multiple of 4 bytes" in caught.value.message


@pytest.mark.parametrize(
    ("sound", "number", "claimed", "begins"),
    [(PCM, 0, False, True), (PCM, 3, True, False), (WEBM, 3, True, True), (WEBM, 3, False, False)],
)
def test_streams(sound: LiveSound, number: int, *, claimed: bool, begins: bool) -> None:
    assert raw_sound.begins_stream(sound, number, claimed=claimed) is begins
