"""Beginnings of files sound like the whole ones, or are not used."""

import io

import pytest

from common.audio.probe import probe
from common.audio.signals import ChannelMode, Sound, Span
from tests.unit.common.audio.sounds import recording
from transcriber.recordings.beginning import (
    NEEDED_SECONDS,
    heard_in,
    seconds_in,
    sound_of_part,
)

LENGTH = 100.0


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus", "aac", "webm", "mka", "amr"])
def test_a_beginning_sounds_like_the_whole(name: str) -> None:
    whole = recording(name, LENGTH)
    short, enough = whole[: len(whole) * 4 // 10], whole[: len(whole) * 8 // 10]
    assert 30.0 < seconds_in(short) < NEEDED_SECONDS
    assert seconds_in(enough) >= NEEDED_SECONDS
    heard = heard_in(enough, ChannelMode.AUTO)
    assert heard is not None
    assert len(heard.signals) == 1
    assert heard.sound == sound_of_part(io.BytesIO(whole), heard.signals)
    # Recognizers divide what they hear by its length.
    lengths = {
        probe(Sound(file=io.BytesIO(data), span=Span(end=64.0)), allow_truncated=True).duration
        for data in (enough, whole)
    }
    assert len(lengths) == 1


def test_a_file_with_its_index_at_the_end_cannot_be_read_from_the_front() -> None:
    whole = recording("m4a", LENGTH)
    assert seconds_in(whole[: len(whole) * 9 // 10]) == 0.0
    assert heard_in(whole[: len(whole) * 9 // 10], ChannelMode.AUTO) is None


def test_another_sound_has_another_digest() -> None:
    whole = recording("wav", LENGTH)
    heard = heard_in(whole[: len(whole) * 8 // 10], ChannelMode.AUTO)
    assert heard is not None
    place = len(whole) * 3 // 10
    changed = whole[:place] + bytes(2000) + whole[place + 2000 :]
    assert sound_of_part(io.BytesIO(changed), heard.signals) != heard.sound


@pytest.mark.parametrize("data", [b"", b"no sound at all" * 1000, bytes(300_000)])
def test_other_bytes_have_no_sound(data: bytes) -> None:
    assert seconds_in(data) == 0.0
    assert heard_in(data, ChannelMode.AUTO) is None
