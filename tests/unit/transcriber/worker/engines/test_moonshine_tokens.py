"""transcriber.worker.engines.moonshine_tokens: words out of tokens."""

from pathlib import Path

from transcriber.worker.engines.moonshine_tokens import Vocabulary

PIECES = ["▁he", "llo", "▁world", ",", ".", "<0xC3>", "<0xA9>", "▁caf", "▁", '"', "-"]


def words(*numbers: int) -> list[tuple[str, int, int, int]]:
    vocabulary = Vocabulary([piece.encode() for piece in PIECES])
    found = vocabulary.words(numbers)
    return [(word.text, word.start, word.core_end, word.end) for word in found]


def test_words_begin_with_blanks_and_keep_their_punctuation() -> None:
    assert words(0, 1, 3, 2, 4) == [("hello,", 0, 2, 3), ("world.", 3, 4, 5)]


def test_several_marks_are_punctuation() -> None:
    assert words(2, 4, 9) == [('world."', 0, 1, 3)]


def test_bytes_make_up_a_character() -> None:
    assert words(7, 5, 6) == [("café", 0, 3, 3)]


def test_text_may_begin_without_a_blank() -> None:
    assert words(1, 2) == [("llo", 0, 1, 1), ("world", 1, 2, 2)]


def test_lone_marks_and_blanks() -> None:
    assert words(10, 8) == [("-", 0, 1, 1)]
    assert words() == []


def test_text_is_spoken_up_to_the_punctuation_at_its_end() -> None:
    vocabulary = Vocabulary([piece.encode() for piece in PIECES])
    assert vocabulary.spoken_length([0, 1, 3, 2, 4, 9]) == 4
    assert vocabulary.spoken_length([0, 1]) == 2
    assert vocabulary.spoken_length([]) == 0


def test_file_has_lengths_of_one_and_two_bytes(tmp_path: Path) -> None:
    long = b"x" * 300
    path = tmp_path / "tokenizer.bin"
    path.write_bytes(b"\x03abc" + bytes([300 % 128 + 128, 300 // 128]) + long + b"\x01z")
    assert [word.text for word in Vocabulary.read(path).words([0])] == ["abc"]
    assert Vocabulary.read(path).words([0, 1, 2])[0].text == f"abc{long.decode()}z"
