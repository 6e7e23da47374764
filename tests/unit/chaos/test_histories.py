from pathlib import Path
from typing import Any

import pytest

from tests.chaos.book import Book
from tests.chaos.histories import certain_name, findings, possible_names


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = Book(path=tmp_path / "book.jsonl")
    done(made, "upload", "a.wav", {"transcription_id": 7, "job_id": "job_1"})
    return made


def done(
    book: Book, name: str, subject: object, result: dict[str, Any] | None = None, **arguments: Any
) -> None:
    call = book.begin("ann", name, subject, **arguments)
    book.acknowledge(call, **(result or {}))


def edit(book: Book, word: str, revision: int, replaced: str = "") -> None:
    done(book, "edit", 7, {"revision": revision}, word=word, replaced=replaced)


def read(book: Book, revision: int, *words: str) -> None:
    done(book, "read", 7, {"revision": revision, "words": list(words)})


def look(book: Book, state: str) -> None:
    done(book, "look", "job_1", {"state": state})


def test_history_without_contradictions(book: Book) -> None:
    look(book, "queued")
    read(book, 1)
    edit(book, "a", 2)
    book.lose(book.begin("bob", "edit", 7, word="b", replaced=""), "no answer")
    book.refuse(book.begin("bob", "edit", 7, word="c", replaced=""), "conflict")
    read(book, 3, "a", "b")
    look(book, "completed")
    done(book, "delete", 7, job_id="job_1")
    look(book, "gone")
    book.refuse(book.begin("bob", "read", 7), "NOT_FOUND: no such transcription")
    assert list(findings(book)) == []


def test_lost_edit_is_found(book: Book) -> None:
    edit(book, "a", 2)
    read(book, 2)
    (found,) = findings(book)
    assert found.startswith("transcription 7: no order of the edits explains")


def test_refused_edit_with_an_effect_is_found(book: Book) -> None:
    book.refuse(book.begin("bob", "edit", 7, word="a", replaced=""), "conflict")
    read(book, 2, "a")
    assert len(list(findings(book))) == 1


def test_lost_transcription_is_found(book: Book) -> None:
    book.refuse(book.begin("bob", "read", 7), "NOT_FOUND: no such transcription")
    assert list(findings(book)) == ["transcription 7: gone for read without having been deleted"]


def test_job_that_comes_back_is_found(book: Book) -> None:
    look(book, "completed")
    look(book, "processing")
    (found,) = findings(book)
    assert found.startswith("job job_1: no order of calls explains read -> processing")


def test_deletion_that_is_undone_is_found(book: Book) -> None:
    done(book, "delete", 7, job_id="job_1")
    look(book, "completed")
    assert len(list(findings(book))) == 1


def search(book: Book, word: str, *found: int) -> None:
    done(book, "search", word, {"found": list(found)})


def test_searches_find_edits_until_they_are_replaced(book: Book) -> None:
    edit(book, "a", 2)
    search(book, "a", 7)
    edit(book, "b", 3, replaced="a")
    search(book, "a")
    search(book, "b", 7)
    done(book, "delete", 7, job_id="job_1")
    search(book, "b")
    assert list(findings(book)) == []


def test_edit_that_is_not_found_is_reported(book: Book) -> None:
    edit(book, "a", 2)
    search(book, "a", 8)
    assert list(findings(book)) == ["transcription 7: a search did not find a"]


def name(book: Book, given: str, *, answered: bool = True) -> None:
    call = book.begin("ann", "name", 7, label="Speaker_1", given=given)
    if answered:
        book.acknowledge(call)
    else:
        book.lose(call, "no answer")


def test_last_name_counts(book: Book) -> None:
    assert possible_names(book, 7, "Speaker_1") == set()
    assert not certain_name(book, 7, "Speaker_1")
    name(book, "Ann")
    name(book, "Bob")
    assert possible_names(book, 7, "Speaker_1") == {"Bob"}
    assert possible_names(book, 7, "Speaker_2") == set()
    assert certain_name(book, 7, "Speaker_1")


def test_names_without_an_answer_are_possible_at_any_time(book: Book) -> None:
    name(book, "Ann", answered=False)
    name(book, "Bob")
    assert possible_names(book, 7, "Speaker_1") == {"Ann", "Bob"}
