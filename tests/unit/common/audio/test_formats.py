"""The table of formats, compared with FFmpeg."""

import io
import math
import random

import numpy as np
import pytest
from av.codec import Codec
from av.format import ContainerFormat

from common.audio.decoding import decode, read_window
from common.audio.errors import AudioError
from common.audio.formats import (
    FORMATS,
    Format,
    extension_of,
    format_of_kind,
    is_refused_name,
)
from common.audio.kinds import AudioKind
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE
from tests.unit.common.audio import rare, sounds


def test_every_kind_has_a_row() -> None:
    assert sorted(form.kind for form in FORMATS) == sorted(AudioKind)
    assert all(format_of_kind(kind).kind is kind for kind in AudioKind)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
def test_every_demuxer_is_there(form: Format) -> None:
    assert ContainerFormat(form.demuxer, "r").is_input


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
def test_every_format_is_recognized_in_one_way(form: Format) -> None:
    assert (form.signature is None) != (form.sync is None)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.MP3", "mp3"),
        ("C:\\recordings\\a.wav", "wav"),
        ("a.b/meeting", ""),
        (".mp3", ""),
        ("meeting.", ""),
        ("a.tar.gz", "gz"),
    ],
)
def test_extension_is_in_lower_case(name: str, wanted: str) -> None:
    assert extension_of(name) == wanted


@pytest.mark.parametrize(
    "name", ["a.exe", "a.mp3.html", "C:\\recordings\\a.ZIP", "a.tar.gz", "a.js", "a.svg", "a.iso"]
)
def test_programs_scripts_and_archives_are_refused_by_name(name: str) -> None:
    assert is_refused_name(name)


@pytest.mark.parametrize(
    "name",
    ["a.mp3", "a.pdf", "a.docx", "meeting", "meeting.", ".mp3", "meeting.2024-11-03", "v1.final"],
)
def test_other_names_are_taken(name: str) -> None:
    assert not is_refused_name(name)


def test_no_extension_is_refused() -> None:
    for form in FORMATS:
        for extension in form.extensions:
            assert not is_refused_name(f"a.{extension}")


@pytest.mark.parametrize("kind", [*rare.ENCODED, *rare.BUILT])
def test_one_file_of_each_format_is_read(kind: AudioKind) -> None:
    data = rare.recording(kind)
    info = probe(io.BytesIO(data))
    assert info.kind is kind
    assert info.duration == pytest.approx(rare.SECONDS, abs=0.2)
    sound = np.concatenate(list(decode(io.BytesIO(data))))
    assert len(sound) / SAMPLE_RATE == pytest.approx(info.duration, abs=0.05)
    assert sound.std() > 0.01
    if kind in rare.FAITHFUL:
        times = np.arange(len(sound)) / SAMPLE_RATE
        _, _, rate = rare.ENCODED.get(kind, ("", "", 44_100))
        noise = sounds.noise(rare.SECONDS, rate)
        expected = np.interp(times, np.arange(len(noise)) / rate, noise).astype(np.float32)
        lag = sounds.lag(sound, expected)
        assert 0 <= lag < 1_200
        heard = sound[lag:][: len(sound) - 1_200]
        assert np.corrcoef(heard, expected[: len(heard)])[0, 1] > (
            0.4 if kind is AudioKind.AMR else 0.8
        )


def test_formats_that_nothing_writes_have_decoders() -> None:
    for decoder in rare.UNWRITTEN.values():
        assert Codec(decoder, "r").type == "audio"
    known = {*rare.ENCODED, *rare.BUILT, *rare.UNWRITTEN}
    assert known == set(AudioKind)


@pytest.mark.parametrize("kind", [*rare.ENCODED, *rare.BUILT])
def test_damage_raises_audio_errors_only(kind: AudioKind) -> None:
    whole = rare.recording(kind)[:60_000]
    dice = random.Random(kind)
    for _ in range(6):
        data = bytearray(whole)
        damage = dice.choice(("header", "anywhere", "hole", "end"))
        if damage == "end":
            del data[dice.randrange(len(data)) :]
        elif damage == "hole":
            at = dice.randrange(len(data))
            del data[at : at + dice.randrange(1, 5_000)]
        else:
            reach = min(600, len(data)) if damage == "header" else len(data)
            for _ in range(dice.randrange(1, 60)):
                data[dice.randrange(reach)] = dice.randrange(256)
        try:
            info = probe(io.BytesIO(data), allow_truncated=True)
            assert math.isfinite(info.duration)
            read_window(io.BytesIO(data), 0.7, 1.5)
        except AudioError:
            pass
