"""Reads of statuses, of which unchanged ones are neither transferred nor rendered again."""

import datetime as dt
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.responses import Response

from common.errors import NotFoundError, UnimplementedError
from common.identity import Grant, hash_token
from common.recent_values import Clock, RecentValues
from common.rights import Right, allows
from gateway.api import transcription_conversion as conversion
from gateway.api.status_words import StatusWords
from gateway.api.transcription_models import StatusData
from gateway.api.version_checks import VersionChecks
from gateway.backends import Backends
from gateway.sessions.session import Session
from gateway.web.envelope import Success, format_moment
from gateway.web.preconditions import matches_any
from securetranscribe.v1 import transcription_pb2

SAID = "Transcription status retrieved"
_JSON = "application/json"
_BEGIN = b'{"success":true,"data":'
_END = f',"message":"{SAID}","timestamp":"'.encode()
_SECONDS = 60.0
_DAYS = dt.timedelta(days=2)
_MOST_BYTES = 32 * 1024 * 1024
_Key = tuple[str, int, bool, dt.datetime | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """The rendered `data` of a status, with the version that it was rendered from."""

    version: str
    tag: str
    data: bytes = field(repr=False)


class RenderedStatuses:
    """Cache of rendered statuses, each for a minute. It grants nothing to anybody.

    Every read asks the transcriber, which checks the caller's rights and names the version.
    """

    def __init__(self, *, most_bytes: int = _MOST_BYTES, clock: Clock = time.monotonic) -> None:
        self._most = most_bytes
        self._clock = clock
        self._known: OrderedDict[_Key, tuple[float, Rendered]] = OrderedDict()
        self._keys: dict[tuple[str, int], set[_Key]] = {}
        self._bytes = 0

    def get(self, key: _Key) -> Rendered | None:
        """Return a rendered status that is not too old, else None. All older ones go."""
        self._make_room()
        _, rendered = self._known.get(key, (0.0, None))
        return rendered

    def keep(self, key: _Key, rendered: Rendered) -> None:
        """Keep a rendered status. The oldest ones make room, and those over a minute old go."""
        self.forget(key)
        self._known[key] = (self._clock() + _SECONDS, rendered)
        self._keys.setdefault(key[:2], set()).add(key)
        self._bytes += len(rendered.data)
        self._make_room()

    def forget(self, key: _Key) -> None:
        """Drop a rendered status, if it is kept."""
        _, rendered = self._known.pop(key, (0.0, None))
        if rendered is None:
            return
        self._bytes -= len(rendered.data)
        keys = self._keys[key[:2]]
        keys.remove(key)
        if not keys:
            del self._keys[key[:2]]

    def forget_all(self, workspace_id: str, transcription_id: int) -> None:
        """Drop the rendered statuses of a transcription."""
        for key in tuple(self._keys.get((workspace_id, transcription_id), ())):
            self.forget(key)

    def _make_room(self) -> None:
        """Drop the statuses that are too old or one too many. The oldest is the first."""
        now = self._clock()
        while self._known:
            oldest, (until, _) = next(iter(self._known.items()))
            if self._bytes <= self._most and now < until:
                break
            self.forget(oldest)


class StatusReader:
    """Answers reads of statuses."""

    def __init__(
        self,
        backends: Backends,
        kept_until: Callable[[Session], dt.datetime | None],
        *,
        release: str,
    ) -> None:
        """`kept_until` tells when what a session owns is erased. `release` is the program's."""
        self._backends = backends
        self._kept_until = kept_until
        self._release = release
        self._rendered = RenderedStatuses()
        self._words = StatusWords(backends)
        self._checks = VersionChecks(backends.status_versions)
        # Versions by caller and status, of reads that the transcriber has answered.
        self._answered = RecentValues[str](_SECONDS)
        self._renewed = RecentValues[bool](_SECONDS / 2)

    async def read(
        self, transcription_id: int, caller: Session, *, transcript: bool, if_none_match: str = ""
    ) -> Response:
        """Return the status of a transcription, or 304 if the client has the current one.

        Raises:
            ApplicationError: there is no such transcription, or the transcriber refuses the call.
        """
        key = self._key(transcription_id, caller, transcript)
        known = self._rendered.get(key)
        view = transcription_pb2.TRANSCRIPTION_VIEW_BASIC
        if transcript:
            view = transcription_pb2.TRANSCRIPTION_VIEW_FULL
        request = transcription_pb2.GetTranscriptionRequest(
            transcription_id=transcription_id,
            view=view,
            known_version=known.version if known else "",
        )
        try:
            answer = await self._backends.transcription(request, caller)
        except NotFoundError:
            self._rendered.forget_all(caller.workspace_id, transcription_id)
            raise
        if known is None or answer.version != known.version:
            known = await self._render(answer, key)
        if not known.version:
            return Response(body_of(known), media_type=_JSON)
        reader = _reader(caller.token_sha256, transcription_id, transcript)
        self._answered.keep(reader, f"{caller.workspace_id} {known.version}")
        self._renewed.keep(reader, True)
        self._rendered.keep(key, known)
        headers = {"ETag": known.tag}
        if matches_any(if_none_match, known.tag):
            return Response(status_code=304, headers=headers)
        return Response(body_of(known), media_type=_JSON, headers=headers)

    async def read_with_words(
        self, transcription_id: int, caller: Session, *, if_none_match: str = ""
    ) -> Response:
        """Return the status as `read` does, and the words of its segments. It is not cached.

        Raises the errors of `read`.
        """
        request = transcription_pb2.GetTranscriptionRequest(
            transcription_id=transcription_id, view=transcription_pb2.TRANSCRIPTION_VIEW_FULL
        )
        answer = await self._backends.transcription(request, caller)
        _, _, _, kept_until = key = self._key(transcription_id, caller, transcript=True)
        headers = {"ETag": self._tag(f"{answer.version} words", key)} if answer.version else {}
        if answer.version and matches_any(if_none_match, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        data = await conversion.status_data(answer.transcription, kept_until)
        data = await self._words.add(data, answer.transcription, caller)
        body = Success[StatusData].of(data, SAID).model_dump_json(by_alias=True)
        return Response(body, media_type=_JSON, headers=headers)

    def was_read(self, token: str, transcription_id: int, *, transcript: bool) -> bool:
        """Return whether a status was read with a token within a minute."""
        reader = _reader(hash_token(token), transcription_id, transcript)
        if self._answered.get(reader) is None:
            return False
        if self._renewed.get(reader) is None:
            # One read takes the ordinary way in time, so that all others need not at once.
            self._renewed.keep(reader, True)
            return False
        return True

    def repeated(
        self, transcription_id: int, caller: Session, *, transcript: bool
    ) -> Rendered | None:
        """Return the status of a caller's own transcription if it was read within a minute.

        It may have changed since, which `is_current` tells. Only the transcriber decides about
        what others have shared, and only it notes reads for the audit log.
        """
        known = self._rendered.get(self._key(transcription_id, caller, transcript))
        if known is None or not allows(Grant.copy(caller), Right.READ, caller.workspace_id):
            return None
        answered = self._answered.get(_reader(caller.token_sha256, transcription_id, transcript))
        return known if answered == f"{caller.workspace_id} {known.version}" else None

    async def is_current(self, transcription_id: int, caller: Session, rendered: Rendered) -> bool:
        """Return whether a status of `repeated` is still the current one.

        Raises:
            ApplicationError: the transcriber does not answer.
        """
        try:
            version = await self._checks.find(transcription_id, caller.workspace_id)
        except UnimplementedError:  # by a transcriber of the version before
            return False
        return version == rendered.version

    def _key(self, transcription_id: int, caller: Session, transcript: bool) -> _Key:
        kept_until = _told(self._kept_until(caller), dt.datetime.now(dt.UTC))
        return (caller.workspace_id, transcription_id, transcript, kept_until)

    async def _render(
        self, answer: transcription_pb2.GetTranscriptionResponse, key: _Key
    ) -> Rendered:
        _, _, transcript, kept_until = key
        data = await conversion.status_data(answer.transcription, kept_until, transcript=transcript)
        rendered = Rendered(
            version=answer.version,
            tag=self._tag(answer.version, key),
            data=data.model_dump_json(by_alias=True).encode(),
        )
        if rendered.version:
            self._rendered.keep(key, rendered)
        else:
            self._rendered.forget(key)
        return rendered

    def _tag(self, version: str, key: _Key) -> str:
        """Return the tag of a status. What else it depends on is part of it."""
        _, _, transcript, kept_until = key
        source = f"{version} {transcript} {kept_until} {self._release}"
        return f'W/"{hashlib.sha256(source.encode()).hexdigest()[:32]}"'


def _told(kept_until: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """Return a moment to the hour, if it is days away.

    Every use of a session puts it off, which would otherwise change the status every few seconds.
    """
    if kept_until is None or kept_until - now < _DAYS:
        return kept_until
    return kept_until.replace(minute=0, second=0, microsecond=0)


def body_of(rendered: Rendered) -> bytes:
    """Return the documented envelope, as `Success` renders it."""
    now = format_moment(dt.datetime.now(dt.UTC))
    return b"".join((_BEGIN, rendered.data, _END, now.encode(), b'"}'))


def _reader(token_sha256: str, transcription_id: int, transcript: bool) -> str:
    return f"{token_sha256} {transcription_id} {transcript}"
