"""Files of every kind of the corpus, as the embedded model understands them."""

from typing import TYPE_CHECKING

import pytest

from common.audio.signals import ChannelMode
from tests.recordings.case import Heard
from tests.recordings.corpus import CASES
from tests.recordings.reading import Reading
from tests.recordings.recognition import recognized
from tests.recordings.speech import share_of_words

if TYPE_CHECKING:
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine

#: Share of the words that the model must find. It mishears one now and then.
_SHARE = 0.75
#: Time stamps of words are less exact than sound, and first words are the least exact, in seconds.
_CLOCK = 0.6
#: Files of every table. Their sound was compared with the voice already, so these show that models
#: hear the same.
_FILES = (
    "u8.wav",
    "adpcm_ms.wav",
    "g722.wav",
    "rifx.wav",
    "s16.w64",
    "phone.amr",
    "switchboard.gsm",
    "aac.flv",
    "wavpack.wv",
    "dolby.ac3",
    "wmav2.wma",
    "aac.m4a",
    "opus.webm",
    "phone.mp4",
    "size_80000000.wav",
    "sound_behind.wav",
    "byte_rate_1.wav",
    "adpcm_rate_of_pcm.wav",
    "one_nan.wav",
    "float_as_16_bits.wav",
    "quiet.wav",
    "phone.mp3",
    "cut_2001.mp3",
    "cut_137.aac",
    "cut_100.ts",
    "zeros_60000.mp3",
    "joined.mp3",
    "chained_opus.ogg",
    "only_4_of_6.wav",
    "only_9_of_10.wav",
    "only_19_of_32.wav",
    "voice_on_lfe_5_1.wav",
    "antiphase.flac",
    "overlap_opus.ogg",
    "telephone_alaw.wav",
    "silent_first.mkv",
    "spatial_first.mov",
    "second_later.mkv",
    "late_4.mp4",
    "from_4.ogg",
    "gap.webm",
)


@pytest.mark.parametrize("name", _FILES)
def test_words_are_recognized_at_their_times(name: str, engine: "FasterWhisperEngine") -> None:
    reading = Reading(CASES[name])
    signals = [planned.signal for planned in reading.plan(ChannelMode.AUTO).signals]
    for signal, heard in zip(signals, reading.case.heard(ChannelMode.AUTO), strict=True):
        _assert_said(recognized(engine, reading.sound(signal)), heard)


def _assert_said(words: list[tuple[float, str]], heard: Heard) -> None:
    text = " ".join(word for _, word in words)
    expected = " ".join(said.utterance.words for said in heard)
    assert share_of_words(expected, text) >= _SHARE, text
    assert words[0][0] == pytest.approx(heard[0].first_word, abs=_CLOCK)
