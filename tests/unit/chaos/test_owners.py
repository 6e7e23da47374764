import random
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.chaos import owners
from tests.chaos.book import Book
from tests.chaos.clients import (
    Client,
    DeniedError,
    GoneError,
    LostError,
    RefusedError,
    TranscriptPage,
    Word,
)
from tests.chaos.owners import Owned, Owner, Quota, Recording, marks, until_done


@dataclass
class FakeClient:
    """A session with one transcript. Its next calls fail with `errors`, by their names."""

    name: str = "rest"
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    text: str = "good"
    revision: int = 1

    def _call(self, name: str, *values: object) -> None:
        self.calls.append(" ".join((name, *map(str, values))))
        if self.errors.get(name):
            raise self.errors[name].pop(0)

    async def upload(self, recording: bytes, filename: str) -> tuple[int, str]:
        self._call("upload", recording.decode(), filename)
        return 7, "job_1"

    async def job_state(self, job_id: str) -> str:
        self._call("look", job_id)
        return "completed"

    async def cancel(self, job_id: str) -> None:
        self._call("cancel", job_id)

    async def page(self, transcription_id: int) -> TranscriptPage:
        self._call("page", transcription_id)
        words = (Word(id="w1", text=self.text),)
        return TranscriptPage(revision=self.revision, words=words, names={"Speaker_1": ""})

    async def replace(
        self, transcription_id: int, word: str, text: str, *, revision: int, request_id: str
    ) -> int:
        self._call("replace", transcription_id, word, text, revision, request_id)
        self.text, self.revision = text, revision + 1
        return self.revision

    async def name_speaker(self, transcription_id: int, label: str, name: str) -> None:
        self._call("name", transcription_id, label, name)

    async def delete(self, transcription_id: int) -> None:
        self._call("delete", transcription_id)

    async def search(self, word: str) -> set[int]:
        self._call("search", word)
        return {7}


ONE = Owned(transcription_id=7, job_id="job_1", kind="short", state="completed")


@dataclass
class Work:
    """An owner with a client, and short forms of its acts."""

    owner: Owner
    client: Client
    fake: FakeClient

    @property
    def book(self) -> Book:
        return self.owner.book

    async def edit(self) -> None:
        await self.owner.edit(self.client, random.Random(1), ONE)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    async def at_once(_: float) -> None:
        return

    # Of this module only: other tasks of the loop go on sleeping.
    monkeypatch.setattr(owners, "asyncio", SimpleNamespace(sleep=at_once))
    fake = FakeClient()
    owner = Owner(
        name="ann",
        clients=(fake,),
        recordings=(Recording(kind="short", content=b"sound"),),
        quota=Quota(left=2),
        book=Book(path=tmp_path / "book.jsonl"),
        seed=1,
        pause_seconds=0.0,
    )
    return Work(owner=owner, client=fake, fake=fake)


async def test_recordings_are_uploaded_under_names_of_their_own(work: Work) -> None:
    for _ in range(2):
        await work.owner.upload(work.client, random.Random(1))
    assert work.fake.calls == ["upload sound ann-0.wav", "upload sound ann-1.wav"]
    (one, _) = work.book.acknowledged("upload")
    assert (one.actor, one.subject) == ("ann rest", "ann-0.wav")
    assert one.result == {"transcription_id": 7, "job_id": "job_1"}
    assert work.owner.owned[7].kind == "short"


async def test_edit_takes_the_place_of_an_earlier_one(work: Work) -> None:
    await work.edit()
    await work.edit()
    first, second = work.book.acknowledged("edit")
    assert first.arguments == {"word": "mark0x", "replaced": "", "base": 1}
    assert second.arguments == {"word": "mark1x", "replaced": "mark0x", "base": 2}
    assert second.result == {"revision": 3}


async def test_edit_without_an_answer_is_sent_again_as_the_same_request(work: Work) -> None:
    work.fake.errors = {"replace": [LostError("cut"), LostError("cut")]}
    await work.edit()
    sent = [call for call in work.fake.calls if call.startswith("replace")]
    assert sent == ["replace 7 w1 mark0x 1 mark0x"] * 3
    (edit,) = work.book.calls("edit")
    assert edit.result == {"revision": 2}


async def test_edit_that_is_never_answered_is_lost(work: Work) -> None:
    work.fake.errors = {"replace": [LostError("cut") for _ in range(10)]}
    await work.edit()
    (edit,) = work.book.calls("edit")
    assert (edit.acknowledged, edit.possible, edit.loss) == (False, True, "cut")


async def test_refused_edit_is_not_sent_again(work: Work) -> None:
    work.fake.errors = {"replace": [RefusedError("conflict")]}
    await work.edit()
    (edit,) = work.book.calls("edit")
    assert not edit.possible


@pytest.mark.parametrize(
    ("error", "acknowledged", "possible", "findings"),
    [
        (RefusedError("conflict"), False, False, 0),
        (LostError("cut"), False, True, 0),
        (DeniedError("no such session"), False, False, 1),
    ],
)
async def test_outcomes_are_recorded(
    work: Work, error: Exception, acknowledged: bool, possible: bool, findings: int
) -> None:
    work.fake.errors = {"cancel": [error]}
    await work.owner.cancel(work.client, ONE)
    (call,) = work.book.calls("cancel")
    assert (call.acknowledged, call.possible) == (acknowledged, possible)
    assert len(work.book.findings) == findings


async def test_missing_job_is_an_answer(work: Work) -> None:
    work.fake.errors = {"look": [GoneError("NOT_FOUND")]}
    await work.owner.look(work.client, ONE)
    (call,) = work.book.acknowledged("look")
    assert call.result == {"state": "gone"}


async def test_everything_is_done_at_some_time(work: Work) -> None:
    dice, kinds = random.Random(1), {"upload", "look", "read", "edit", "name", "search", "delete"}
    for _ in range(2000):
        await work.owner._act(work.client, dice)
        for one in work.owner.owned.values():
            one.state = dice.choice(("processing", "completed"))
    assert {call.name for call in work.book.records} == kinds | {"cancel"}
    assert len(work.book.acknowledged("upload")) == 2


async def test_enough_answers_end_the_wait(work: Work) -> None:
    await work.owner.look(work.client, ONE)
    await until_done(work.book, {"look": 1}, seconds=0.0)
    assert work.book.findings == []


async def test_too_few_answers_are_a_finding(work: Work) -> None:
    await until_done(work.book, {"look": 1}, seconds=0.0)
    assert work.book.findings == ["the clients had too few answers within 0 s: ['look']"]


@pytest.mark.parametrize(
    ("text", "found"), [("mark12x", ["mark12x"]), ("Mark12x,", []), ("a mark3x.", ["mark3x"])]
)
def test_words_of_edits_are_recognized(text: str, found: list[str]) -> None:
    page = TranscriptPage(revision=1, words=(Word(id="w", text=text),), names={})
    assert marks(page) == found
