from exporter.summary.extractive import (
    FEWEST,
    MOST,
    choose,
    extract,
    statement_count,
    without_fillers,
)
from exporter.summary.model import EXTRACTIVE
from exporter.summary.sentences import sentences
from exporter.summary.terms import TermExtractor, similarity, vectors
from tests.unit.exporter.documents import document, long_meeting, meeting, segment

TALK = [
    "Hello everybody.",
    "Okay.",
    "The supplier told us that the delivery of the pumps will be three weeks late.",
    "Three weeks late, the delivery of the pumps, that is what the supplier told us.",
    "Um, yeah, so, right.",
    "Because of the late delivery we decided to rent two pumps for the site in Leeds.",
    "Renting the pumps costs nine hundred pounds a week.",
    "How was your holiday?",
    "The budget for the site in Leeds has room for the rent until the delivery.",
    "Mhm.",
    "Thank you all.",
]


def talk() -> list[str]:
    made = document(
        segment(place, "ab"[place % 2], text, place * 4.0, place * 4.0 + 4)
        for place, text in enumerate(TALK)
    )
    return [one.text for one in choose(list(sentences(made)), "en", 3)]


def test_statements_are_sentences_of_the_conversation_in_order() -> None:
    chosen = talk()
    assert len(chosen) == 3
    assert all(text in TALK for text in chosen)
    assert [TALK.index(text) for text in chosen] == sorted(TALK.index(text) for text in chosen)


def test_small_talk_is_not_selected() -> None:
    assert not {TALK[0], TALK[1], TALK[4], TALK[7], TALK[9], TALK[10]} & set(talk())


def test_similar_sentences_are_selected_once() -> None:
    assert not {TALK[2], TALK[3]} <= set(talk())
    extractor = TermExtractor("en")
    rows = vectors([extractor.terms(text) for text in TALK])
    places = [TALK.index(text) for text in talk()]
    assert all(
        similarity(rows[one], rows[other]) < 0.6
        for one in places
        for other in places
        if one != other
    )


def test_statements_cite_their_segments() -> None:
    source = long_meeting(3_000)
    summary = extract(source)
    assert summary.method == EXTRACTIVE
    assert summary.coverage == 1.0
    for statement in summary.statements:
        cited = " ".join(source.segments_by_index[index].text for index in statement.segments)
        assert statement.text in cited
        assert statement.speaker == source.segments_by_index[statement.segments[0]].speaker_label


def test_statements_come_from_all_parts_of_the_conversation() -> None:
    made = [
        segment(
            place,
            "ab"[place % 2],
            f"The project{place % 90} meets customer{place % 70} about issue{place % 50} soon.",
            place * 5.0,
            place * 5.0 + 5,
        )
        for place in range(600)
    ]
    summary = extract(document(made))
    places = [one.segments[0] for one in summary.statements]
    assert len(places) == statement_count(600)
    assert {place // 150 for place in places} == {0, 1, 2, 3}


def test_a_single_speaker_is_not_named() -> None:
    summary = extract(document([segment(0, "a", TALK[2], 0, 5)]))
    assert summary.statements[0].attributed == TALK[2]


def test_the_number_of_statements_grows_with_the_length() -> None:
    assert statement_count(2) == 2
    assert statement_count(5) == FEWEST
    assert statement_count(100) == 8
    assert statement_count(100_000) == MOST


def test_an_empty_transcript_has_an_empty_summary() -> None:
    summary = extract(document([]))
    assert summary.statements == ()
    assert summary.action_items == ()


def test_summaries_include_action_items() -> None:
    (item,) = extract(meeting()).action_items
    assert (item.owner, item.due, item.segment, item.start) == ("Ben Ode", "by Friday", 3, 9.5)


def test_fillers_at_the_start_are_removed() -> None:
    assert without_fillers("So, um, yeah, we should go.") == "We should go."
    assert without_fillers("Now is the time.") == "Now is the time."
    assert without_fillers("Okay.") == "Okay."
