"""The examiner finds every fault that is planted in a stack without faults."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from minio import Minio

from securetranscribe import AsyncSecureTranscribeClient
from securetranscribe.errors import ConnectionFailedError, NotFoundError
from tests.chaos import verdict
from tests.chaos.book import Book
from tests.chaos.verdict import Examiner, Verdict

TEXT = "good morning"


@dataclass
class FakeSession:
    """What a session has: one transcription with one edit and one name."""

    items: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": 7,
                "original_filename": "a.wav",
                "status": "completed",
                "progress_percentage": 100,
            }
        ]
    )
    revisions: dict[int, str] = field(default_factory=lambda: {1: TEXT, 2: "mark1x morning"})
    name: str = "Ann"
    found: bool = True
    error: dict[str, str] | None = None

    async def find_transcriptions(self) -> AsyncIterator[dict[str, Any]]:
        for item in self.items:
            yield item

    async def get_status(self, number: int) -> dict[str, Any]:
        (item,) = [one for one in self.items if one["id"] == number]
        return {**item, "error": self.error, "full_transcript": self.revisions[1]}

    async def read_transcript(
        self, _: int, *, revision: int | None = None, words: bool = True
    ) -> dict[str, Any]:
        newest = max(self.revisions)
        text = self.revisions[revision or newest]
        segment = {
            "text": text,
            "speaker_label": "Speaker_1",
            "speaker": self.name,
            "words": [{"id": one, "text": one} for one in text.split()],
        }
        return {"revision": revision or newest, "segments": [segment]}

    async def list_revisions(self, _: int) -> dict[str, Any]:
        return {"revisions": [{"revision": one} for one in self.revisions]}

    async def search_page(self, _: str) -> dict[str, Any]:
        return {"hits": [{"transcription_id": one["id"]} for one in self.items if self.found]}


@dataclass
class FakeStore:
    """Keys of objects."""

    keys: list[str] = field(default_factory=lambda: ["7/source"])

    def list_objects(self, _: str, *, recursive: bool) -> list[SimpleNamespace]:
        assert recursive
        return [SimpleNamespace(object_name=key) for key in self.keys]


@dataclass
class World:
    """Everything that the examiner looks at."""

    book: Book
    session: FakeSession = field(default_factory=FakeSession)
    store: FakeStore = field(default_factory=FakeStore)
    completions: Counter[str] = field(default_factory=lambda: Counter({"job_1": 1}))
    also: dict[str, str] = field(default_factory=dict)

    async def examine(self) -> Verdict:
        sessions = {"ann": cast("AsyncSecureTranscribeClient", self.session)}
        examiner = Examiner(
            book=self.book,
            sessions=sessions,
            expected={"short": TEXT, "live": TEXT},
            also=self.also,
        )

        async def published() -> Counter[str]:
            return self.completions

        return await examiner.examine(published, cast("Minio", self.store))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(verdict, "_STANDSTILL_SECONDS", 0.0)
    monkeypatch.setattr(verdict, "_POLL_SECONDS", 0.0)
    book = Book(path=tmp_path / "book.jsonl")
    upload = book.begin("ann rest", "upload", "a.wav", kind="short")
    book.acknowledge(upload, transcription_id=7, job_id="job_1")
    edit = book.begin("ann rest", "edit", 7, word="mark1x", replaced="")
    book.acknowledge(edit, revision=2)
    name = book.begin("ann grpc", "name", 7, label="Speaker_1", given="Ann")
    book.acknowledge(name)
    return World(book=book)


async def test_busy_stack_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "_STANDSTILL_SECONDS", 60.0)
    failures = [ConnectionFailedError("reset"), ConnectionFailedError("reset")]

    async def fail(number: int) -> dict[str, Any]:
        if failures:
            raise failures.pop()
        return await FakeSession.get_status(world.session, number)

    monkeypatch.setattr(world.session, "get_status", fail)
    assert (await world.examine()).findings == []
    assert failures == []


def vanish(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the transcription go after it was listed."""

    async def gone(*_: object, **__: object) -> dict[str, Any]:
        raise NotFoundError(status=404, code="NOT_FOUND", message="Gone.", details={})

    for name in ("get_status", "read_transcript"):
        monkeypatch.setattr(world.session, name, gone)


async def test_late_deletion_is_no_loss(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vanish(world, monkeypatch)
    world.book.lose(world.book.begin("ann rest", "delete", 7, job_id="job_1"), "no answer")
    assert (await world.examine()).findings == []


@pytest.mark.parametrize(("seconds", "lost"), [(0.1, True), (30.0, False)])
async def test_deletion_that_was_sent_again_may_have_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch, seconds: float, *, lost: bool
) -> None:
    vanish(world, monkeypatch)
    deletion = world.book.begin("ann rest", "delete", 7, job_id="job_1")
    world.book.refuse(deletion, "NOT_FOUND: There is no such transcription.")
    deletion.ended = deletion.begun + seconds
    finding = "a.wav (transcription 7) is lost"
    assert (finding in (await world.examine()).findings) == lost


async def test_transcription_that_vanishes_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vanish(world, monkeypatch)
    assert "a.wav (transcription 7) is lost" in (await world.examine()).findings


async def test_stack_without_faults(world: World) -> None:
    found = await world.examine()
    assert found.findings == []
    assert found.counts["completed"] == 1
    assert found.counts["upload acknowledged"] == 1


async def test_text_of_another_release_is_accepted(world: World) -> None:
    world.session.revisions[1] = "Good morning."
    world.also["short"] = "Good morning."
    assert (await world.examine()).findings == []


def speak(world: World, *, finals: list[str], awaited: bool) -> None:
    """Let a live session end with some text."""
    call = world.book.begin("ann", "live")
    world.book.acknowledge(call, transcription_id=7, finals=finals, awaited=awaited)


async def test_live_text_may_be_late_if_its_client_knows(world: World) -> None:
    speak(world, finals=[TEXT], awaited=False)
    speak(world, finals=[], awaited=True)
    assert (await world.examine()).findings == []


def lose_live_text(world: World) -> None:
    speak(world, finals=[], awaited=False)


def lose_live_words(world: World) -> None:
    speak(world, finals=[TEXT], awaited=True)
    world.session.revisions[1] = ""


def lose_recording(world: World) -> None:
    world.session.items.clear()


def upload_twice(world: World) -> None:
    world.session.items.append({**world.session.items[0], "id": 8})


def keep_refused_upload(world: World) -> None:
    world.book.refuse(world.book.begin("ann rest", "upload", "b.wav", kind="short"), "full")
    world.session.items.append({**world.session.items[0], "id": 8, "original_filename": "b.wav"})


def complete_twice(world: World) -> None:
    world.completions["job_1"] = 2


def complete_silently(world: World) -> None:
    world.completions.clear()


def never_end(world: World) -> None:
    world.session.items[0]["status"] = "processing"


def fail_without_a_reason(world: World) -> None:
    world.session.items[0]["status"] = "failed"


def repeat_words(world: World) -> None:
    world.session.revisions[1] = f"{TEXT} {TEXT}"


def lose_edit(world: World) -> None:
    world.session.revisions[2] = TEXT


def edit_twice(world: World) -> None:
    world.session.revisions |= {3: TEXT, 4: "mark1x morning"}


def lose_name(world: World) -> None:
    world.session.name = "Speaker_1"


def hide_from_search(world: World) -> None:
    world.session.found = False


def undo_deletion(world: World) -> None:
    world.book.acknowledge(world.book.begin("ann rest", "delete", 7, job_id="job_1"))


def keep_objects(world: World) -> None:
    undo_deletion(world)
    world.session.items.clear()


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (lose_recording, "a.wav (transcription 7) is lost"),
        (lose_live_text, "live session 7 showed 0% of its words, without a notice"),
        (lose_live_words, "live session 7 ended as completed with 0% of its words"),
        (upload_twice, "a.wav was uploaded once and is there 2 times"),
        (keep_refused_upload, "b.wav is there although it was refused"),
        (complete_twice, "job job_1 was completed 2 times"),
        (complete_silently, "job job_1 is completed, by 0 events"),
        (never_end, "ann: jobs stand still"),
        (fail_without_a_reason, "a.wav (transcription 7) ended as failed"),
        (repeat_words, "transcription 7 (short) has another text: good morning good morning"),
        (lose_edit, "transcription 7: mark1x was written 0 times"),
        (edit_twice, "transcription 7: mark1x was written 2 times"),
        (lose_name, "transcription 7: Speaker_1 is 'Speaker_1' instead of ['Ann']"),
        (hide_from_search, "transcription 7: the search does not find mark1x"),
        (undo_deletion, "transcription 7 is there after its deletion"),
        (keep_objects, "2 objects of deleted transcriptions, as ['audio/7/source'"),
    ],
)
async def test_planted_fault_is_found(
    world: World, plant: Callable[[World], None], finding: str
) -> None:
    plant(world)
    found = (await world.examine()).findings
    assert any(one.startswith(finding) for one in found), found
