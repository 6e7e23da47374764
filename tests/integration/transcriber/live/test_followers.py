"""Followers of live sessions: the same results for whoever may read, and for nobody else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from nats.aio.client import Client

from common import bus
from common.errors import (
    ApplicationError,
    AuthorizationError,
    NotFoundError,
    StateError,
    ValidationError,
)
from securetranscribe.v1 import live_pb2, sharing_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.live.fake_recognizer import (
    FakeRecognizer,
    RunningRecognizer,
    running,
    words,
)
from tests.integration.transcriber.live.living import begin, resume, stream
from tests.integration.transcriber.sharing.sharing import VIEWER, Person
from transcriber.live.announcements import Announcements

_PATIENCE_SECONDS = 120.0


@pytest.fixture
async def recognizer() -> AsyncIterator[RunningRecognizer]:
    async with running(FakeRecognizer()) as found:
        yield found


@pytest.fixture
async def api(apis: ApiFactory, recognizer: RunningRecognizer) -> AsyncIterator[Api]:
    async with apis.run(speech_grpc=recognizer.address) as started:
        yield started


class Audience:
    """Somebody who follows a session, and everything that has come."""

    def __init__(self, messages: AsyncIterator[live_pb2.FollowLiveResponse]) -> None:
        self._messages = messages
        self._changed = asyncio.Event()
        self.responses: list[live_pb2.FollowLiveResponse] = []
        self.failure: ApplicationError | None = None
        self.done = False

    def of(self, kind: str) -> list[Any]:
        """Return the responses of a kind."""
        return [
            getattr(one, kind)
            for one in self.responses
            if one.WhichOneof("follow_response") == kind
        ]

    @property
    def words(self) -> list[str]:
        """All words of final texts, as they came."""
        return [word.text for final in self.of("final") for word in final.words]

    async def until(self, reached: Callable[[], Any]) -> Any:
        """Wait for a condition, and return its value."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not (value := reached()):
                self._changed.clear()
                await self._changed.wait()
        return value

    async def read(self) -> None:
        """Take all responses in."""
        try:
            async for response in self._messages:
                self.responses.append(response)
                self._changed.set()
        except ApplicationError as error:
            self.failure = error
        self.done = True
        self._changed.set()


@contextlib.asynccontextmanager
async def following(person: Person, number: int, after: int = 0) -> AsyncIterator[Audience]:
    """Follow a session until the end of the block, or until it ends."""
    found = Audience(person.stream("FollowLive", transcription_id=number, after_sequence=after))
    reading = asyncio.create_task(found.read())
    try:
        await found.until(lambda: found.responses or found.failure)
        yield found
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_whole_session_is_followed_elsewhere(
    api: Api, apis: ApiFactory, recognizer: RunningRecognizer
) -> None:
    recognizer.fake.labels = True
    async with apis.run() as other, stream(api, begin()) as live:
        number = live.begun.transcription_id
        await live.say(0, 4)
        await live.until(lambda: live.of("final"))
        async with following(Person(other, "a"), number) as late:
            await live.say(4, 10)
            await late.until(lambda: len(late.of("final")) == 2 and late.of("speaker"))
            await live.finish(10)
            await late.until(lambda: late.done)
        await live.ended()

        assert late.words == words(0, 10)
        begun, ended = late.responses[0].begun, late.responses[-1].ended
        assert (begun.transcription_id, begun.last_sequence) == (number, 1)
        assert ended.transcription_id == number
        assert not begun.HasField("capture")
        assert not ended.HasField("capture")
        assert late.of("draft")
        assert late.of("lag")
        sequences = [one.sequence for one in (*late.of("final"), *late.of("speaker"))]
        assert sorted(sequences) == [*range(1, live.last_sequence + 1)]


async def test_followed_from_a_sequence(api: Api) -> None:
    async with stream(api, begin()) as live:
        await live.say(0, 8)
        await live.until(lambda: len(live.of("final")) == 2)
        number = live.begun.transcription_id
        async with following(Person(api, "a"), number, after=1) as late:
            await late.until(lambda: late.of("final"))
            assert late.words == words(4, 8)
            await live.say(8, 12)
            await late.until(lambda: late.words == words(4, 12))


async def test_results_that_were_not_announced(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Announcements, "put", lambda *_: None)
    async with stream(api, begin()) as live:
        async with following(Person(api, "a"), live.begun.transcription_id) as late:
            await live.say(0, 10)
            await late.until(lambda: late.words == words(0, 8))
            await live.finish(10)
            await late.until(lambda: late.done)
        assert late.words == words(0, 10)
        assert late.responses[-1].HasField("ended")


async def test_one_subscription_for_all_and_slow_followers_lose_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = []
    subscribe = Client.subscribe

    async def counted(self: Client, subject: str, *args: Any, **options: Any) -> Any:
        subjects.append(subject)
        return await subscribe(self, subject, *args, **options)

    monkeypatch.setattr(Client, "subscribe", counted)
    end = 120
    async with stream(api, begin()) as live, contextlib.AsyncExitStack() as stack:
        number = live.begun.transcription_id
        slow = Audience(Person(api, "a").stream("FollowLive", transcription_id=number))
        slow.responses.append(await anext(slow._messages))
        audience = [
            await stack.enter_async_context(following(Person(api, "a"), number)) for _ in range(5)
        ]
        await live.say(0, end)
        for one in audience:
            await one.until(lambda one=one: len(one.words) == end)  # type: ignore[misc]
        assert not slow.of("final")
        await live.finish(end)
        await slow.read()
    assert [one.words for one in (*audience, slow)] == [words(0, end)] * 6
    assert [one for one in subjects if ".live." in one] == [bus.live_subject(number)]


async def test_shared_sessions_until_the_share_ends(api: Api) -> None:
    async with stream(api, begin(), "lo@alpha;user=olga;role=editor") as live:
        number = live.begun.transcription_id
        owner, ann = Person(api, "lo@alpha;user=olga;role=editor"), Person(api, "x@y;user=ann")
        async with following(ann, number) as stranger:
            assert isinstance(stranger.failure, NotFoundError)
        share = await owner.share(number, VIEWER, user_id="ann")
        async with following(ann, number) as follower:
            await live.say(0, 4)
            await follower.until(lambda: follower.words == words(0, 4))
            await owner.call("RevokeShare", transcription_id=number, share_id=share.share_id)
            assert isinstance(await follower.until(lambda: follower.failure), NotFoundError)
        await live.say(4, 8)
        await live.until(lambda: live.words == words(0, 8))
        assert follower.words == words(0, 4)


async def test_openers_of_links_until_these_are_revoked(api: Api) -> None:
    async with stream(api, begin(), "lo@alpha;user=olga;role=editor") as live:
        number = live.begun.transcription_id
        owner = Person(api, "lo@alpha;user=olga;role=editor")
        answer = await owner.call("CreateLink", transcription_id=number)
        link: sharing_pb2.Link = answer.link
        visitor = Person(api, f"visitor;link={link.link_id}")
        async with following(visitor, number) as follower:
            await live.say(0, 4)
            await follower.until(lambda: follower.words == words(0, 4))
            await owner.call("RevokeLink", transcription_id=number, link_id=link.link_id)
            assert isinstance(await follower.until(lambda: follower.failure), NotFoundError)
        async with following(Person(api, "guess;link=link_x"), number) as guess:
            assert isinstance(guess.failure, NotFoundError)


async def test_tokens_need_the_scope_to_read(api: Api) -> None:
    async with stream(api, begin(), "a@a;user=ann;role=editor") as live:
        number = live.begun.transcription_id
        for name, kind in (
            ("a@a;user=ann;role=viewer;scopes=write", AuthorizationError),
            ("nobody", NotFoundError),
        ):
            async with following(Person(api, name), number) as follower:
                assert isinstance(follower.failure, kind)
        async with following(Person(api, "a@a;user=bob;role=viewer"), number) as follower:
            assert follower.of("begun")


async def test_what_is_not_live(api: Api) -> None:
    number = await api.caller().upload_id()
    async with following(Person(api, "a"), number) as follower:
        assert isinstance(follower.failure, StateError)
        assert follower.failure.details == {"reason": "NOT_LIVE"}
    async with following(Person(api, "a"), number, after=-1) as follower:
        assert isinstance(follower.failure, ValidationError)


async def test_ended_and_discarded_sessions(api: Api) -> None:
    async with stream(api, begin()) as live:
        number = live.begun.transcription_id
        await live.say(0, 4)
        await live.finish(4)
        await live.ended()
        async with following(Person(api, "a"), number) as late:
            await late.until(lambda: late.done)
        assert late.words == words(0, 4)
        assert late.responses[-1].ended.transcription_id == number
    async with (
        stream(api, begin()) as live,
        following(Person(api, "a"), live.begun.transcription_id) as follower,
    ):
        await api.caller().delete(live.begun.transcription_id)
        await follower.until(lambda: follower.done)
        assert follower.failure is None or isinstance(follower.failure, NotFoundError)


async def test_session_goes_on_when_its_recorder_moves(
    api: Api, apis: ApiFactory, recognizer: RunningRecognizer
) -> None:
    async with apis.run(speech_grpc=recognizer.address) as other:
        async with stream(api, begin()) as live:
            number, capture_id = live.begun.transcription_id, live.capture_id
            await live.say(0, 4)
            await live.until(lambda: live.next_chunk == 4 and live.of("final"))
        async with following(Person(api, "a"), number) as follower:
            async with stream(other, resume(capture_id, 1)) as live:
                await live.say(4, 8)
                await live.finish(8)
                await live.ended()
            await follower.until(lambda: follower.done)
        assert follower.words == words(0, 8)
