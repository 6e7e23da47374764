"""TextGrid, long and short, of praatio and of forced aligners."""

from pathlib import Path

import pytest
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid

from common.errors import ValidationError
from transcriber.imports.reading import read

_SHORT = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<exists>\n1\n'


def made(tmp_path: Path, form: str, *tiers: IntervalTier | PointTier) -> bytes:
    grid = Textgrid(0, 4)
    for tier in tiers:
        grid.addTier(tier)
    path = tmp_path / "made.TextGrid"
    grid.save(str(path), format=form, includeBlankSpaces=True)
    return path.read_bytes()


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_tiers_of_praatio_are_speakers(tmp_path: Path, form: str) -> None:
    ada = IntervalTier("Ada", [(0.5, 1.0, 'Say "hello" [1]: item [2]'), (2.0, 3.0, "Bye.")], 0, 4)
    bob = IntervalTier("Bob", [(0.75, 1.5, "Hi\nthere")], 0, 4)
    marks = PointTier("marks", [(1.0, "x")], 0, 4)
    found = read(made(tmp_path, form, ada, bob, marks))
    assert [(s.speaker, s.start, s.end, s.text) for s in found.segments] == [
        ("Ada", 0.5, 1.0, 'Say "hello" [1]: item [2]'),
        ("Bob", 0.75, 1.5, "Hi there"),
        ("Ada", 2.0, 3.0, "Bye."),
    ]
    assert list(found.notes) == ["Left out: 1 points."]


def test_aligned_words_become_passages_without_their_sounds(tmp_path: Path) -> None:
    words = IntervalTier("words", [(0.0, 0.5, "good"), (0.5, 1.0, "day"), (3.5, 4.0, "bye")], 0, 4)
    phones = IntervalTier("phones", [(0.0, 0.2, "g")], 0, 4)
    found = read(made(tmp_path, "long_textgrid", words, phones))
    assert [(s.speaker, s.text) for s in found.segments] == [("", "good day"), ("", "bye")]
    assert found.segments[0].words[1].start == 0.5
    assert list(found.notes) == ["Left out: 2 annotations of sounds."]


def test_text_in_utf_16_is_read() -> None:
    text = _SHORT + '"IntervalTier"\n"Zoë"\n0\n2\n1\n0\n2\n"Grüße"\n'
    assert read(text.encode("utf-16")).segments[0].speaker == "Zoë"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"IntervalTier"\n"A"\n0\n2\n1\n0\nx\n"a"', "is in the place of the end of an interval."),
        (
            '"IntervalTier"\n"A"\n0\n2\n2\n0\n1\n"a"\n',
            "Line 15: The file ends before the start of an interval.",
        ),
        ('"IntervalTier"\n"A"\n0\n2\n1\n1\n0\n"a"\n', "An interval ends before it starts."),
        ('"IntervalTier"\n"A"\n0\n2\n99999999\n', "is not the number of intervals or points."),
        ('"Other"\n"A"\n0\n2\n0\n', "is not a class of tiers."),
        ('"IntervalTier"\n"A\n0\n2\n0\n', "Line 9: A text in double quotes does not end."),
    ],
)
def test_faults_have_their_line(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read((_SHORT + text).encode())
    assert message in caught.value.message


def test_numbers_of_thousands_of_digits_are_refused() -> None:
    for digits in ("0" * 5000, "0" * 9 + "1", "1" * 5000):
        with pytest.raises(ValidationError, match="not the number of tiers"):
            read(_SHORT.removesuffix("1\n").encode() + digits.encode())


def test_many_tiers_of_other_words_take_linear_time() -> None:
    passages = "".join(f'{n} {n + 1} "a b"\n' for n in range(5_000))
    tiers = f'"IntervalTier" "Ada" 0 5000 5000\n{passages}'
    tiers += '"IntervalTier" "Ada - words" 0 2 1\n0 1 "x"\n' * 999
    found = read(_SHORT.removesuffix("1\n").encode() + b"1000\n" + tiers.encode())
    assert len(found.segments) == 5_000
    assert list(found.notes) == ["Left out: 999 annotations of dependent tiers."]
