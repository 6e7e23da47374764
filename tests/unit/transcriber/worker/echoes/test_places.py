"""Places of words in a signal."""

from dataclasses import replace

from tests.unit.transcriber.worker.calls import recognized
from transcriber.worker.echoes.places import places, runs


def test_places_are_in_order_of_time() -> None:
    found = places([recognized("c d", 2.0, 4.0), recognized("a b", 0.0, 2.0)])
    assert [(place.word.text, place.segment, place.number) for place in found] == [
        ("a", 1, 0),
        ("b", 1, 1),
        ("c", 0, 0),
        ("d", 0, 1),
    ]
    assert [(place.first, place.last, place.start) for place in found[:2]] == [
        (0, 100, 0.0),
        (100, 200, 0.0),
    ]


def test_word_without_a_length_has_some_frames() -> None:
    said = recognized("a", 1.0, 2.0)
    said = replace(said, words=(replace(said.words[0], end=1.0),))
    (place,) = places([said])
    assert (place.first, place.last) == (100, 105)


def test_runs_have_equal_keys() -> None:
    assert list(runs("aabccc", first=10)) == [range(10, 12), range(12, 13), range(13, 16)]
    assert list(runs("")) == []
