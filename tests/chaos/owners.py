"""Owners of recordings at work: they upload, read, edit, name, search, cancel and delete."""

import asyncio
import itertools
import random
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.book import Book, Call
from tests.chaos.clients import (
    Client,
    DeniedError,
    GoneError,
    LostError,
    RefusedError,
    TranscriptPage,
)

#: Words that no recording and no other edit contains.
_MARK = re.compile(r"mark\d+x")
_ATTEMPTS = 4
_POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording that owners upload."""

    kind: str
    content: bytes


@dataclass(kw_only=True)
class Quota:
    """Recordings still to be uploaded, by all owners together."""

    left: int
    numbers: Any = field(default_factory=itertools.count)

    def take(self) -> bool:
        """Return whether there is one more."""
        self.left -= 1
        return self.left >= 0


@dataclass(kw_only=True)
class Owned:
    """A transcription as its owner remembers it."""

    transcription_id: int
    job_id: str
    kind: str
    state: str = "queued"


@dataclass(kw_only=True)
class Owner:
    """One session, used over REST and gRPC at the same time."""

    name: str
    clients: Sequence[Client]
    recordings: Sequence[Recording]
    quota: Quota
    book: Book
    seed: int
    pause_seconds: float
    """Between two calls of a client, in the mean."""

    ahead: int = 3
    """Unfinished recordings at a time."""

    owned: dict[int, Owned] = field(default_factory=dict)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work with every client until stopped."""
        async with asyncio.TaskGroup() as group:
            for place, client in enumerate(self.clients):
                dice = random.Random(f"{self.seed} {self.name} {place}")
                group.create_task(
                    self._work(client, dice, stopping), name=f"{self.name} {client.name}"
                )

    async def _work(self, client: Client, dice: random.Random, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self._act(client, dice)
            await asyncio.sleep(self.pause_seconds * dice.uniform(0.5, 1.5))

    async def _act(self, client: Client, dice: random.Random) -> None:
        """Do one thing that is possible now."""
        unfinished = [one for one in self.owned.values() if one.state in ("queued", "processing")]
        completed = [one for one in self.owned.values() if one.state == "completed"]
        if len(unfinished) < self.ahead and self.quota.take():
            await self.upload(client, dice)
            return
        choice = dice.random()
        if unfinished and choice < 0.45:
            one = dice.choice(unfinished)
            await (self.cancel(client, one) if choice < 0.01 else self.look(client, one))
        elif completed:
            one = dice.choice(completed)
            if choice < 0.75:
                await self.edit(client, dice, one)
            elif choice < 0.8:
                await self.search(client, dice)
            elif choice < 0.9:
                await self.name_speaker(client, dice, one)
            elif choice < 0.93:
                await self.delete(client, one)
            else:
                await self.look(client, one)

    async def upload(self, client: Client, dice: random.Random) -> None:
        """Upload a recording under a name of its own."""
        recording = dice.choice(self.recordings)
        filename = f"{self.name}-{next(self.quota.numbers)}.wav"
        async with self._call(client, "upload", filename, kind=recording.kind) as answer:
            number, job_id = await client.upload(recording.content, filename)
            answer |= {"transcription_id": number, "job_id": job_id}
            self.owned[number] = Owned(transcription_id=number, job_id=job_id, kind=recording.kind)

    async def look(self, client: Client, one: Owned) -> None:
        """Read the state of a job."""
        async with self._call(client, "look", one.job_id) as answer:
            try:
                state = await client.job_state(one.job_id)
            except GoneError:
                state = "gone"
            answer["state"] = state
            if one.state != "gone":
                one.state = state

    async def cancel(self, client: Client, one: Owned) -> None:
        """Cancel a job."""
        async with self._call(client, "cancel", one.job_id):
            await client.cancel(one.job_id)

    async def delete(self, client: Client, one: Owned) -> None:
        """Delete a transcription for good."""
        one.state = "gone"
        async with self._call(client, "delete", one.transcription_id, job_id=one.job_id):
            await client.delete(one.transcription_id)

    async def edit(self, client: Client, dice: random.Random, one: Owned) -> None:
        """Read a transcript and replace one of its words."""
        page = await self.read(client, one)
        if page is None or not page.words or one.state == "gone":
            return
        word = dice.choice(page.words)
        mark = f"mark{next(self.quota.numbers)}x"
        arguments = {
            "word": mark,
            "replaced": mark_of(word.text),
            "base": page.revision,
        }
        async with self._call(client, "edit", one.transcription_id, **arguments) as answer:
            # The same request again, as a client does that got no answer.
            for attempt in range(_ATTEMPTS):
                try:
                    answer["revision"] = await client.replace(
                        one.transcription_id,
                        word.id,
                        mark,
                        revision=page.revision,
                        request_id=mark,
                    )
                    return
                except LostError:
                    if attempt == _ATTEMPTS - 1:
                        raise
                await asyncio.sleep(2**attempt * dice.uniform(0.5, 1))

    async def read(self, client: Client, one: Owned) -> TranscriptPage | None:
        """Read a transcript, None if it is not possible now."""
        page = None
        async with self._call(client, "read", one.transcription_id) as answer:
            page = await client.page(one.transcription_id)
            answer |= {"revision": page.revision, "words": marks(page)}
        return page

    async def name_speaker(self, client: Client, dice: random.Random, one: Owned) -> None:
        """Name a speaker."""
        page = await self.read(client, one)
        if page is None or not page.names or one.state == "gone":
            return
        label = dice.choice(sorted(page.names))
        name = f"Person {next(self.quota.numbers)}"
        async with self._call(client, "name", one.transcription_id, label=label, given=name):
            await client.name_speaker(one.transcription_id, label, name)

    async def search(self, client: Client, dice: random.Random) -> None:
        """Search for the word of an edit of this owner."""
        edits = [call for call in self.book.acknowledged("edit") if int(call.subject) in self.owned]
        if edits:
            word = dice.choice(edits).arguments["word"]
            async with self._call(client, "search", word) as answer:
                answer["found"] = sorted(await client.search(word))

    @asynccontextmanager
    async def _call(
        self, client: Client, name: str, subject: object, **arguments: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Record a call and its outcome. The block puts the result into the yielded mapping."""
        result: dict[str, Any] = {}
        call = self.book.begin(f"{self.name} {client.name}", name, subject, **arguments)
        try:
            yield result
        except DeniedError as error:
            self.book.refuse(call, error)
            self.book.find(f"{_described(call)}: a valid session was refused ({error})")
        except RefusedError as error:
            self.book.refuse(call, error)
        except LostError as error:
            self.book.lose(call, error)
        else:
            self.book.acknowledge(call, **result)


async def until_done(book: Book, wanted: Mapping[str, int], *, seconds: float) -> None:
    """Wait until calls were carried out, in numbers by name. Too long a wait is a finding."""
    deadline = time.monotonic() + seconds
    while True:
        missing = [name for name in wanted if len(book.acknowledged(name)) < wanted[name]]
        if not missing:
            return
        if time.monotonic() > deadline:
            book.find(f"the clients had too few answers within {seconds:.0f} s: {missing}")
            return
        await asyncio.sleep(_POLL_SECONDS)


def mark_of(text: str) -> str:
    """Return the word of an edit in a text, empty if there is none."""
    found = _MARK.search(text)
    return found.group() if found else ""


def marks(page: TranscriptPage) -> list[str]:
    """Return the words of edits in a transcript."""
    return sorted(mark for word in page.words if (mark := mark_of(word.text)))


def _described(call: Call) -> str:
    arguments: Mapping[str, Any] = call.arguments
    return f"{call.actor}: {call.name} {call.subject} {arguments}"
