"""Constructed recordings with the same people on all channels or tracks."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.channels_case import Builder, Case, case
from bench.channels_codecs import JOINT, TELEPHONE, through
from bench.channels_parties import around
from bench.channels_rooms import Microphone, Samples
from bench.channels_sounds import (
    any_room,
    decibels,
    delayed,
    gated,
    high_passed,
    in_room,
    in_rooms,
    leveled_slowly,
    low_passed,
    song,
    with_bleed,
    with_dropouts,
    with_noise,
    with_rustle,
)
from bench.channels_voices import Conversations

_CODECS = (
    ("G.711 mu-law", None),
    ("AMR-NB 4.75", None),
    ("Opus 8", "MP3 16"),
    ("AMR-NB 12.2", "G.722"),
    ("AMR-NB 4.75", "Opus 8"),
)
#: Name, spacing in meters, angle of each microphone in degrees, and directivity.
_PAIRS = (
    ("XY 90", 0.0, 45, 0.5),
    ("XY 120", 0.0, 60, 0.5),
    ("ORTF", 0.17, 55, 0.5),
    ("crossed eights", 0.0, 45, 0.0),
    ("hypercardioids", 0.0, 45, 0.25),
)


def _one(talk: Conversations) -> Samples:
    """Return one to three people on one channel."""
    people = int(talk.random.integers(1, 4))
    return np.asarray(in_rooms(talk.draw(people, 40), talk.random).sum(axis=0))


def _twice(talk: Conversations) -> Samples:
    return np.stack([_one(talk)] * 2)


def noisy_mono(talk: Conversations) -> Iterator[Case]:
    """Yield one sound on two channels, equal or with noise."""
    random = talk.random
    yield case("dual mono", "equal", _twice(talk), 1)
    for ratio in (-3, 0, 5, 10, 20, 30):
        sounds = with_noise(_twice(talk), random, ratio, ratio)
        yield case("dual mono", f"noise {ratio} dB below speech", sounds, 1)
        first, second = _twice(talk)
        sounds = np.stack([first, with_noise(second[None], random, ratio, ratio)[0]])
        yield case("dual mono", f"noise on one side {ratio} dB below speech", sounds, 1)


def changed_mono(talk: Conversations) -> Iterator[Case]:
    """Yield one sound on two channels, with a delay, another level, or inverted."""
    random = talk.random
    for milliseconds in (0.3, 3, 15, 30, 60, 150, 400):
        first, second = _twice(talk)
        sounds = np.stack([first, delayed(second, milliseconds / 1000)])
        sounds = with_noise(sounds, random, 25, 40)
        yield case("dual mono", f"delay of {milliseconds} ms", sounds, 1)
    for gain in (-6, -15, -25, -40):
        sounds = with_noise(_twice(talk), random, 20, 40)
        sounds[int(random.integers(2))] *= decibels(gain) * float(random.choice([-1, 1]))
        yield case("dual mono", f"{gain} dB on one side", sounds, 1)
    sounds = with_noise(_twice(talk) * np.array([[1], [-1]], dtype="f4"), random, 20, 40)
    yield case("dual mono", "one side inverted", sounds, 1)
    first, second = _twice(talk)
    for name, other in (
        ("gate", gated(with_noise(second[None], random, 15, 25)[0])),
        ("automatic gain", leveled_slowly(second)),
        ("high-pass", high_passed(second, 1500)),
        ("low-pass", low_passed(second, 1000)),
    ):
        yield case("dual mono", f"{name} on one side", np.stack([first, other]), 1)
    for channels in ((0,), (0, 1)):
        sounds = with_dropouts(_twice(talk), random, channels, float(random.uniform(0.5, 2)))
        name = f"dropouts on {len(channels)} sides"
        yield case("dual mono", name, with_noise(sounds, random, 25, 40), 1)


def coded_mono(talk: Conversations) -> Iterator[Case]:
    """Yield one sound on two channels in different codecs, and in codecs for both."""
    for names in _CODECS:
        sound = _one(talk)
        sides = [through(sound[None], TELEPHONE[name])[0] if name else sound for name in names]
        named = " and ".join(name or "no codec" for name in names)
        yield case("dual mono", named, np.stack(sides), 1)
    for name in ("MP3 32", "Opus 24", "AAC 48"):
        sounds = through(with_noise(_twice(talk), talk.random, 15, 30), JOINT[name])
        yield case("dual mono", f"{name} for both", sounds, 1)


def pairs(talk: Conversations) -> Iterator[Case]:
    """Yield rooms recorded by the two microphones of one recorder."""
    random = talk.random
    for spacing in (0.02, 0.15, 0.4, 0.8, 1.2):
        for people in (1, 2, 3):
            sounds = recorded(talk, people, spacing=spacing)
            name = f"{spacing} m apart, {people} people"
            yield case("room stereo", name, with_noise(sounds, random, 15, 40), 1)
    for kind, spacing, angle, pattern in _PAIRS:
        for side in (30, 60, 90):
            sounds = recorded(
                talk, 2, spacing=spacing, angle=angle, pattern=pattern, sides=(side, -side)
            )
            name = f"{kind}, people at {side} degrees"
            yield case("room stereo", name, with_noise(sounds, random, 20, 40), 1)
    for name, codec in JOINT.items():
        sounds = recorded(talk, 2, spacing=float(random.uniform(0.1, 0.8)))
        coded = through(with_noise(sounds, random, 20, 40), codec)
        yield case("room stereo", f"in {name}", coded, 1)
    for spacing in (0.15, 0.8):
        sounds = with_rustle(recorded(talk, 2, spacing=spacing), random)
        yield case("room stereo", f"{spacing} m apart, with rustle", sounds, 1)


def recorded(
    talk: Conversations,
    people: int,
    *,
    spacing: float,
    angle: float = 0.0,
    pattern: float = 1.0,
    sides: Sequence[float] | None = None,
) -> Samples:
    """Return people 0.6 to 2 m from a pair of microphones. `sides` are their directions."""
    random = talk.random
    room = any_room(random)
    x, y = room.size[0] / 2, room.size[1] / 2
    pair = [
        Microphone(place=(x, y + sign * spacing / 2, 1.0), azimuth=sign * angle, pattern=pattern)
        for sign in (1, -1)
    ]
    places = []
    for number in range(people):
        side = np.radians(sides[number] if sides else random.uniform(-90, 90))
        distance = float(random.uniform(0.6, min(2.0, min(x, y) - 0.2)))
        places.append((x + distance * np.cos(side), y + distance * np.sin(side), 1.2))
    return in_room(talk.draw(people, 40), places, pair, room, random)


def tables(talk: Conversations) -> Iterator[Case]:
    """Yield people around a table, and one person nearer to one microphone."""
    random = talk.random
    for people in (2, 4, 5, 6):
        for spacing in (0.3, 0.8):
            room = any_room(random)
            places = around(room, people, float(random.uniform(0.8, 1.3)), random)
            x, y = room.size[0] / 2, room.size[1] / 2
            pair = [Microphone(place=(x + s * spacing / 2, y, 1.0)) for s in (-1, 1)]
            sounds = in_room(talk.draw(people, 15 * people), places, pair, room, random)
            name = f"{people} people, {spacing} m apart"
            yield case("tables", name, with_noise(sounds, random, 15, 35), 1)
    for near in (0.3, 0.4, 0.6):
        for spacing in (0.2, 0.5, 0.8):
            room = any_room(random)
            x, y = room.size[0] / 2, room.size[1] / 2
            pair = [Microphone(place=(x + s * spacing / 2, y, 1.0)) for s in (-1, 1)]
            places = [(x - spacing / 2, y + near, 1.2), (x + 0.4, y - 1.4, 1.2)]
            sounds = in_room(talk.draw(2, 40), places, pair, room, random)
            name = f"one person at {near} m, {spacing} m apart"
            yield case("tables", name, with_noise(sounds, random, 20, 40), 1)


def music(talk: Conversations) -> Iterator[Case]:
    """Yield songs with and without a voice, and voices placed by a mixer."""
    random = talk.random
    for width in (0.3, 0.7, 1.0):
        sounds = song(random, 30, voice=None, width=width)
        yield case("music", f"width {width}", sounds, 1)
        sounds = song(random, 30, voice=talk.draw(1, 30)[0], width=width)
        yield case("music", f"width {width}, with a voice", sounds, 1)
    for pan in (0.2, 0.4):
        one, two = talk.draw(2, 40)
        sounds = np.stack([one * (1 + pan) + two * (1 - pan), one * (1 - pan) + two * (1 + pan)])
        yield case("music", f"two voices, panned by {pan}", sounds, 1)
    bed = song(random, 40, voice=None, width=1.0) * 0.3
    yield case("music", "talk over music", talk.draw(2, 40).sum(axis=0) + bed, 1)


def one_party(talk: Conversations) -> Iterator[Case]:
    """Yield calls with a silent party."""
    random = talk.random
    for bleed in (-15.0, -30.0):
        speech = in_rooms(talk.draw(1, 40), random)
        both = np.concatenate([speech, speech * 1e-4])
        sounds = with_noise(with_bleed(both, bleed, "echo", random), random, 20, 40)
        yield case("one party only", f"echo at {bleed:.0f} dB", sounds, 1)
    speech = in_rooms(talk.draw(1, 40), random)
    noise = with_noise(speech, random, 10, 30) - speech
    yield case("one party only", "noise on the other side", np.concatenate([speech, noise]), 1)


def many(talk: Conversations) -> Iterator[Case]:
    """Yield more than two channels of one room, and a film."""
    random = talk.random
    room = any_room(random)
    x, y = room.size[0] / 2, room.size[1] / 2
    places = around(room, 4, 1.0, random)
    speech = talk.draw(4, 60)
    ring = [
        Microphone(place=(x + 0.05 * float(np.cos(a)), y + 0.05 * float(np.sin(a)), 1.0))
        for a in np.arange(6) * np.pi / 3
    ]
    eights = [
        Microphone(place=(x, y, 1.0)),
        *(Microphone(place=(x, y, 1.0), azimuth=a, pattern=0.0) for a in (0, 90)),
    ]
    for name, microphones in (("6 microphones in a ring", ring), ("ambisonics", eights)):
        sounds = in_room(speech, places, microphones, room, random)
        yield case("many channels", name, with_noise(sounds, random, 20, 40), 1)
    left, right = song(random, 60, voice=None)
    rumble = low_passed(random.standard_normal(len(left)), 90)
    film = np.stack([left, right, talk.draw(2, 60).sum(axis=0), rumble, left / 2, right / 2])
    yield case("many channels", "film", film, 1, lfe=(3,))


def copied_tracks(talk: Conversations) -> Iterator[Case]:
    """Yield tracks with the sound of others."""
    one, two = talk.draw(2, 40)
    both = one + two
    for name, sounds, counts in (
        ("everything, and a microphone", [both, both, one, one], (2, 2)),
        ("everything louder, and a microphone", [one + 3 * two, one], (1, 1)),
        ("everything twice", [both, both], (1, 1)),
    ):
        coded = [through(sound[None], JOINT["AAC 128"])[0] for sound in sounds]
        yield case("copied tracks", name, np.stack(coded), 1, tracks=counts)


SHARED: tuple[Builder, ...] = (
    noisy_mono,
    changed_mono,
    coded_mono,
    pairs,
    tables,
    music,
    one_party,
    many,
    copied_tracks,
)
