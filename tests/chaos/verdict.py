"""Comparison of the book with the stack, once all faults have ended."""

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import nats.errors
from minio import Minio

from common import bus
from common.errors import UnavailableError
from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    NotFoundError,
    ServiceUnavailableError,
)
from tests.chaos import histories
from tests.chaos.book import Book, Call
from tests.chaos.clients import GoneError, LostError, RestClient
from tests.chaos.live import similarity
from tests.chaos.owners import mark_of, marks

#: Without any change for this time, a job has stopped. After outages, work is tried again after
#: pauses of up to five minutes.
_STANDSTILL_SECONDS = 900.0
_POLL_SECONDS = 1.0
#: A call that is answered sooner was sent once.
_SENT_AGAIN_SECONDS = 1.0
#: Live text has less context, and faults cost it sound that the recording still has.
_LEAST_SIMILARITY = 0.8
_BUCKETS = ("audio", "results")
#: Errors of a stack that is busy, or that has just become healthy.
_PASSING = (
    LostError,
    ConnectionFailedError,
    DeadlineExceededError,
    ServiceUnavailableError,
    UnavailableError,
    nats.errors.Error,
    OSError,
)
Answer = TypeVar("Answer")


@dataclass(kw_only=True)
class Verdict:
    """All findings, and what was counted."""

    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """Reasons of failed jobs."""


@dataclass(kw_only=True)
class Examiner:
    """Reads everything that the owners have, without faults in between."""

    book: Book
    sessions: Mapping[str, AsyncSecureTranscribeClient]
    """Clients by owner."""

    expected: Mapping[str, str]
    """Texts of recordings by kind."""

    also: Mapping[str, str] = field(default_factory=dict)
    """Texts that another release recognizes."""

    verdict: Verdict = field(default_factory=Verdict)

    async def examine(
        self, published: Callable[[], Awaitable[Counter[str]]], store: Minio
    ) -> Verdict:
        """Return the verdict. `published` counts the events about completed jobs by job."""
        listed: dict[int, dict[str, Any]] = {}
        for owner, api in self.sessions.items():
            items = await _settled(api, owner, self._find)
            listed |= {one["id"]: one for one in items}
            self._check_files(owner, items)
        completions = await self._published(published, listed)
        for upload in self.book.acknowledged("upload"):
            await self._check_upload(upload, listed, completions)
        for call in self.book.acknowledged("live"):
            await self._check_live(call)
        for call in self.book.acknowledged("delete"):
            if int(call.subject) in listed:
                self._find(f"transcription {call.subject} is there after its deletion")
        await self._check_transcripts(listed)
        for finding in histories.findings(self.book):
            self._find(finding)
        await self._check_objects(store)
        self._count(listed)
        self.verdict.findings = list(dict.fromkeys([*self.book.findings, *self.verdict.findings]))
        return self.verdict

    async def _published(
        self,
        published: Callable[[], Awaitable[Counter[str]]],
        listed: Mapping[int, Mapping[str, Any]],
    ) -> Counter[str]:
        """Wait for the events of all completed jobs. They follow the transaction that decides."""
        expected = {
            call.result["job_id"]
            for call in self.book.acknowledged("upload")
            if call.result is not None
            and listed.get(call.result["transcription_id"], {}).get("status") == "completed"
        }
        deadline = time.monotonic() + _STANDSTILL_SECONDS
        while True:
            found = await _answer(published)
            if not expected - found.keys() or time.monotonic() > deadline:
                return found
            await asyncio.sleep(_POLL_SECONDS)

    def _find(self, finding: str) -> None:
        self.verdict.findings.append(finding)

    def _check_files(self, owner: str, items: Sequence[Mapping[str, Any]]) -> None:
        """Every upload made at most one recording, and refused ones made none."""
        uploads = {
            call.subject: call
            for call in self.book.calls("upload")
            if call.actor.split()[0] == owner
        }
        counts = Counter(
            one["original_filename"] for one in items if one["original_filename"] in uploads
        )
        for filename, count in counts.items():
            if count > 1:
                self._find(f"{filename} was uploaded once and is there {count} times")
            if not uploads[filename].possible:
                self._find(f"{filename} is there although it was refused")

    async def _check_upload(
        self, upload: Call, listed: Mapping[int, Mapping[str, Any]], completions: Counter[str]
    ) -> None:
        assert upload.result is not None
        number, job_id = upload.result["transcription_id"], upload.result["job_id"]
        owner = upload.actor.split()[0]
        deletions = [
            one
            for one in self.book.calls("delete", subject=number)
            if one.possible or _may_have_deleted(one)
        ]
        if completions[job_id] > 1:
            self._find(f"job {job_id} was completed {completions[job_id]} times")
        state = await self._state(owner, number) if number in listed else None
        if state is None:
            if not deletions:
                self._find(f"{upload.subject} (transcription {number}) is lost")
            return
        cancels = [one for one in self.book.calls("cancel", subject=job_id) if one.possible]
        match state["status"]:
            case "completed":
                self.verdict.counts["completed"] += 1
                if completions[job_id] != 1:
                    self._find(f"job {job_id} is completed, by {completions[job_id]} events")
                await self._check_text(owner, number, upload.arguments["kind"])
            case "failed" if state["error"]:
                self.verdict.counts["failed"] += 1
                self.verdict.failures[state["error"]["code"]] += 1
            case "pending" if cancels:
                self.verdict.counts["cancelled"] += 1
            case status:
                self._find(f"{upload.subject} (transcription {number}) ended as {status}")

    async def _state(self, owner: str, number: int) -> Mapping[str, Any] | None:
        """Return a transcription, None if it was deleted meanwhile."""
        try:
            return await _answer(lambda: self.sessions[owner].get_status(number))
        except NotFoundError:
            return None

    async def _check_text(self, owner: str, number: int, kind: str) -> None:
        """Every word of the recording was recognized once."""
        api = self.sessions[owner]
        page = await _answer(lambda: api.read_transcript(number, revision=1, words=False))
        text = " ".join(segment["text"] for segment in page["segments"])
        if text not in (self.expected[kind], self.also.get(kind)):
            self._find(f"transcription {number} ({kind}) has another text: {text[:200]}")

    async def _check_live(self, call: Call) -> None:
        assert call.result is not None
        number = call.result["transcription_id"]
        state = await _answer(lambda: self.sessions[call.actor].get_status(number))
        share = similarity(state["full_transcript"] or "", self.expected["live"])
        if state["status"] != "completed" or share < _LEAST_SIMILARITY:
            self._find(
                f"live session {number} ended as {state['status']} with {share:.0%} of its words"
            )
        shown = similarity(" ".join(call.result["finals"]), self.expected["live"])
        if shown < _LEAST_SIMILARITY and not call.result["awaited"]:
            self._find(f"live session {number} showed {shown:.0%} of its words, without a notice")

    async def _check_transcripts(self, listed: Collection[int]) -> None:
        """Every edit and name is there, and the search finds the edits."""
        numbers = {int(call.subject): call for call in self.book.acknowledged("edit", "name")}
        for number in sorted(numbers.keys() & set(listed)):
            owner = numbers[number].actor.split()[0]
            api = self.sessions[owner]
            client = RestClient(api=api)
            call = self.book.begin(f"{owner} examiner", "read", number)
            try:
                page = await _answer(functools.partial(client.page, number))
            except GoneError as error:
                # By a deletion without an answer, or against all promises: the history tells.
                self.book.refuse(call, error)
                continue
            self.book.acknowledge(call, revision=page.revision, words=marks(page))
            await self._check_revisions(api, number)
            for label, name in page.names.items():
                names = histories.possible_names(self.book, number, label)
                if histories.certain_name(self.book, number, label) and name not in names:
                    self._find(
                        f"transcription {number}: {label} is {name!r} instead of {sorted(names)}"
                    )
            for mark in marks(page)[:2]:
                if number not in await _answer(functools.partial(client.search, mark)):
                    self._find(f"transcription {number}: the search does not find {mark}")

    async def _check_revisions(self, api: AsyncSecureTranscribeClient, number: int) -> None:
        """Every edit made one revision, which still has its word."""
        history = await _answer(lambda: api.list_revisions(number))
        kinds = Counter(one["revision"] for one in history["revisions"])
        written: Counter[str] = Counter()
        before: set[str] = set()
        for revision in sorted(kinds):
            page = await _answer(functools.partial(api.read_transcript, number, revision=revision))
            words = {
                mark
                for segment in page["segments"]
                for word in segment["words"]
                if (mark := mark_of(word["text"]))
            }
            written.update(words - before)
            before = words
        for call in self.book.calls("edit", subject=number):
            times = written[call.arguments["word"]]
            if times != 1 if call.acknowledged else times > call.possible:
                self._find(
                    f"transcription {number}: {call.arguments['word']} was written {times} times"
                )

    async def _check_objects(self, store: Minio) -> None:
        """Nothing is left in the object store of deleted transcriptions."""
        deleted = {call.subject for call in self.book.acknowledged("delete")}
        deadline = time.monotonic() + _STANDSTILL_SECONDS
        while left := await asyncio.to_thread(lambda: sorted(_objects(store, deleted))):
            if time.monotonic() > deadline:
                self._find(f"{len(left)} objects of deleted transcriptions, as {left[:5]}")
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _count(self, listed: Mapping[int, object]) -> None:
        counts = self.verdict.counts
        counts["listed"] = len(listed)
        for call in self.book.records:
            outcome = "acknowledged" if call.acknowledged else "lost"
            counts[f"{call.name} {outcome if call.possible else 'refused'}"] += 1


async def _settled(
    api: AsyncSecureTranscribeClient, owner: str, find: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Return the transcriptions of a session once all jobs have ended."""
    changed, before = time.monotonic(), ""
    while True:
        items = await _answer(lambda: _all(api))
        busy = [one for one in items if one["status"] == "processing"]
        if not busy:
            return items
        state = str(sorted((one["id"], one["progress_percentage"]) for one in busy))
        if state != before:
            changed, before = time.monotonic(), state
        elif time.monotonic() - changed > _STANDSTILL_SECONDS:
            find(f"{owner}: jobs stand still, as (transcription, percent) {state}")
            return items
        await asyncio.sleep(_POLL_SECONDS)


async def _all(api: AsyncSecureTranscribeClient) -> list[dict[str, Any]]:
    return [one async for one in api.find_transcriptions()]


def _may_have_deleted(call: Call) -> bool:
    """Return whether a deletion was sent again, and found that an attempt before it did it all."""
    lasted = 0.0 if call.ended is None else call.ended - call.begun
    return call.refusal.startswith("NOT_FOUND") and lasted > _SENT_AGAIN_SECONDS


async def _answer(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Return an answer. Ask again while the stack is busy, for as long as work may stand still."""
    deadline = time.monotonic() + _STANDSTILL_SECONDS
    while True:
        try:
            return await ask()
        except _PASSING:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_POLL_SECONDS)


def _objects(store: Minio, numbers: Collection[str]) -> Iterator[str]:
    """Yield the objects of some transcriptions."""
    for bucket in _BUCKETS:
        for one in store.list_objects(bucket, recursive=True):
            if str(one.object_name).partition("/")[0] in numbers:
                yield f"{bucket}/{one.object_name}"


async def completions(url: str) -> Counter[str]:
    """Return the number of completion events per job. `url` is that of a NATS user."""
    client = await bus.connect(url, name="tests")
    try:
        info = await client.jetstream().stream_info(
            bus.EVENTS_STREAM, subjects_filter=bus.event_subject("*", "job", "*", "completed")
        )
    finally:
        await client.close()
    subjects = info.state.subjects or {}
    return Counter({subject.split(".")[-2]: count for subject, count in subjects.items()})
