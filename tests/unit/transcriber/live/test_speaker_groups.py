"""Speakers of a live session, with voices whose similarity is known."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from common.voices.values import Voice, unit
from transcriber.live.speaker_groups import SOLID, SpeakerGroups

LINK = 0.65
_PEOPLE = 8


def voice(person: int, *, seconds: float = 2.0, noise: float = 0.0, seed: int = 0) -> Voice:
    """Return the voice of a person. With noise of 0.7, the cosine to itself is about 0.8."""
    vector = np.zeros(192)
    vector[person] = 1.0
    spread = np.random.default_rng(seed).normal(size=192)
    return Voice(vector=unit(vector + noise * spread / np.linalg.norm(spread)), seconds=seconds)


def between(one: int, other: int, share: float, *, seconds: float = 2.0) -> Voice:
    """Return a voice with a cosine of `share` to one person."""
    mixed = share * voice(one).vector + np.sqrt(1 - share**2) * voice(other).vector
    return Voice(vector=unit(mixed), seconds=seconds)


def labels(people: Sequence[int], *, noise: float = 0.5) -> tuple[SpeakerGroups, dict[int, str]]:
    """Add one piece of speech per person. Return the labels by segment."""
    groups, found = SpeakerGroups(), dict[int, str]()
    for segment, person in enumerate(people):
        found |= groups.add([segment], voice(person, noise=noise, seed=segment), link=LINK)
    return groups, found


@given(st.lists(st.integers(0, _PEOPLE - 1), min_size=1, max_size=40))
def test_each_person_has_one_label(people: list[int]) -> None:
    _, found = labels(people)
    order = list(dict.fromkeys(people))
    assert [found[segment] for segment in range(len(people))] == [
        f"Speaker_{order.index(person) + 1}" for person in people
    ]


@given(st.lists(st.integers(0, _PEOPLE - 1), min_size=1, max_size=40), st.integers(1, 4))
def test_there_are_never_more_speakers_than_requested(people: list[int], most: int) -> None:
    groups = SpeakerGroups(most=most)
    for segment, person in enumerate(people):
        assert groups.add([segment], voice(person), link=LINK).get(segment)
    assert len(groups.speakers) <= most


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0.2, 4.0), st.booleans()), min_size=1, max_size=40
    ),
    st.floats(0.0, 2.0),
)
def test_every_segment_has_the_label_of_one_speaker(
    said: list[tuple[int, float, bool]], noise: float
) -> None:
    groups, found = SpeakerGroups(), dict[int, str]()
    for segment, (person, seconds, continues) in enumerate(said):
        heard = voice(person, seconds=seconds, noise=noise, seed=segment)
        found |= groups.add([segment], heard, link=LINK, continues=continues)
    kept = [segment for one in groups.speakers for segment in one.segments]
    assert len(kept) == len(set(kept))
    # Changes are complete: what a client was told is what the session holds.
    assert found == {segment: one.shown for one in groups.speakers for segment in one.segments}
    assert len({one.label for one in groups.speakers}) == len(groups.speakers)


def test_short_speech_begins_no_speaker() -> None:
    groups = SpeakerGroups()
    short = SOLID / 2
    assert groups.add([0], voice(0, seconds=short), link=LINK) == {}
    assert groups.add([1], voice(0), link=LINK) == {1: "Speaker_1"}
    assert groups.add([2], between(0, 1, 0.6, seconds=short), link=LINK) == {2: "Speaker_1"}
    assert groups.add([3], voice(1, seconds=short), link=LINK) == {}
    # It changes no voice either.
    assert groups.speakers[0].seconds == 2.0


def test_the_rest_of_an_utterance_belongs_to_its_speaker() -> None:
    groups = SpeakerGroups()
    groups.add([0], voice(0), link=LINK)
    assert groups.add([1], None, link=LINK, continues=True) == {1: "Speaker_1"}
    assert groups.add([2], None, link=LINK) == {}
    assert groups.add([3], None, link=LINK, continues=True) == {}


def test_a_change_of_speaker_within_an_utterance_is_seen() -> None:
    groups = SpeakerGroups()
    groups.add([0], voice(0), link=LINK)
    assert groups.add([1], voice(1), link=LINK, continues=True) == {1: "Speaker_2"}


def test_speakers_with_the_same_voice_are_joined() -> None:
    groups = SpeakerGroups()
    groups.add([0], between(0, 1, 0.95, seconds=4.0), link=LINK)
    assert groups.add([1], between(0, 1, 0.1, seconds=4.0), link=LINK) == {1: "Speaker_2"}
    changed = {}
    for segment in range(2, 12):
        changed = groups.add([segment], between(0, 1, 0.65, seconds=4.0), link=LINK)
        if len(groups.speakers) == 1:
            break
    assert len(groups.speakers) == 1
    assert changed == dict.fromkeys(range(segment + 1), "Speaker_1")


def test_known_voices_have_their_names() -> None:
    groups, _ = labels([0, 1, 0], noise=0.0)
    assert groups.name({"Speaker_1": "Anna"}) == {0: "Anna", 2: "Anna"}
    assert groups.name({"Speaker_1": "Anna"}) == {}
    assert groups.add([3], voice(0), link=LINK) == {3: "Anna"}
    # A name stays while nobody else has it.
    assert groups.name({}) == {}
    assert groups.name({"Speaker_2": "Anna"}) == {
        **dict.fromkeys([0, 2, 3], "Speaker_1"),
        1: "Anna",
    }


def test_two_names_are_never_joined() -> None:
    groups = SpeakerGroups()
    groups.add([0], between(0, 1, 0.95, seconds=4.0), link=LINK)
    groups.add([1], between(0, 1, 0.1, seconds=4.0), link=LINK)
    groups.name({"Speaker_1": "Anna", "Speaker_2": "Bob"})
    for segment in range(2, 12):
        groups.add([segment], between(0, 1, 0.7, seconds=4.0), link=LINK)
    assert len(groups.speakers) == 2


def test_parties_have_the_label_of_their_channel() -> None:
    groups = SpeakerGroups()
    assert groups.add_party(2, [0], voice(0)) == {0: "Speaker_2"}
    assert groups.add_party(1, [1, 2], voice(0)) == {1: "Speaker_1", 2: "Speaker_1"}
    assert groups.add_party(2, [3], None) == {3: "Speaker_2"}
    assert len(groups.speakers) == 2


def test_labels_of_an_earlier_process_stay_unused() -> None:
    groups = SpeakerGroups(taken=["Speaker_1", "Anna", "Speaker_3"])
    assert groups.add([9], voice(0), link=LINK) == {9: "Speaker_4"}
