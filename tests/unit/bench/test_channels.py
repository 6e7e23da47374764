import itertools

import numpy as np
import pytest

from bench.channels import Decision, decide, summary, table
from bench.channels_case import Builder, case
from bench.channels_codecs import JOINT, TELEPHONE, through
from bench.channels_files import write
from bench.channels_parties import calls, lapels, noisy, overlapping, tracks
from bench.channels_rooms import SAMPLE_RATE, Microphone, Room
from bench.channels_shared import changed_mono, many, music, noisy_mono, pairs
from bench.channels_sounds import delayed, gated
from bench.channels_voices import Conversations, load
from common.audio.decoding import read_window

VOICES = load(None)
#: How many recordings of each kind are examined here.
_SOME = (
    (calls, 3),
    (lapels, 2),
    (overlapping, 2),
    (noisy, 1),
    (tracks, 1),
    (noisy_mono, 4),
    (changed_mono, 4),
    (pairs, 2),
    (music, 1),
    (many, 1),
)


@pytest.mark.parametrize(
    ("builder", "count"), _SOME, ids=lambda value: getattr(value, "__name__", "")
)
def test_decisions_are_right(builder: Builder, count: int) -> None:
    talk = Conversations(VOICES, np.random.default_rng(1))
    for each in itertools.islice(builder(talk), count):
        decision = decide(each, "first")
        assert decision.right, (decision.name, decision.reason)


def test_same_seed_gives_the_same_recording() -> None:
    first, second = (
        next(calls(Conversations(VOICES, np.random.default_rng(7)))).sounds for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_room_delays_attenuates_and_decays() -> None:
    room = Room(size=(9, 7, 5), decay=0.4)
    random = np.random.default_rng(1)
    near, far = (
        room.response((3.1, 2.3, 1.7), Microphone(place=(3.1 + distance, 2.3, 1.7)), random)
        for distance in (0.5, 2.0)
    )
    assert np.argmax(near) == round(0.5 / 343 * SAMPLE_RATE)
    assert np.argmax(far) == round(2.0 / 343 * SAMPLE_RATE)
    assert near.max() / far.max() == pytest.approx(4, rel=0.2)
    energy = np.cumsum(near[::-1] ** 2)[::-1]
    assert energy[int(0.4 * SAMPLE_RATE) - 1] < 1e-5 * energy[0]


def test_cardioid_is_deaf_to_its_back() -> None:
    room = Room(size=(20, 20, 20), decay=0.2)
    random = np.random.default_rng(1)
    front, back = (
        room.response(
            (11, 10, 10), Microphone(place=(10, 10, 10), azimuth=turn, pattern=0.5), random
        )
        for turn in (0, 180)
    )
    assert front.max() > 20 * back[: int(0.01 * SAMPLE_RATE)].max()


@pytest.mark.parametrize("name", [*TELEPHONE, *JOINT])
def test_codecs_keep_place_and_length(name: str) -> None:
    codec = (TELEPHONE | JOINT)[name]
    speech = Conversations(VOICES, np.random.default_rng(2)).draw(1 if name in TELEPHONE else 2, 4)
    coded = through(speech, codec)
    assert coded.shape == speech.shape
    for before, after in zip(speech, coded, strict=True):
        assert np.corrcoef(before, after)[0, 1] > 0.6


def test_files_hold_all_tracks() -> None:
    sounds = Conversations(VOICES, np.random.default_rng(3)).draw(3, 4)
    several = case("", "", sounds, 2, tracks=(1, 2))
    single = read_window(write(several), 0, 10)
    assert np.abs(single - sounds[0]).max() < 1e-3
    flac = read_window(write(case("", "", sounds, 3)), 0, 10)
    assert np.abs(flac - sounds.mean(axis=0)).max() < 1e-3


def test_delay_and_gate() -> None:
    sound = Conversations(VOICES, np.random.default_rng(4)).draw(1, 6)[0]
    late = delayed(sound, 0.01)
    assert np.allclose(late[160:], sound[:-160], atol=1e-6)
    assert np.mean(gated(sound) == 0) > 0.05


def test_conversations_give_everybody_a_turn() -> None:
    talk = Conversations(VOICES, np.random.default_rng(5))
    speech = talk.draw(4, 20, shares=(0.97, 0.01, 0.01, 0.01))
    assert (np.abs(speech).max(axis=1) > 0.01).all()


def test_report_counts_both_halves() -> None:
    rows = [
        Decision(
            half=half,
            family="calls",
            name="",
            wanted=wanted,
            signals=signals,
            reason="",
            seconds=10.0,
            cpu=0.02,
        )
        for half, wanted, signals in (("first", 2, 2), ("first", 2, 1), ("second", 1, 2))
    ]
    assert "| calls | 1 of 3 | 1 of 2 | 0 of 1 | 1 to 2 |" in table(rows)
    text = summary(rows)
    assert "first half: 1 of 2 recordings with parties of their own were separated, 0 of 0" in text
    assert "1 of 1 others split" in text
    assert "0.20% of real time" in text
