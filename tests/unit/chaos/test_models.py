import itertools

import pytest

from tests.chaos.linearizability import Operation, contradiction
from tests.chaos.models import Chain, Edit, Page, Read, job, transcript

CLOCK = itertools.count()
FIRST = Chain(revision=1)


def edit(word: str, revision: int | None, replaced: str = "") -> Operation:
    begun = next(CLOCK)
    return Operation(
        call=Edit(word=word, replaced=replaced),
        begun=begun,
        ended=None if revision is None else next(CLOCK),
        result=None if revision is None else Page(revision=revision),
    )


def page(revision: int, *words: str) -> Operation:
    return Operation(
        call=Read(),
        begun=next(CLOCK),
        ended=next(CLOCK),
        result=Page(revision=revision, words=frozenset(words)),
    )


def consistent(*history: Operation) -> bool:
    return contradiction(history, transcript, FIRST) is None


def test_chain_of_edits() -> None:
    assert consistent(page(1), edit("a", 2), page(2, "a"), edit("b", 3, replaced="a"), page(3, "b"))


def test_revision_of_a_machine_changes_no_words() -> None:
    assert consistent(edit("a", 2), page(3, "a"), edit("b", 4), page(4, "a", "b"))
    assert not consistent(edit("a", 2), page(3))


def test_lost_edit_is_found() -> None:
    assert not consistent(edit("a", 2), page(2))
    assert not consistent(edit("a", 2), edit("b", 3), page(3, "b"))


def test_edit_carried_out_twice_is_found() -> None:
    assert not consistent(edit("a", 2), edit("b", 3, replaced="a"), page(4, "a"))


def test_revision_given_twice_is_found() -> None:
    assert not consistent(edit("a", 2), edit("b", 2))


def test_stale_read_is_found() -> None:
    assert not consistent(edit("a", 2), page(2, "a"), page(1))


def test_edit_without_an_answer() -> None:
    assert consistent(edit("a", None), page(1), page(2, "a"), edit("b", 3))
    assert consistent(edit("a", None), page(1), edit("b", 2), page(2, "b"))
    assert not consistent(edit("a", None), page(2, "a"), page(2))


def seen(result: str) -> Operation:
    return Operation(call="read", begun=next(CLOCK), ended=next(CLOCK), result=result)


def called(name: str, *, answered: bool = True) -> Operation:
    return Operation(
        call=name, begun=next(CLOCK), ended=next(CLOCK) if answered else None, result=name
    )


@pytest.mark.parametrize(
    ("history", "possible"),
    [
        ((seen("queued"), seen("processing"), seen("completed")), True),
        ((seen("processing"), seen("queued"), seen("failed")), True),
        ((seen("completed"), seen("processing")), False),
        ((seen("failed"), seen("completed")), False),
        ((called("cancel"), seen("cancelled")), True),
        ((called("cancel"), seen("completed")), False),
        ((seen("completed"), called("cancel")), False),
        ((seen("cancelled"),), False),
        ((called("cancel", answered=False), seen("processing"), seen("cancelled")), True),
        ((called("cancel", answered=False), seen("completed")), True),
        ((seen("completed"), called("delete"), seen("gone")), True),
        ((called("delete"), seen("completed")), False),
        ((seen("gone"),), False),
        ((called("delete"), called("delete")), False),
    ],
)
def test_histories_of_a_job(history: tuple[Operation, ...], possible: bool) -> None:
    assert (contradiction(history, job, "queued") is None) == possible
