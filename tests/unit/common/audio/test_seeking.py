"""Sound read from the middle of recordings that FFmpeg seeks by guess."""

import io

import numpy as np
import pytest

from common.audio.decoding import decode, read_window
from common.audio.kinds import AudioKind
from common.audio.resampling import SAMPLE_RATE
from tests.unit.common.audio import rare, sounds

SECONDS = 40.0


@pytest.mark.parametrize("kind", rare.ENCODED)
def test_window_of_a_longer_recording_is_where_it_is_in_the_whole(kind: AudioKind) -> None:
    container, codec, rate = rare.ENCODED[kind]
    is_amr = kind is AudioKind.AMR
    how = sounds.Format(
        kind=kind,
        container=container,
        codec=codec,
        rate=rate,
        extension="",
        layout="mono" if is_amr else "stereo",
        bit_rate=12_200 if is_amr else 128_000,
    )
    sound = sounds.noise(SECONDS, rate)
    # Codecs with a variable rate need little for the quiet half.
    sound[: len(sound) // 2] *= 0.01
    content = sounds.encode(sound, how)
    whole = np.concatenate(list(decode(io.BytesIO(content))))
    found = read_window(io.BytesIO(content), 31.3, 34.3)
    expected = whole[round(31.3 * SAMPLE_RATE) : round(34.3 * SAMPLE_RATE)]
    assert len(found) == len(expected)
    assert abs(sounds.lag(found, expected)) <= SAMPLE_RATE // 200
