"""Rules of speaker names."""

from dataclasses import replace

import pytest

from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal
from common.errors import SpeakerError, ValidationError
from transcriber.domain.transcripts import NameSource, Segment, TranscriptSpeaker, Voiceprint
from transcriber.names.rules import (
    Suggestion,
    assign,
    confirmed,
    decided,
    group_by_name,
    match_labels,
    resolve,
    suggest,
    titles_of,
)


def speaker(
    number: int, name: str = "", source: NameSource | None = None, speaker_id: int = 0
) -> TranscriptSpeaker:
    return TranscriptSpeaker(
        label=f"Speaker_{number}",
        segment_count=number,
        total_duration=float(number),
        average_confidence=0.5,
        name=name,
        name_source=source or (NameSource.CONFIRMED if name else NameSource.NONE),
        speaker_id=speaker_id,
    )


def segment(label: str, start: float, end: float) -> Segment:
    return Segment(label=label, text="", start=start, end=end, confidence=1.0, language="en")


TWO = (speaker(1), speaker(2))


def test_labels_and_current_names_are_keys() -> None:
    named = (speaker(1, "Ada"), speaker(2))
    assert resolve(named, {"ada": "Ada Lovelace", "SPEAKER_2": "Bob"}) == {
        "Speaker_1": "Ada Lovelace",
        "Speaker_2": "Bob",
    }


def test_shared_name_means_all_its_labels() -> None:
    both = (speaker(1, "Ada"), speaker(2, "Ada"))
    assert resolve(both, {"Ada": "Eve"}) == {"Speaker_1": "Eve", "Speaker_2": "Eve"}


def test_spaces_are_trimmed_and_empty_name_removes() -> None:
    assert resolve(TWO, {"Speaker_1": "  Ada   Lovelace ", "Speaker_2": "  "}) == {
        "Speaker_1": "Ada Lovelace",
        "Speaker_2": "",
    }


@pytest.mark.parametrize("name", ["علی\u200cرضا", "क्\u200dष"])
def test_joiners_are_kept_in_names(name: str) -> None:
    assert resolve(TWO, {"Speaker_1": f"{name}\u200b"}) == {"Speaker_1": name}
    named = (speaker(1, name), speaker(2))
    assert resolve(named, {name.replace("\u200c", "").replace("\u200d", ""): "Eve"}) == {
        "Speaker_1": "Eve"
    }


@pytest.mark.parametrize("name", ["a\x00b", "a\u202eb", "a\u2067b", "\ud800", "\uffff"])
def test_control_characters_are_rejected(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        resolve(TWO, {"Speaker_1": name})
    assert caught.value.details == {"field": "names"}


def test_own_label_means_no_name() -> None:
    assert resolve(TWO, {"Speaker_1": "speaker_1"}) == {"Speaker_1": ""}


@pytest.mark.parametrize(
    "wanted",
    [
        {"Speaker_3": "Ada"},
        {"Nobody": "Ada"},
        {"Speaker_1": "Speaker_2"},
        {"Speaker_1": "speaker 9"},
    ],
)
def test_invalid_assignment_is_rejected(wanted: dict[str, str]) -> None:
    with pytest.raises(SpeakerError):
        resolve(TWO, wanted)


def test_one_speaker_cannot_get_two_names() -> None:
    named = (speaker(1, "Ada"), speaker(2))
    with pytest.raises(SpeakerError):
        resolve(named, {"Ada": "Eve", "Speaker_1": "Bob"})
    assert resolve(named, {"Ada": "Eve", "Speaker_1": "eve"}) == {"Speaker_1": "Eve"}


@pytest.mark.parametrize("name", ["x" * 256, "a\x00b", "a\u202eb"])
def test_invalid_names_are_rejected(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        resolve(TWO, {"Speaker_1": name})
    assert caught.value.details == {"field": "names"}


def test_assignment_confirms_name() -> None:
    first, second = assign(TWO, {"Speaker_1": "Ada"})
    assert (first.name, first.name_source, first.match_confidence) == (
        "Ada",
        NameSource.CONFIRMED,
        1.0,
    )
    assert second == TWO[1]
    assert confirmed((first, second)) == (first,)


def test_assigned_name_is_not_suggested_elsewhere() -> None:
    guessed = (speaker(1, "Ada", NameSource.SUGGESTED, 7), speaker(2))
    first, second = assign(guessed, {"Speaker_2": "ada"})
    assert (first.name, first.speaker_id) == ("", 0)
    assert second.name_source is NameSource.CONFIRMED


def test_displayed_name_means_its_profile() -> None:
    now = (
        speaker(1, "Ada", speaker_id=3),
        speaker(2, "Bob", NameSource.SUGGESTED, 7),
        speaker(3),
    )
    swapped = assign(now, {"Speaker_1": "bob", "Speaker_2": "Ada", "Speaker_3": "Eve"})
    assert [item.speaker_id for item in swapped] == [7, 3, 0]
    assert {item.name_source for item in swapped} == {NameSource.CONFIRMED}


def test_name_without_profile_is_decided_only_if_newly_assigned() -> None:
    speakers = (speaker(1, "Ada", speaker_id=3), speaker(2, "Bob"), speaker(3))
    assert decided(speakers) == speakers[:1]
    assert decided(speakers, {"Speaker_2"}) == speakers[:2]


def test_removed_name_leaves_no_profile() -> None:
    (first,) = assign((speaker(1, "Ada", speaker_id=7),), {"Speaker_1": ""})
    assert (first.name, first.name_source, first.speaker_id) == ("", NameSource.NONE, 0)


def test_recognized_voice_is_only_suggested() -> None:
    known = [Suggestion(label="Speaker_2", speaker_id=7, name="Ada", confidence=0.9)]
    first, second = suggest(TWO, known)
    assert first.name == ""
    assert (second.name, second.name_source, second.speaker_id, second.match_confidence) == (
        "Ada",
        NameSource.SUGGESTED,
        7,
        0.9,
    )


def test_suggestion_does_not_replace_assignment() -> None:
    named = (speaker(1, "Eve", speaker_id=3), speaker(2))
    known = [
        Suggestion(label="Speaker_1", speaker_id=7, name="Ada", confidence=0.9),
        Suggestion(label="Speaker_2", speaker_id=3, name="Eve", confidence=0.9),
    ]
    assert suggest(named, known) == named


def test_old_suggestion_is_removed_if_not_repeated() -> None:
    (one,) = suggest((speaker(1, "Ada", NameSource.SUGGESTED, 7),), [])
    assert one == speaker(1)


def test_speakers_with_same_name_are_grouped() -> None:
    voice = Voiceprint(values=(1.0,), model="m", model_version="1", speech_seconds=9.0)
    together = group_by_name(
        (speaker(1, "Ada"), speaker(2), replace(speaker(3, " ada "), voiceprint=voice))
    )
    assert [item.label for item in together.speakers] == ["Speaker_1", "Speaker_2"]
    ada = together.speakers[0]
    assert (ada.segment_count, ada.total_duration, ada.voiceprint) == (4, 4.0, voice)
    assert ada.average_confidence == pytest.approx(0.5)
    assert together.primary == {
        "Speaker_1": "Speaker_1",
        "Speaker_2": "Speaker_2",
        "Speaker_3": "Speaker_1",
    }
    assert together.names == {"Speaker_1": "Ada", "Speaker_2": "Speaker_2", "Speaker_3": "Ada"}


def test_person_on_several_channels_has_none() -> None:
    one, two = replace(speaker(1, "Ada"), channel=1), replace(speaker(2, "Ada"), channel=2)
    (both,) = group_by_name((one, two)).speakers
    assert both.channel == 0
    (same,) = group_by_name((two, replace(two, label="Speaker_3"))).speakers
    assert same.channel == 2


def test_label_matches_one_sharing_most_of_its_time() -> None:
    old = [segment("Speaker_1", 0, 10), segment("Speaker_2", 10, 20)]
    new = [segment("Speaker_1", 0, 2), segment("Speaker_2", 2, 10), segment("Speaker_1", 10, 20)]
    assert match_labels(old, new, ["Speaker_1", "Speaker_2"]) == {
        "Speaker_1": "Speaker_2",
        "Speaker_2": "Speaker_1",
    }


def test_scattered_label_does_not_match() -> None:
    old = [segment("Speaker_1", 0, 9)]
    new = [segment("Speaker_1", 0, 3), segment("Speaker_2", 3, 6), segment("Speaker_3", 6, 9)]
    assert match_labels(old, new, ["Speaker_1"]) == {}


def test_two_labels_do_not_match_the_same_one() -> None:
    old = [segment("Speaker_1", 0, 6), segment("Speaker_2", 6, 10)]
    new = [segment("Speaker_1", 0, 10)]
    assert match_labels(old, new, ["Speaker_1", "Speaker_2"]) == {"Speaker_1": "Speaker_1"}


def test_only_requested_labels_are_matched() -> None:
    same = [segment("Speaker_1", 0, 6), segment("Speaker_2", 6, 10)]
    assert match_labels(same, same, ["Speaker_2"]) == {"Speaker_2": "Speaker_2"}


def test_labels_of_different_channels_do_not_match() -> None:
    # Both speak all the time, each on a channel.
    old = [
        replace(segment("Speaker_1", 0.0, 9.0), channel=1),
        replace(segment("Speaker_2", 0.0, 10.0), channel=2),
    ]
    new = [
        replace(segment("Speaker_2", 0.0, 9.0), channel=1),
        replace(segment("Speaker_1", 0.0, 10.0), channel=2),
    ]
    assert match_labels(old, new, ["Speaker_1", "Speaker_2"]) == {
        "Speaker_1": "Speaker_2",
        "Speaker_2": "Speaker_1",
    }


def test_labels_of_a_mix_match_those_of_channels() -> None:
    old = [segment("Speaker_1", 0.0, 5.0), segment("Speaker_2", 5.0, 9.0)]
    new = [
        replace(segment("Speaker_2", 0.0, 5.0), channel=1),
        replace(segment("Speaker_1", 5.0, 9.0), channel=2),
    ]
    assert match_labels(old, new, ["Speaker_1"]) == {"Speaker_1": "Speaker_2"}


def plan(*titles: str, decided: ChannelMode = ChannelMode.SEPARATE) -> ChannelPlan:
    return ChannelPlan(
        requested=ChannelMode.AUTO,
        decided=decided,
        reason="Because.",
        signals=tuple(
            PlannedSignal(signal=Signal(title=title), description="track") for title in titles
        ),
    )


def test_titles_of_channels_are_names() -> None:
    assert titles_of(plan("  Ada  Lovelace", "", "Bob")) == {1: "Ada Lovelace", 3: "Bob"}


def test_shared_title_is_no_name() -> None:
    # Both channels of a stereo track have its title, and people of one name would be one speaker.
    assert titles_of(plan("Call", "call", "Bob")) == {3: "Bob"}


@pytest.mark.parametrize("title", ["Speaker_2", "bell\a", "x" * 256])
def test_title_that_no_person_could_assign_is_no_name(title: str) -> None:
    assert titles_of(plan(title)) == {}


def test_mix_has_no_titles() -> None:
    assert titles_of(plan("Ada", decided=ChannelMode.MIX)) == {}
    assert titles_of(None) == {}


def on_channel(number: int, channel: int, name: str = "") -> TranscriptSpeaker:
    return replace(speaker(number, name), channel=channel)


def test_title_is_suggested_for_main_speaker_of_channel() -> None:
    # Speaker_2 speaks longer than Speaker_1.
    found = suggest(
        (on_channel(1, 1), on_channel(2, 1), on_channel(3, 2)), [], {1: "Ada", 2: "Bob"}
    )
    assert [(item.name, item.name_source, item.speaker_id) for item in found] == [
        ("", NameSource.NONE, 0),
        ("Ada", NameSource.SUGGESTED, 0),
        ("Bob", NameSource.SUGGESTED, 0),
    ]


def test_known_voice_and_person_win_over_title() -> None:
    speakers = (on_channel(1, 1), on_channel(2, 2, "Eve"))
    known = Suggestion(label="Speaker_1", speaker_id=7, name="Ada L.", confidence=0.9)
    found = suggest(speakers, [known], {1: "Ada", 2: "Bob"})
    assert [(item.name, item.speaker_id) for item in found] == [("Ada L.", 7), ("Eve", 0)]


def test_title_is_not_suggested_besides_the_same_name() -> None:
    found = suggest((on_channel(1, 1), on_channel(2, 2, "Ada")), [], {1: "ada"})
    assert [item.name for item in found] == ["", "Ada"]


def test_title_stays_until_the_voice_is_known() -> None:
    titled = suggest((on_channel(1, 1),), [], {1: "Ada"})
    assert suggest(titled, [], {1: "Ada"}) == titled
    known = Suggestion(label="Speaker_1", speaker_id=7, name="Bob", confidence=0.9)
    assert suggest(titled, [known], {1: "Ada"})[0].name == "Bob"


def test_merged_labels_stand_for_the_speaker_they_were_merged_into() -> None:
    ada, bob = speaker(1, "Ada", speaker_id=7), speaker(2, "Bob", speaker_id=8)
    merged = (ada, replace(bob, merged_into="Speaker_1"))
    assert resolve(merged, {"Speaker_2": "Eve"}) == {"Speaker_1": "Eve"}
    with pytest.raises(SpeakerError):
        resolve(merged, {"Bob": "Eve"})
    with pytest.raises(SpeakerError):
        resolve(merged, {"Speaker_1": "Ann", "Speaker_2": "Eve"})
    assert [(item.label, item.name, item.speaker_id) for item in decided(merged)] == [
        ("Speaker_1", "Ada", 7),
        ("Speaker_2", "Ada", 7),
    ]


def test_voice_merged_into_an_unnamed_speaker_is_not_learned() -> None:
    merged = (speaker(1), replace(speaker(2, "Bob", speaker_id=8), merged_into="Speaker_1"))
    assert decided(merged) == ()


def test_removed_names_are_not_suggested_again() -> None:
    speakers = (replace(speaker(1), name_removed=True), speaker(2))
    suggestions = [
        Suggestion(label=item.label, speaker_id=number, name=f"Name {number}", confidence=0.9)
        for number, item in enumerate(speakers, start=1)
    ]
    assert [item.name for item in suggest(speakers, suggestions)] == ["", "Name 2"]
    assert [item.name for item in suggest(speakers[:1], [], {0: "Ann"})] == [""]


def test_time_of_overlapping_segments_of_a_label_counts_once() -> None:
    old = [segment("Speaker_1", 0.0, 10.0)] * 2
    new = [segment("Speaker_2", 0.0, 2.0)] * 3 + [segment("Speaker_3", 4.0, 9.0)]
    assert match_labels(old, new, ["Speaker_1"]) == {"Speaker_1": "Speaker_3"}


def test_a_long_segment_does_not_slow_down_the_matching() -> None:
    short = [segment("Speaker_1", float(n), n + 1.0) for n in range(0, 60_000, 2)]
    new = [segment("Speaker_3", 0.0, 60_000.0), *short]
    assert match_labels(short, new, ["Speaker_1"]) == {"Speaker_1": "Speaker_1"}
