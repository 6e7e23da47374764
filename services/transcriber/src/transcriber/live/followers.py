"""Followers: whoever may read a transcription sees its live session without sending sound."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, cancellation, logging
from common.errors import (
    ApplicationError,
    ResourceExhaustedError,
    StateError,
    TimedOutError,
    UnavailableError,
)
from common.identity import Grant
from common.postgres import Database
from securetranscribe.v1 import live_pb2
from transcriber.domain.live import LiveSegment
from transcriber.live import messages
from transcriber.live.feed import MOST_RECENT, Message, SessionFeed
from transcriber.store.live import LiveState, LiveTexts

#: Streams of followers of one process. Other calls keep room besides.
MOST_FOLLOWERS = 500
#: How often (seconds) the tables are read for what was not announced, once per session.
_LOOK_SECONDS = 2.0
#: How often (seconds) access is checked, once per kind of caller.
_CHECKED_SECONDS = 0.5
_READ_AT_A_TIME = 200
_RESTARTS = "The server restarts. Follow the session again from your last sequence."
_log = logging.get(__name__)
#: Raises an ApplicationError once the caller may not read the transcription any more.
Check = Callable[[], Awaitable[object]]


@dataclass(kw_only=True)
class _Followed:
    """A session with followers in this process. `checks` are the latest by kind of caller."""

    transcription_id: int
    feed: SessionFeed = field(default_factory=SessionFeed)
    followers: int = 0
    checks: dict[Grant, "tuple[float, asyncio.Task[object]]"] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None


class Follower:
    """One caller who follows a session."""

    def __init__(self, database: Database, followed: _Followed, *, after: int, check: Check):
        """`after` is the last sequence that the caller has."""
        self._database = database
        self._followed = followed
        self._feed = followed.feed
        self._sequence = after
        self._check = check
        self._version = 0
        self._failure: ApplicationError | None = None

    def close(self, error: ApplicationError) -> None:
        """Break the stream off."""
        self._failure = self._failure or error

    async def messages(self) -> AsyncGenerator[Message, None]:
        """Yield what is new until the session has ended.

        Raises:
            ApplicationError: the access has ended, or the stream is broken off.
        """
        while not self._feed.begun:
            await self._wait(self._feed.changed)
        begun = live_pb2.LiveBegun(
            transcription_id=self._followed.transcription_id, last_sequence=self._feed.last
        )
        yield Message(begun=begun)
        async with contextlib.aclosing(self._news()) as news:
            async for message in news:
                await self._allowed()
                yield message

    async def _news(self) -> AsyncGenerator[Message, None]:
        feed = self._feed
        while True:
            changed = feed.changed
            if self._sequence < feed.floor:
                async for message in self._stored(feed.floor):
                    yield message
                continue
            for sequence, message in feed.after(self._sequence):
                yield message
                self._sequence = sequence
            if self._sequence < feed.last:
                continue
            self._version, latest = feed.news(self._version)
            for message in latest:
                yield message
            if feed.ended is not None and self._sequence >= feed.last:
                yield Message(ended=live_pb2.LiveEnded(transcription_id=feed.ended))
                return
            await self._wait(changed)

    async def _wait(self, changed: asyncio.Event) -> None:
        """Wait for a change, for a moment only, and check that the stream may go on."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CHECKED_SECONDS):
                await changed.wait()
        await self._allowed()

    async def _allowed(self) -> None:
        failure = self._failure or self._feed.failure
        if failure is not None:
            raise failure
        await self._check()

    async def _stored(self, until: int) -> AsyncIterator[Message]:
        """Yield results from the tables, up to a sequence."""
        after = self._sequence
        while True:
            async with self._database.transaction() as connection:
                texts = await LiveTexts(connection).after(
                    self._followed.transcription_id, after, until=until, limit=_READ_AT_A_TIME
                )
            for _, message in results_of(texts, self._sequence, until):
                yield message
            if len(texts) < _READ_AT_A_TIME:
                break
            after = max(texts[-1].sequence, texts[-1].label_sequence)
        self._sequence = until


class LiveFollowers:
    """The followers of this process, with one subscription for each session that has any."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._followed: dict[int, _Followed] = {}
        self._count = 0
        self._closed = False

    @contextlib.asynccontextmanager
    async def follow(
        self, transcription_id: int, caller: Grant, *, after: int, check: Check
    ) -> AsyncIterator[Follower]:
        """Yield a follower of a session.

        Raises:
            ResourceExhaustedError: this process has too many.
            UnavailableError: the process is shutting down.
        """
        if self._closed:
            raise UnavailableError(_RESTARTS)
        if self._count >= MOST_FOLLOWERS:
            raise ResourceExhaustedError(
                "Too many follow live sessions at this server. Try again later."
            )
        followed = self._followed.get(transcription_id) or self._begin(transcription_id)
        followed.followers += 1
        self._count += 1
        try:
            yield Follower(
                self._database,
                followed,
                after=after,
                check=lambda: _checked(followed, caller, check),
            )
        finally:
            self._count -= 1
            followed.followers -= 1
            if not followed.followers:
                await self._end(followed)

    def close(self) -> None:
        """Break all streams off and accept no more."""
        self._closed = True
        for followed in self._followed.values():
            followed.feed.fail(UnavailableError(_RESTARTS))

    def _begin(self, transcription_id: int) -> _Followed:
        followed = _Followed(transcription_id=transcription_id)
        self._followed[transcription_id] = followed
        followed.task = asyncio.create_task(self._serve(followed), name="followed live session")
        followed.task.add_done_callback(lambda task: _report(task, followed.feed))
        return followed

    async def _end(self, followed: _Followed) -> None:
        if self._followed.get(followed.transcription_id) is followed:
            del self._followed[followed.transcription_id]
        tasks = [task for _, task in followed.checks.values()]
        if followed.task is not None:
            tasks.append(followed.task)
        await cancellation.end(tasks)

    async def _serve(self, followed: _Followed) -> None:
        """Keep the feed of a session up to date."""
        feed = followed.feed

        async def take(message: Msg) -> None:
            try:
                feed.take(Message.FromString(message.data))
            except DecodeError:
                _log.warning("not a live result", subject=message.subject)

        subject = bus.live_subject(followed.transcription_id)
        try:
            subscription = await self._client.subscribe(subject, cb=take)
        except nats.errors.Error as error:
            raise UnavailableError("The message bus does not answer. Follow again.") from error
        try:
            while True:
                await self._look(followed)
                if feed.ended is not None:
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await feed.ending.wait()
                        feed.ending.clear()
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _look(self, followed: _Followed) -> None:
        """Read the state of the session in the tables."""
        try:
            async with self._database.transaction() as connection:
                state = await LiveTexts(connection).state_of(followed.transcription_id)
            await self._note(followed, state)
        except (UnavailableError, TimedOutError) as error:
            _log.warning("cannot look at a live session", reason=error.message)

    async def _note(self, followed: _Followed, state: LiveState | None) -> None:
        feed = followed.feed
        if state is None and not feed.begun:
            raise StateError(
                "This transcription has no live text. Read its status or its transcript.",
                {"reason": "NOT_LIVE"},
            )
        if state is None:
            feed.end(0)
            return
        await self._catch_up(followed, state.sequence)
        if state.state != "receiving":
            feed.end(0 if state.state == "discarded" else followed.transcription_id)

    async def _catch_up(self, followed: _Followed, last: int) -> None:
        """Read the results that were not announced once for all followers, unless they are many."""
        feed = followed.feed
        first = feed.last
        if not feed.begun or not first < last <= first + MOST_RECENT:
            feed.advance(last)
            return
        async with self._database.transaction() as connection:
            texts = await LiveTexts(connection).after(
                followed.transcription_id, first, until=last, limit=MOST_RECENT
            )
        feed.fill(first, results_of(texts, first, last), last)


def results_of(
    texts: Sequence[LiveSegment], first: int, last: int
) -> Sequence[tuple[int, Message]]:
    """Return stored results from behind `first` to `last` in order, with their sequences."""
    found = []
    for text in texts:
        # A later change of the label is returned again in its order.
        sequence = min(max(text.sequence, text.label_sequence), last)
        if text.sequence > first:
            final = messages.final(text).final
            final.sequence = sequence
            found.append((sequence, Message(final=final)))
        elif text.label_sequence <= last:
            label = messages.speaker(text.segment, sequence, text.label)
            found.append((sequence, Message(speaker=label.speaker)))
    return found


async def _checked(followed: _Followed, caller: Grant, check: Check) -> None:
    """Check access, or wait for the latest check of the same kind of caller."""
    now = time.monotonic()
    at, task = followed.checks.get(caller, (0.0, None))
    if task is None or now - at >= _CHECKED_SECONDS:
        task = asyncio.ensure_future(check())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        followed.checks[caller] = (now, task)
    await asyncio.shield(task)


def _report(task: "asyncio.Task[None]", feed: SessionFeed) -> None:
    """End the streams of followers whose feed has broken off."""
    if task.cancelled():
        feed.fail(UnavailableError(_RESTARTS))
        return
    error = task.exception()
    if error is None:
        return
    if not isinstance(error, ApplicationError):
        _log.error("following a live session failed", exc_info=error)
        error = UnavailableError("Following this session failed. Follow it again.")
    feed.fail(error)
