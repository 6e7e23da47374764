"""SRT and WebVTT, as people and programs write them."""

import pysubs2
import pytest

from common.errors import ValidationError
from transcriber.imports.reading import read


def cues(text: str) -> list[tuple[float, float, str, str]]:
    return [(s.start, s.end, s.speaker, s.text) for s in read(text.encode()).segments]


def fault(text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        read(text.encode())
    return caught.value.message


def test_cues_of_pysubs2() -> None:
    made = pysubs2.SSAFile()
    made.append(pysubs2.SSAEvent(start=500, end=1500, text="Good\\Nmorning."))
    made.append(pysubs2.SSAEvent(start=2000, end=3000, text="{\\i1}Hello{\\i0} & welcome."))
    expected = [(0.5, 1.5, "", "Good morning."), (2.0, 3.0, "", "Hello & welcome.")]
    assert cues(made.to_string("srt")) == expected
    assert cues(made.to_string("vtt")) == expected


def test_line_ends_numbers_styles_and_blank_lines_do_not_matter() -> None:
    text = (
        "\r\n00:00:01,000 --> 00:00:02,5 X1:40 X2:600\r\n<font color=red>One</font>\r\n\r\ntwo\r\n"
        "\r\n2\r\n0:00:03.000 --> 0:00:04.000\r\n{\\an8}three\r\n"
    )
    assert cues(text) == [(1.0, 2.5, "", "One two"), (3.0, 4.0, "", "three")]


def test_names_before_texts_are_speakers() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\nAda: Hello.\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\nHow are you?\n\n"
        "3\n00:00:03,000 --> 00:00:04,000\n[Bob] Fine: thanks.\n\n"
    )
    assert [(speaker, text) for _, _, speaker, text in cues(text)] == [
        ("Ada", "Hello."),
        ("Ada", "How are you?"),
        ("Bob", "Fine: thanks."),
    ]


def test_a_single_colon_is_text() -> None:
    lines = "".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n"
        for n, text in enumerate(("Well.", "Remember: stay.", "Go.", "Now."), start=1)
    )
    assert [text for *_, text in cues(lines)] == ["Well.", "Remember: stay.", "Go.", "Now."]


def test_voices_of_a_cue_are_passages() -> None:
    text = (
        "WEBVTT - title\n\nNOTE a comment\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n01:00.000 --> 01:04.000 align:start\n"
        "<v.loud Ada Lovelace>Hello &amp; <i>you</i></v><v Bob>Hi.\n"
    )
    found = read(text.encode())
    assert [(s.speaker, s.text) for s in found.segments] == [
        ("Ada Lovelace", "Hello & you"),
        ("Bob", "Hi."),
    ]
    assert found.segments[0].start == 60.0
    assert found.segments[0].end == found.segments[1].start < found.segments[1].end == 64.0
    assert list(found.notes) == ["Left out: 1 comments."]


def test_times_within_a_cue_are_those_of_words() -> None:
    found = read(b"WEBVTT\n\n00:01.000 --> 00:03.000\nGood <00:02.000><c>morning.</c>\n")
    assert [(w.text, w.start, w.end) for w in found.segments[0].words] == [
        ("Good", 1.0, 2.0),
        ("morning.", 2.0, 3.0),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n00:00:01,000 --> 00:00:61\nx\n", "Line 2: '00:00:61' is not a time"),
        ("1\n00:00:03,000 --> 00:00:01,000\nx\n", "Line 2: A cue ends before it starts."),
        ("1\n00:00:03,000 -->\nx\n", "Line 2: A cue has no end."),
        (
            "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03,000 -> 00:00:04,000\ny\n",
            "Line 5: '2' is not the time of a cue.",
        ),
        ("WEBVTT\n\nx\ny\n", "Line 3: 'x' is not the time of a cue."),
        (
            "WEBVTT\n\n00:01.000 --> 00:03.000\na <00:09.000>b\n",
            "Line 4: Times of words are not in order within their cue.",
        ),
    ],
)
def test_faults_have_their_line(text: str, message: str) -> None:
    assert message in fault(text)


def test_text_with_many_empty_lines_takes_linear_time() -> None:
    found = cues("1\n00:00:01,000 --> 00:00:02,000\n" + "a\n\n" * 500_000)
    assert found == [(1.0, 2.0, "", " ".join(["a"] * 500_000))]


def test_blanks_in_an_unclosed_voice_take_linear_time() -> None:
    blanks = " " * 4_000_000
    assert cues(f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v{blanks}Ada") == [
        (1.0, 2.0, "", f"<v{blanks}Ada")
    ]


def test_character_references_of_thousands_of_digits_are_refused() -> None:
    reference = f"&#{'1' * 5000};"
    assert "too many digits" in fault(f"1\n00:00:01,000 --> 00:00:02,000\n{reference}\n")
    assert "too many digits" in fault(f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v {reference}>a")
