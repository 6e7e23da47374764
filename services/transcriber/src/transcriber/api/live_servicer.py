"""LiveService: text while a recording is made."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from common import cancellation, identity, rights
from common.addresses import current_address
from common.auth import TokenAuthenticator
from common.byte_rates import ByteRates
from common.errors import (
    ApplicationError,
    AuthenticationError,
    AuthorizationError,
    UnavailableError,
    ValidationError,
)
from common.identity import Grant, Identity
from common.rate_limits import Group, RateLimits
from common.rights import Right
from securetranscribe.v1 import live_pb2, live_pb2_grpc
from transcriber.api import live_requests, requests
from transcriber.api.preferences import Preferences, SessionPreferences
from transcriber.api.priorities import PriorityRule
from transcriber.api.speech_models import SpeechModels
from transcriber.live.sessions import LiveSessions
from transcriber.recordings.arrival import relayed
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.captures import Capture

#: How often (seconds) it is checked that a caller still has the right.
_CHECKED_SECONDS = 30.0
_Requests = AsyncIterator[live_pb2.LiveServiceStreamingRecognizeRequest]


@dataclass(frozen=True, kw_only=True)
class LiveServicerDependencies:
    """Objects behind the methods. `tokens` is not cached."""

    sessions: LiveSessions
    tokens: TokenAuthenticator
    preferences: SessionPreferences
    priorities: PriorityRule
    models: SpeechModels
    limits: RateLimits
    rates: ByteRates
    access: TranscriptionAccess


class LiveServicer(live_pb2_grpc.LiveServiceServicer):
    """Serves LiveService. Callers see only the sessions of their workspace."""

    def __init__(self, dependencies: LiveServicerDependencies) -> None:
        self._dependencies = dependencies

    async def StreamingRecognize(
        self, request_iterator: _Requests, context: Any
    ) -> AsyncIterator[live_pb2.LiveServiceStreamingRecognizeResponse]:
        """Serve one stream of a session."""
        owner = rights.caller(Right.CREATE)
        first = await anext(request_iterator, None)
        kind = None if first is None else first.WhichOneof("live_request")
        after = 0
        if first is not None and kind == "begin":
            capture = await self._created(owner, first.begin, context)
        elif first is not None and kind == "resume":
            after = live_requests.after_sequence(first.resume)
            capture = await self._dependencies.sessions.find(first.resume.capture_id, owner)
        else:
            raise ValidationError.of(
                "live_request", "The first request must begin or resume a session."
            )
        meter = self._dependencies.rates.meter(owner.session_id, current_address())
        async with (
            self._dependencies.sessions.stream(
                owner, capture, after=after, pay=_nothing if relayed() else meter.pay
            ) as stream,
            _during(self._check(owner, stream.close)),
            contextlib.aclosing(stream.responses(request_iterator)) as responses,
        ):
            async for response in responses:
                yield response

    async def FollowLive(
        self, request: live_pb2.FollowLiveRequest, _context: Any
    ) -> AsyncIterator[live_pb2.FollowLiveResponse]:
        """Serve one follower of a session."""
        number, access = request.transcription_id, self._dependencies.access
        after = live_requests.after_sequence(request)
        await access.find(number, Right.READ)
        caller = identity.current()
        async with (
            self._dependencies.sessions.followers.follow(
                number,
                replace(Grant.copy(caller), session_id=""),
                after=after,
                check=lambda: access.find(number, Right.READ),
            ) as follower,
            _during(self._check_grant(caller, follower.close)),
            contextlib.aclosing(follower.messages()) as messages,
        ):
            async for message in messages:
                yield message

    async def _created(self, owner: Identity, begin: live_pb2.LiveBegin, context: Any) -> Capture:
        sound = live_requests.sound(begin)
        preferences = Preferences()
        if requests.needs_preferences(begin.config):
            preferences = await self._dependencies.preferences.of(identity.current())
        described = requests.upload(begin.config, preferences)
        self._dependencies.priorities.check(described.priority, context)
        self._dependencies.models.check(described.options.model)
        if not relayed():
            # The gateway has counted the sessions that it passes on.
            await self._count(owner)
        return await self._dependencies.sessions.create(
            owner, described, title=begin.title, sound=sound
        )

    async def _count(self, owner: Identity) -> None:
        limits = self._dependencies.limits
        for allowance in (
            await limits.hit_address(Group.UPLOAD, current_address()),
            await limits.hit(Group.UPLOAD, owner.session_id),
        ):
            if not allowance.allowed:
                raise allowance.refusal()

    async def _check(self, owner: Identity, close: Callable[[ApplicationError], None]) -> None:
        """Break a stream off once its caller has signed out or may create no recordings.

        The gateway checks the callers whose streams it passes on.
        """
        async for grant in self._grants(owner, close):
            if not rights.allows(grant, Right.CREATE, owner.workspace_id):
                close(AuthorizationError("Your rights in the workspace have changed."))
                return

    async def _check_grant(
        self, caller: Identity, close: Callable[[ApplicationError], None]
    ) -> None:
        """Break a stream off once its caller has signed out or has other rights.

        Whether these give access to the transcription is found out by the next call.
        """
        async for grant in self._grants(caller, close):
            if Grant.copy(grant) != Grant.copy(caller):
                close(UnavailableError("Your rights have changed. Follow the session again."))
                return

    async def _grants(
        self, caller: Identity, close: Callable[[ApplicationError], None]
    ) -> AsyncIterator[Grant]:
        """Yield the rights of a token now and then, until it has ended."""
        while caller.token:
            await asyncio.sleep(_CHECKED_SECONDS)
            try:
                yield await self._dependencies.tokens.authenticate(caller.token)
            except AuthenticationError as error:
                close(error)
                return
            except ApplicationError:
                continue


@contextlib.asynccontextmanager
async def _during(checking: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a check until the end of the block."""
    task = asyncio.create_task(checking, name="rights of a live stream")
    try:
        yield
    finally:
        await cancellation.end([task])


async def _nothing(_size: int) -> None:
    """Do not count bytes that the gateway has counted."""
