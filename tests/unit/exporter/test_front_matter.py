from dataclasses import replace

from exporter import front_matter
from exporter.document import Channel, ChannelMode, ChannelPlan, LanguageSpan, NameSource
from exporter.summary.model import Summary
from tests.unit.exporter.documents import meeting


def test_unknown_facts_are_left_out() -> None:
    facts = dict(front_matter.facts(meeting()))
    assert facts["Length"] == "15 s"
    assert facts["File"] == "MP3, 44.1 kHz, stereo, 1.2 MB"
    assert facts["Language"] == "English (en)"
    assert facts["Models"] == "base, segmentation"
    bare = replace(meeting(), speech_model="", diarization_model="", created=None)
    assert not {"Models", "Uploaded"} & set(dict(front_matter.facts(bare)))


def spans(*codes: str) -> tuple[LanguageSpan, ...]:
    return tuple(
        LanguageSpan(start=30.0 * n, end=30.0 * (n + 1), language=code)
        for n, code in enumerate(codes)
    )


def test_several_languages_are_listed_by_time() -> None:
    mixed = replace(meeting(), languages=spans("en", "jv", "en"))
    assert dict(front_matter.facts(mixed))["Language"] == (
        "English (en) 0:00:00–0:00:30, Javanese (jv) 0:00:30–0:01:00, English (en) 0:01:00–0:01:30"
    )


def test_many_changes_of_language_are_summed_up() -> None:
    mixed = replace(meeting(), languages=spans(*["en", "de"] * 4), language="en")
    assert dict(front_matter.facts(mixed))["Language"] == (
        "English (en) 2 min 00 s, German (de) 2 min 00 s"
    )


def test_repeated_spans_of_one_language_are_not_listed() -> None:
    same = replace(meeting(), languages=spans("en", "en"))
    assert dict(front_matter.facts(same))["Language"] == "English (en)"


def test_channels_are_described_with_the_reason() -> None:
    assert "Channels" not in dict(front_matter.facts(meeting()))
    plan = ChannelPlan(
        decided=ChannelMode.SEPARATE,
        reason="Each of the two channels holds a party of its own.",
        channels=(
            Channel(number=1, description="left channel"),
            Channel(number=2, description="right channel"),
        ),
    )
    assert dict(front_matter.facts(replace(meeting(), channel_plan=plan)))["Channels"] == (
        "2 recognized separately (left channel, right channel). "
        "Each of the two channels holds a party of its own."
    )
    mix = ChannelPlan(decided=ChannelMode.MIX, reason="All channels hold the same sound.")
    mixed = replace(meeting(), channel_plan=mix)
    assert dict(front_matter.facts(mixed))["Channels"] == "mixed. All channels hold the same sound."
    mono = replace(mixed, audio=replace(mixed.audio, channels=1))
    assert "Channels" not in dict(front_matter.facts(mono))


def test_names_without_confirmation_are_marked() -> None:
    document = meeting()
    first = replace(document.speakers[0], source=NameSource.SUGGESTED)
    people = front_matter.participants(replace(document, speakers=(first, *document.speakers[1:])))
    assert people[0].note == "recognized, not confirmed"
    assert people[1].note == ""


def test_cited_times_are_ordered_and_distinct() -> None:
    document = meeting()
    assert front_matter.cited_times(document, (3, 0, 2, 99)) == "0:00:00, 0:00:05, 0:00:09"
    assert front_matter.cited_times(document, (0, 0)) == "0:00:00"


def test_the_method_and_its_coverage_are_stated() -> None:
    document = meeting()
    assert document.summary
    note = front_matter.method_note(document, document.summary)
    assert "without a language model" in note
    assert "100 % of the segments were read" in note
    assert "cite 1 of 5 segments, from 0:00:05 to 0:00:09" in note
    written = replace(document.summary, method="some-model", coverage=0.5)
    note = front_matter.method_note(document, written)
    assert "language model some-model" in note
    assert "50 %" in note


def test_a_summary_without_statements_cites_nothing() -> None:
    empty = Summary(statements=(), action_items=())
    assert front_matter.method_note(meeting(), empty).endswith("were read.")
