"""Constructed recordings with one party per channel or track."""

from collections.abc import Iterator

import numpy as np

from bench.channels_case import Builder, Case, case
from bench.channels_codecs import JOINT, TELEPHONE, through, through_gsm
from bench.channels_rooms import Microphone, Point, Room, Samples
from bench.channels_sounds import (
    any_room,
    decibels,
    gated,
    in_room,
    in_rooms,
    leveled_slowly,
    song,
    speech_level,
    with_bleed,
    with_noise,
)
from bench.channels_voices import Conversations

#: Bleed of the lapel microphones, in decibels. With more, they are stereo of a room.
_MOST_BLEED = -12.0
_BLEED_KINDS = ("crosstalk", "room", "echo")


def calls(talk: Conversations) -> Iterator[Case]:
    """Yield telephone calls with bleed at several levels: flat, through a room, or late."""
    random = talk.random
    for bleed in (-12.0, -16.0, -20.0, -30.0, -40.0, None):
        for kind in _BLEED_KINDS:
            speech = in_rooms(talk.draw(2, random.uniform(20, 60)), random)
            sounds = with_bleed(speech, bleed, kind, random) if bleed else speech
            codec = str(random.choice([*TELEPHONE, "no codec"]))
            if codec in TELEPHONE:
                sounds = np.concatenate(
                    [through(sound[None], TELEPHONE[codec]) for sound in sounds]
                )
            sounds = with_noise(sounds, random, 25, 45)
            named = f"bleed {bleed:.0f} dB, {kind}" if bleed else "no bleed"
            yield case("calls", f"{named}, {codec}", sounds, 2)


def mobile_calls(talk: Conversations) -> Iterator[Case]:
    """Yield calls in GSM."""
    random = talk.random
    for bleed, kind in ((-13.0, "room"), (-22.0, "echo")):
        speech = in_rooms(talk.draw(2, 20), random)
        sounds = with_noise(with_bleed(speech, bleed, kind, random), random, 25, 45)
        name = f"bleed {bleed:.0f} dB, {kind}, GSM"
        yield case("calls", name, through_gsm(sounds), 2)


def joint_codecs(talk: Conversations) -> Iterator[Case]:
    """Yield calls in codecs for both channels together."""
    random = talk.random
    for name, codec in JOINT.items():
        bleed = float(random.uniform(-30, -12))
        sounds = with_bleed(in_rooms(talk.draw(2, 40), random), bleed, "room", random)
        coded = through(with_noise(sounds, random, 25, 45), codec)
        yield case("calls in joint codecs", f"{name}, bleed {bleed:.0f} dB", coded, 2)


def lapels(talk: Conversations) -> Iterator[Case]:
    """Yield interviews in one room, with a microphone on each person."""
    random = talk.random
    for count, near in ((2, 0.2), (2, 0.15), (2, 0.1), (2, 0.05), (3, 0.1), (4, 0.05), (6, 0.04)):
        bleed, room, places = 0.0, any_room(random), [(0.0, 0.0, 0.0)]
        while bleed > _MOST_BLEED:
            room = Room(size=(*random.uniform(4, 7, 2), 2.7), decay=random.uniform(0.2, 0.5))
            places = around(room, count, float(random.uniform(0.8, 1.5)), random)
            bleed = _bleed(room, places, near, random)
        speech = talk.draw(count, 20 * count)
        sounds = in_room(speech, places, _lapels(places, near), room, random)
        name = f"{count} people, {near} m, bleed {bleed:.0f} dB"
        yield case("lapel microphones", name, with_noise(sounds, random, 25, 40), count)


def _lapels(places: list[Point], near: float) -> list[Microphone]:
    return [Microphone(place=(x, y + near, z - 0.05)) for x, y, z in places]


def _bleed(room: Room, places: list[Point], near: float, random: np.random.Generator) -> float:
    """Return the level of people in the microphones of others, in decibels."""
    microphones = _lapels(places, near)
    power = np.array(
        [
            [np.sum(room.response(place, microphone, random) ** 2) for microphone in microphones]
            for place in places
        ]
    )
    own = np.diag(power).copy()
    np.fill_diagonal(power, 0)
    return float(10 * np.log10((power / own[:, None]).max()))


def around(room: Room, count: int, radius: float, random: np.random.Generator) -> list[Point]:
    """Return places of people around a table."""
    turn = random.uniform(0, 2 * np.pi)
    x, y, _ = room.size
    return [
        (x / 2 + radius * float(np.cos(a + turn)), y / 2 + radius * float(np.sin(a + turn)), 1.2)
        for a in np.arange(count) * 2 * np.pi / count
    ]


def overlapping(talk: Conversations) -> Iterator[Case]:
    """Yield two parties at once, or nearly so."""
    random = talk.random
    for bleed in (None, -30.0, -20.0, -13.0):
        for name, speech in (
            ("7 s", talk.at_once(2, 7)),
            ("30 s", talk.at_once(2, 30)),
            ("much overlap", talk.draw(2, 40, overlap=3.0)),
        ):
            kind = str(random.choice(_BLEED_KINDS))
            sounds = with_bleed(speech, bleed, kind, random) if bleed else speech
            named = f"{name}, bleed {bleed:.0f} dB" if bleed else f"{name}, no bleed"
            yield case("both at once", named, sounds, 2)


def unequal(talk: Conversations) -> Iterator[Case]:
    """Yield parties of whom one says little, is recorded at a lower level, or both."""
    random = talk.random
    for share, gain, seconds in (
        (0.02, 0, 200),
        (0.03, 0, 60),
        (0.06, 0, 60),
        (0.1, -10, 60),
        (0.5, -10, 60),
        (0.5, -20, 60),
        (0.3, -30, 60),
    ):
        bleed = float(random.uniform(-30, -12))
        speech = talk.draw(2, seconds, shares=(1 - share, share))
        sounds = with_bleed(in_rooms(speech, random), bleed, "room", random)
        sounds = with_noise(sounds, random, 25, 45)
        sounds[1] *= decibels(gain)
        name = f"{share:.0%} of turns in {seconds} s, {gain} dB, bleed {bleed:.0f} dB"
        yield case("unequal parties", name, sounds, 2)


def short(talk: Conversations) -> Iterator[Case]:
    """Yield calls of a few seconds."""
    random = talk.random
    for seconds in (5, 8, 12):
        bleed = float(random.uniform(-30, -12))
        speech = talk.draw(2, seconds)
        sounds = with_bleed(in_rooms(speech, random), bleed, "room", random)
        name = f"{seconds} s, bleed {bleed:.0f} dB"
        yield case("short calls", name, with_noise(sounds, random, 25, 45), 2)


def noisy(talk: Conversations) -> Iterator[Case]:
    """Yield calls with noise on one or both channels, with gates, and with automatic gain."""
    random = talk.random
    for ratio in (8, 12, 18):
        bleed = float(random.uniform(-25, -13))
        speech = with_bleed(talk.draw(2, 40), bleed, "room", random)
        sounds = with_noise(speech, random, ratio, ratio)
        name = f"{ratio} dB below speech, bleed {bleed:.0f} dB"
        yield case("noisy calls", f"noise {name}", sounds, 2)
        one = np.concatenate([with_noise(speech[:1], random, ratio, ratio), speech[1:]])
        yield case("noisy calls", f"noise on one side {name}", one, 2)
    for bleed in (-30.0, -15.0):
        speech = with_bleed(talk.draw(2, 40), bleed, "room", random)
        sounds = np.stack([gated(sound) for sound in speech])
        yield case("noisy calls", f"gates, bleed {bleed:.0f} dB", sounds, 2)
    speech = with_bleed(talk.draw(2, 40), -25, "room", random)
    sounds = np.stack([leveled_slowly(sound) for sound in speech])
    sounds = with_noise(sounds, random, 30, 40)
    yield case("noisy calls", "automatic gain, bleed -25 dB", sounds, 2)


def tracks(talk: Conversations) -> Iterator[Case]:
    """Yield files of several tracks, such as a microphone and the sound of a computer."""
    random = talk.random

    def several(name: str, sounds: list[Samples], *counts: int) -> Case:
        coded = [through(sound[None], JOINT["AAC 128"])[0] for sound in sounds]
        return case("tracks", name, np.stack(coded), 2, tracks=counts)

    one, two = talk.draw(2, 40)
    yield several("two mono tracks", [one, two], 1, 1)
    yield several("two stereo tracks", [one, one, two, two], 2, 2)
    room = any_room(random)
    x, y = room.size[0] / 2, room.size[1] / 2
    pair = [Microphone(place=(x + side, y, 1.0)) for side in (-0.1, 0.1)]
    wide = in_room(two[None], [(x + 0.5, y + 0.8, 1.3)], pair, room, random)
    yield several("a microphone, and stereo of a room", [one, *wide], 1, 2)
    both = one + two
    yield several("a sum, a microphone, a computer", [both, both, one, one, two, two], 2, 2, 2)
    music = song(random, 40, voice=None) * speech_level(one) * 2
    yield several("a microphone, and music", [one, *music], 1, 2)


PARTIES: tuple[Builder, ...] = (
    calls,
    mobile_calls,
    joint_codecs,
    lapels,
    overlapping,
    unequal,
    short,
    noisy,
    tracks,
)
