from dataclasses import asdict
from pathlib import Path

import pytest

from tests.chaos.book import Book, read


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(path=tmp_path / "book.jsonl")


def test_calls_survive_the_observer(book: Book) -> None:
    done = book.begin("ann", "upload", "a.wav", seconds=4)
    refused = book.begin("ann", "edit", 7, word="w1")
    lost = book.begin("bob", "edit", 7, word="w2")
    book.begin("bob", "delete", 7)
    book.acknowledge(done, transcription_id=7)
    book.refuse(refused, ValueError("conflict"))
    book.lose(lost, TimeoutError())
    book.find("something is lost")
    book.note(fault="kill gateway")

    again = read(book.path)
    assert [asdict(call) for call in again.records] == [asdict(call) for call in book.records]
    assert again.findings == ["something is lost"]
    assert [call.possible for call in again.records] == [True, False, True, True]
    assert again.records[2].loss == "TimeoutError"


def test_calls_are_found_by_name_and_subject(book: Book) -> None:
    first, second = book.begin("ann", "edit", 7), book.begin("ann", "edit", 8)
    book.begin("ann", "delete", 7)
    book.acknowledge(second)
    assert list(book.calls("edit")) == [first, second]
    assert list(book.calls("edit", subject=7)) == [first]
    assert list(book.acknowledged("edit", "delete")) == [second]


def test_unfinished_line_is_left_out(book: Book) -> None:
    call = book.begin("ann", "delete", 7)
    book.acknowledge(call)
    text = book.path.read_text()
    book.path.write_text(text[:-5])
    assert not read(book.path).records[0].acknowledged
