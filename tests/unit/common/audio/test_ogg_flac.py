"""Beginning of FLAC in Ogg files, by their pages."""

import io
import random

import pytest

from common.audio.ogg_flac import flac_begin
from tests.unit.common.audio import sounds
from tests.unit.common.audio.test_extent import encode


@pytest.mark.parametrize("begins", [0.0, 2.0, 30.0])
def test_beginning_is_read_from_the_pages(begins: float) -> None:
    data = encode("ogg", "flac", 44_100, begins=begins)
    assert flac_begin(io.BytesIO(data)) == pytest.approx(begins, abs=0.15)


@pytest.mark.parametrize("data", [b"", b"OggS", sounds.recording("opus", 0.5), b"RIFF" * 100])
def test_other_files_begin_at_zero(data: bytes) -> None:
    assert flac_begin(io.BytesIO(data)) == 0


def test_damaged_pages_do_no_harm() -> None:
    whole = encode("ogg", "flac", 44_100, seconds=1.0, begins=2.0)
    dice = random.Random(1)
    for _ in range(200):
        data = bytearray(whole[: dice.randrange(1, len(whole))])
        for _ in range(dice.randrange(10)):
            data[dice.randrange(min(len(data), 300))] = dice.randrange(256)
        assert flac_begin(io.BytesIO(data)) >= 0
