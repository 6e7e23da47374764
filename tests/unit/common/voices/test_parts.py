import numpy as np
import pytest

from common.voices.limits import RequestedSpeakers, SpeakerLimits
from common.voices.parts import DiarizedPart, JoinedDiarization, PartSpeaker, join_parts
from common.voices.values import Turn, Voice

#: A label in a part, with the start and end of its speech.
Said = tuple[str, float, float]


def voice(person: int, seconds: float = 20.0) -> Voice:
    return Voice(vector=np.eye(8, dtype=np.float32)[person], seconds=seconds)


def part(
    number: int, *said: Said, signals: dict[str, int] | None = None, **persons: int | None
) -> DiarizedPart:
    """Return a part of 100 s with margins of 4 s. Labels have the voices of persons."""
    turns = tuple(Turn(start=start, end=end, speaker=label) for label, start, end in said)
    return DiarizedPart(
        core=(100.0 * number, 100.0 * (number + 1)),
        heard=(max(0.0, 100.0 * number - 4), 100.0 * (number + 1) + 4),
        turns=turns,
        exclusive_turns=turns,
        speakers=tuple(
            PartSpeaker(
                label=label,
                signal=(signals or {}).get(label, 0),
                voice=None if person is None else voice(person),
            )
            for label, person in persons.items()
        ),
    )


def join(*parts: DiarizedPart, **requested: int) -> JoinedDiarization:
    return join_parts(parts, threshold=0.65, requested=RequestedSpeakers(**requested))


def plain(turns: tuple[Turn, ...]) -> list[Said]:
    return [(turn.speaker, turn.start, turn.end) for turn in turns]


def test_speakers_of_parts_are_linked_by_their_voices() -> None:
    found = join(
        part(0, ("a", 10, 30), ("b", 40, 60), a=0, b=1),
        part(1, ("a", 110, 130), ("b", 140, 160), a=1, b=0),
        part(2, ("a", 210, 230), a=2),
    )
    assert plain(found.turns) == [
        ("Speaker_1", 10, 30),
        ("Speaker_2", 40, 60),
        ("Speaker_2", 110, 130),
        ("Speaker_1", 140, 160),
        ("Speaker_3", 210, 230),
    ]
    assert found.exclusive_turns == found.turns
    first = found.speakers[0]
    assert (first.label, first.signal, first.speech_seconds) == ("Speaker_1", 0, 40)
    assert first.voice is not None
    assert first.voice.seconds == 40.0
    assert first.voice.vector == pytest.approx(voice(0).vector)
    assert found.warnings == ()


def test_turn_over_a_boundary_is_one_turn() -> None:
    found = join(part(0, ("a", 50, 104), a=0), part(1, ("b", 96, 120), b=0))
    assert plain(found.turns) == [("Speaker_1", 50, 120)]
    assert found.speakers[0].speech_seconds == 70


def test_each_part_counts_between_its_boundaries() -> None:
    early = part(0, ("a", 50, 99), ("late", 101, 103), a=0, late=1)
    late = part(1, ("early", 97, 99), ("b", 101.5, 120), early=0, b=1)
    found = join(early, late)
    assert plain(found.turns) == [("Speaker_1", 50, 99), ("Speaker_2", 101.5, 120)]


def test_last_part_counts_to_its_actual_end() -> None:
    found = join(part(0, ("a", 10, 30), a=0), part(1, ("a", 150, 207.5), a=0))
    assert plain(found.turns)[-1] == ("Speaker_1", 150, 207.5)


def test_same_speech_at_a_seam_links_a_speaker_without_a_voice() -> None:
    before, after = part(0, ("a", 50, 104), a=0), part(1, ("b", 96, 120), b=None)
    assert len(join(before, after).speakers) == 1
    apart = part(1, ("b", 104.5, 120), b=None)
    assert len(join(before, apart).speakers) == 2


def test_other_speaker_of_a_seam_is_not_joined_against_it() -> None:
    before = part(0, ("a", 50, 104), a=None)
    after = part(1, ("b", 96, 120), ("c", 130, 150), b=1, c=None)
    found = join(before, after, at_most=2)
    assert plain(found.turns) == [("Speaker_1", 50, 120), ("Speaker_2", 130, 150)]


def test_conflicting_links_are_decided_by_the_most_shared_speech() -> None:
    before = part(0, ("a", 20, 104), a=None)
    after = part(1, ("b", 96, 99), ("c", 98.5, 120), b=None, c=None)
    found = join(before, after)
    assert plain(found.turns) == [("Speaker_1", 20, 120)]


def test_fragments_of_the_whole_recording_are_merged() -> None:
    parts = [
        part(0, ("a", 10, 40), ("x", 60, 61), a=0, x=1),
        part(1, ("a", 110, 140), ("x", 160, 161.5), a=0, x=1),
    ]
    # Two times one second are somebody, and one time is not.
    assert len(join(*parts).speakers) == 2
    alone = join(parts[0], part(1, ("a", 110, 140), a=0))
    assert [speaker.label for speaker in alone.speakers] == ["Speaker_1"]
    assert ("Speaker_1", 60, 61) in plain(alone.turns)
    brief = join_parts(parts, threshold=0.65, defaults=SpeakerLimits(least_speech=3.0))
    assert len(brief.speakers) == 1


def test_speaker_who_was_split_in_a_part_is_one() -> None:
    split = part(0, ("a", 10, 30), ("b", 40, 60), ("c", 70, 90), a=0, b=1, c=0)
    found = join(split, part(1, ("a", 110, 130), a=0))
    assert [turn.speaker for turn in found.turns] == [f"Speaker_{n}" for n in (1, 2, 1, 1)]


def test_requested_numbers_hold_for_the_whole_recording() -> None:
    parts = [part(n, ("a", 100 * n + 10, 100 * n + 40), a=n) for n in range(3)]
    assert len(join(*parts).speakers) == 3
    assert len(join(*parts, exactly=2).speakers) == 2
    assert len(join(*parts, at_most=1).speakers) == 1
    same = [part(n, ("a", 100 * n + 10, 100 * n + 40), a=0) for n in range(3)]
    assert len(join(*same, at_least=2).speakers) == 2


def test_people_are_not_joined_to_make_room_for_fragments() -> None:
    crowded = part(
        0, ("a", 10, 40), ("b", 40, 70), ("x", 80, 81), ("y", 85, 85.5), a=0, b=1, x=None, y=None
    )
    found = join(crowded, part(1, ("a", 110, 140), a=1), at_most=2)
    assert [speaker.speech_seconds for speaker in found.speakers] == pytest.approx([30, 61.5])
    assert plain(found.turns)[:2] == [("Speaker_1", 10, 40), ("Speaker_2", 40, 70)]


def test_maximum_holds_where_speakers_of_one_part_have_to_be_joined() -> None:
    crowded = part(0, ("a", 10, 40), ("b", 40, 50), ("c", 50, 90), a=0, b=1, c=2)
    assert len(join(crowded, part(1, ("a", 110, 140), a=0), at_most=2).speakers) == 2


def test_other_numbers_than_requested_are_reported() -> None:
    parts = [part(n, ("a", 100 * n + 10, 100 * n + 40), a=0) for n in range(2)]
    assert join(*parts, at_most=3).warnings == ()
    (warning,) = join(*parts, at_least=3).warnings
    assert warning == "Speakers requested: at least 3. Speakers found: 2."


def test_speakers_of_different_signals_are_never_joined() -> None:
    signals = {"a": 0, "b": 1}
    parts = [
        part(0, ("b", 5, 60), ("a", 10, 40), signals=signals, a=0, b=0),
        part(1, ("b", 105, 160), ("a", 110, 140), signals=signals, a=0, b=0),
    ]
    found = join(*parts)
    assert [one.label for one in found.speakers] == ["Speaker_1", "Speaker_2"]
    assert [one.signal for one in found.speakers] == [1, 0]
    assert [turn.speaker for turn in found.turns] == ["Speaker_1", "Speaker_2"] * 2
    # Nobody else is in the signal of the second speaker, even if others speak at the same time.
    assert found.speakers[1].clean == ((10.05, 39.95), (110.05, 139.95))
    assert [one.signal for one in join(*parts, exactly=1).speakers] == [1, 0]


def test_bounds_are_those_of_all_signals_together() -> None:
    signals = {"a": 0, "b": 1, "c": 1}
    parts = [
        part(0, ("a", 10, 40), ("b", 10, 40), ("c", 50, 70), signals=signals, a=0, b=1, c=2),
        part(1, ("a", 110, 140), ("b", 110, 140), signals=signals, a=0, b=3),
    ]
    assert [one.signal for one in join(*parts).speakers] == [0, 1, 1, 1]
    assert [one.signal for one in join(*parts, exactly=3).speakers] == [0, 1, 1]
    assert [one.signal for one in join(*parts, exactly=2).speakers] == [0, 1]


def test_clean_stretches_cross_no_boundary() -> None:
    found = join(part(0, ("a", 50, 104), ("b", 60, 70), a=0, b=1), part(1, ("a", 96, 120), a=0))
    clean = np.array(found.speakers[0].clean)
    assert clean == pytest.approx(np.array([(70.05, 100), (100, 119.95), (50.05, 59.95)]))
    assert found.speakers[1].clean == ()


def test_silence_has_no_speakers() -> None:
    assert join(part(0), part(1)) == JoinedDiarization(
        turns=(), exclusive_turns=(), speakers=(), warnings=()
    )
    assert join().turns == ()


def test_unknown_threshold_is_a_cautious_one() -> None:
    vectors = [np.array([1, 0]), np.array([0.6, 0.8])]
    parts = []
    for number, vector in enumerate(vectors):
        one = part(number, ("a", 100 * number + 10, 100 * number + 40), a=0)
        speaker = PartSpeaker(
            label="a", signal=0, voice=Voice(vector=vector.astype(np.float32), seconds=30.0)
        )
        parts.append(
            DiarizedPart(
                core=one.core,
                heard=one.heard,
                turns=one.turns,
                exclusive_turns=one.turns,
                speakers=(speaker,),
            )
        )
    assert len(join_parts(parts, threshold=0.65).speakers) == 2
    assert len(join_parts(parts, threshold=0.0).speakers) == 1
