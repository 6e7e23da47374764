"""Histories of transcripts and jobs in the book, and the contradictions in them."""

from collections.abc import Iterator, Sequence

from tests.chaos import models
from tests.chaos.book import Book, Call
from tests.chaos.linearizability import Operation, UndecidedError, contradiction

#: Beginning of the errors about objects that do not exist, over REST and gRPC.
_GONE = "NOT_FOUND"
_SHOWN = 4


def findings(book: Book) -> Iterator[str]:
    """Yield the contradictions of all transcripts, jobs and searches."""
    for number in _subjects(book, "read", "edit"):
        yield from _transcript(book, number)
    for upload in book.acknowledged("upload"):
        assert upload.result is not None
        yield from _job(book, upload.result["job_id"])
    for search in book.acknowledged("search"):
        yield from _search(book, search)


def _subjects(book: Book, *names: str) -> Sequence[str]:
    return list(dict.fromkeys(call.subject for call in book.calls(*names)))


def _transcript(book: Book, number: str) -> Iterator[str]:
    calls = [call for call in book.calls("read", "edit", subject=number) if call.possible]
    history = [operation for call in calls if (operation := _on_transcript(call)) is not None]
    first = models.Chain(revision=1)
    try:
        found = contradiction(history, models.transcript, first)
    except UndecidedError as error:
        yield f"transcription {number}: {error}"
        return
    if found is not None:
        shown = "; ".join(map(_shown, found.unexplained[:_SHOWN]))
        after = "; ".join(map(_shown, found.explained[-_SHOWN:]))
        yield f"transcription {number}: no order of the edits explains {shown} after {after}"
    deletions = [call for call in book.calls("delete", subject=number) if call.possible]
    for call in book.calls("read", "edit", "name", subject=number):
        begun = [one for one in deletions if one.begun < (call.ended or float("inf"))]
        if call.refusal.startswith(_GONE) and not begun:
            yield f"transcription {number}: gone for {call.name} without having been deleted"


def _on_transcript(call: Call) -> Operation | None:
    if call.name == "read":
        if call.result is None:
            return None
        page = models.Page(revision=call.result["revision"], words=frozenset(call.result["words"]))
        return Operation(call=models.Read(), begun=call.begun, ended=call.ended, result=page)
    edit = models.Edit(word=call.arguments["word"], replaced=call.arguments["replaced"])
    result = None if call.result is None else models.Page(revision=call.result["revision"])
    ended = None if result is None else call.ended
    return Operation(call=edit, begun=call.begun, ended=ended, result=result)


def _job(book: Book, job_id: str) -> Iterator[str]:
    looks = book.acknowledged("look", subject=job_id)
    changes = [call for call in book.calls("cancel", subject=job_id) if call.possible]
    changes += [
        call
        for call in book.calls("delete")
        if call.arguments["job_id"] == job_id and call.possible
    ]
    history = [
        Operation(call="read", begun=call.begun, ended=call.ended, result=call.result["state"])
        for call in looks
        if call.result is not None
    ]
    history += [
        Operation(
            call=call.name,
            begun=call.begun,
            ended=call.ended if call.acknowledged else None,
            result=call.name,
        )
        for call in changes
    ]
    found = contradiction(history, models.job, "queued")
    if found is not None:
        shown = "; ".join(map(_shown, found.unexplained[:_SHOWN]))
        after = "; ".join(map(_shown, found.explained[-_SHOWN:]))
        yield f"job {job_id}: no order of calls explains {shown} after {after}"


def _search(book: Book, search: Call) -> Iterator[str]:
    """An edit is found from its answer on, until it may have been replaced or deleted."""
    word, ended = search.subject, search.ended or search.begun
    (edit,) = (call for call in book.acknowledged("edit") if call.arguments["word"] == word)
    assert search.result is not None
    assert edit.ended is not None
    gone = [
        call
        for call in book.calls("edit", "delete", subject=edit.subject)
        if call.possible
        and call.begun < ended
        and (call.name == "delete" or call.arguments["replaced"] == word)
    ]
    if int(edit.subject) not in search.result["found"] and edit.ended < search.begun and not gone:
        yield f"transcription {edit.subject}: a search did not find {word}"


def _shown(operation: Operation) -> str:
    return f"{operation.call} -> {operation.result}"


def possible_names(book: Book, number: object, label: str) -> set[str]:
    """Return the names that a speaker may have now. Empty if it was never named."""
    calls = [
        call
        for call in book.calls("name", subject=number)
        if call.possible and call.arguments["label"] == label
    ]
    answered = [call for call in calls if call.acknowledged]
    return {
        call.arguments["given"]
        for call in calls
        if not any(later.begun > (call.ended or float("inf")) for later in answered)
    }


def certain_name(book: Book, number: object, label: str) -> bool:
    """Return whether a speaker was named for sure."""
    return any(
        call.arguments["label"] == label for call in book.acknowledged("name", subject=number)
    )
