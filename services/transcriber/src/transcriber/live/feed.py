"""News of one live session, kept once per process for all of its followers."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence

from common.errors import ApplicationError
from securetranscribe.v1 import live_pb2

Message = live_pb2.FollowLiveResponse
#: Latest results in memory. Followers that are further behind read the tables.
MOST_RECENT = 256
#: Drafts in memory. A session has one or two per channel.
_MOST_DRAFTS = 16


class SessionFeed:
    """Latest results of a session in order, and its current drafts, lag and notice.

    Followers read it each at their own pace, so that none delays another or takes memory here.
    """

    def __init__(self) -> None:
        #: Sequence of the newest result.
        self.last = 0
        #: Results up to this sequence are only in the tables.
        self.floor = 0
        #: Whether the state of the session is known.
        self.begun = False
        #: Transcription of the ended session, 0 if it was discarded. None while it goes on.
        self.ended: int | None = None
        self.failure: ApplicationError | None = None
        #: Set once the end was published, which the tables tell for certain.
        self.ending = asyncio.Event()
        self._recent: deque[tuple[int, Message]] = deque()
        self._news: OrderedDict[tuple[str, int], tuple[int, Message]] = OrderedDict()
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def changed(self) -> asyncio.Event:
        """An event that is set at the next change."""
        return self._changed

    def take(self, message: Message) -> None:
        """Take a published message in."""
        kind = message.WhichOneof("follow_response")
        if kind == "final":
            self._result(message.final.sequence, message)
        elif kind == "speaker":
            self._result(message.speaker.sequence, message)
        elif kind == "draft":
            self._put(("draft", message.draft.segment), message)
        elif kind in ("lag", "notice"):
            if message.notice.code == live_pb2.LIVE_NOTICE_CODE_RECOGNIZING:
                self._drop_drafts()
            self._put((kind, 0), message)
        elif kind == "ended":
            # Results that were not published may precede the end. The tables have them.
            self.ending.set()
        self._notify()

    def advance(self, last: int) -> None:
        """Note the newest result in the tables. Those behind the latest were not published."""
        if last > self.last:
            self.last = self.floor = last
            self._recent.clear()
        self.begun = True
        self._notify()

    def fill(self, first: int, results: Sequence[tuple[int, Message]], last: int) -> None:
        """Add all results from behind `first` to `last`, which were not published."""
        if self.last == first:
            self.last = last
            for sequence, message in results:
                self._append(sequence, message)
        self.advance(last)

    def end(self, transcription_id: int) -> None:
        """Note the end of the session."""
        self.ended = transcription_id
        self._notify()

    def fail(self, error: ApplicationError) -> None:
        """End all streams of followers with an error. The first one is kept."""
        self.failure = self.failure or error
        self._notify()

    def after(self, sequence: int) -> Sequence[tuple[int, Message]]:
        """Return the results behind a sequence, which is not below `floor`, with their own."""
        return [item for item in self._recent if item[0] > sequence]

    def news(self, version: int) -> tuple[int, Sequence[Message]]:
        """Return the drafts, lag and notice newer than a version, and the current version."""
        return self._version, [message for at, message in self._news.values() if at > version]

    def _result(self, sequence: int, message: Message) -> None:
        if sequence <= self.last:
            return
        if sequence != self.last + 1:
            self._recent.clear()
            self.floor = sequence - 1
        self.last = sequence
        self._append(sequence, message)

    def _append(self, sequence: int, message: Message) -> None:
        if message.HasField("final"):
            self._news.pop(("draft", message.final.segment), None)
        self._recent.append((sequence, message))
        if len(self._recent) > MOST_RECENT:
            self.floor, _ = self._recent.popleft()

    def _put(self, key: tuple[str, int], message: Message) -> None:
        self._version += 1
        self._news.pop(key, None)
        self._news[key] = (self._version, message)
        drafts = [key for key in self._news if key[0] == "draft"]
        if len(drafts) > _MOST_DRAFTS:
            del self._news[drafts[0]]

    def _drop_drafts(self) -> None:
        for key in [key for key in self._news if key[0] == "draft"]:
            del self._news[key]

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
