"""Middleware that carries out a write with an idempotency key once, however often it is sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import cancellation, logging
from common.errors import ApplicationError, ResourceExhaustedError
from gateway.idempotency.key import HEADER, REPLAYED, Digests, key_of
from gateway.idempotency.keyed_writes import KeyedWrite, KeyedWrites
from gateway.idempotency.recorder import AnswerRecorder
from gateway.idempotency.request_state import CONTENT, REQUEST_ID
from gateway.idempotency.store import Answer, Attempt, IdempotentRequests, Refusal
from gateway.sessions.session import Session
from gateway.web.body_limit import is_upload
from gateway.web.endpoint import Endpoint
from gateway.web.problems import failure, problem

_RENEW_SECONDS = 20.0
_RETRY_SECONDS = 2
_log = logging.get(__name__)


class Idempotency:
    """Answers repeated writes from the table of keys, and stores the answers to first ones."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        endpoints: Sequence[Endpoint],
        requests: IdempotentRequests,
        digests: Digests,
    ) -> None:
        self._app = app
        self._digests = digests
        self._writes = KeyedWrites(endpoints)
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        session: Session | None = scope.get("state", {}).get("session")
        write = self._writes.find(scope) if scope["type"] == "http" else None
        if session is None or write is None:
            await self._app(scope, receive, send)
            return
        try:
            key = key_of(scope)
            if key is None:
                await self._app(scope, receive, send)
                return
            body = None if is_upload(scope) else await Request(scope, receive).body()
            claimed = await self._requests.claim(
                session.workspace_id,
                self._digests.of_key(key, session),
                self._digests.of_request(scope, body),
                seal=self._digests.seal_of(key, session),
            )
        except HTTPException as error:  # of the limit of bodies
            answer = failure(error.status_code, "VALIDATION_ERROR", error.detail, {"field": "body"})
            await answer(scope, receive, send)
            return
        except ApplicationError as error:
            await problem(error)(scope, receive, send)
            return
        receiving = receive if body is None else _again(body, receive)
        if isinstance(claimed, Attempt):
            await self._carry_out(claimed, write, scope, receiving, send)
        elif isinstance(claimed, Answer):
            await self._replay(claimed, write, scope, receiving, send)
        else:
            await _refusal(claimed)(scope, receive, send)

    async def _carry_out(
        self, attempt: Attempt, write: KeyedWrite, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Carry a request out and store its answer, unless it may be sent again."""
        scope["state"][REQUEST_ID] = attempt.request_id
        recorder = AnswerRecorder(send, keeps=write.keeps_answer)
        async with self._held(attempt):
            await self._app(scope, receive, recorder.send)
            try:
                content = scope["state"].get(CONTENT, "")
                # Nothing was stored of a refused upload, whose repetition cannot be compared.
                if recorder.is_final and (content or write.is_same is None):
                    await self._requests.finish(attempt, recorder.answer(content))
            except ApplicationError as error:
                # It was carried out, which the client should know.
                _log.warning("answer to an idempotent request not stored", reason=error.message)
        await recorder.release()

    async def _replay(
        self, earlier: Answer, write: KeyedWrite, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send an earlier answer again, unless the endpoint finds that the request is another."""
        response = _repeated(earlier)
        if write.is_same is not None:
            session = scope["state"]["session"]
            try:
                if not await write.is_same(Request(scope, receive), session, earlier.content):
                    response = _other_request()
            except ApplicationError as error:
                response = problem(error)
        await response(scope, receive, send)

    @asynccontextmanager
    async def _held(self, attempt: Attempt) -> AsyncIterator[None]:
        """Hold an attempt. What has no answer at the end can be sent again."""
        renewing = asyncio.create_task(self._renew(attempt), name="idempotent request")
        try:
            yield
        finally:
            await cancellation.end([renewing])
            try:
                await asyncio.shield(self._requests.release(attempt))
            except ApplicationError as error:
                _log.warning("idempotency key not released", reason=error.message)

    async def _renew(self, attempt: Attempt) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                await self._requests.renew(attempt)
            except ApplicationError as error:
                _log.warning("idempotency key not renewed", reason=error.message)


def _other_request() -> Response:
    return failure(
        422,
        "IDEMPOTENCY_KEY_REUSED",
        f"The {HEADER} belongs to another request. Use a new key for each request.",
        {"header": HEADER},
    )


def _repeated(earlier: Answer) -> Response:
    if earlier.body is None:
        return failure(
            409,
            "CONFLICT",
            f"The request of this {HEADER} was carried out before. Its answer is not kept.",
            {"header": HEADER, "status": str(earlier.status)},
            headers={REPLAYED: "true"},
        )
    response = Response(earlier.body, status_code=earlier.status)
    response.raw_headers = [
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in earlier.headers),
        (REPLAYED.lower().encode(), b"true"),
    ]
    return response


def _refusal(refusal: Refusal) -> Response:
    if refusal is Refusal.OTHER_REQUEST:
        return _other_request()
    if refusal is Refusal.TOO_MANY:
        return problem(
            ResourceExhaustedError("Too many idempotency keys of the last day. Send fewer of them.")
        )
    return failure(
        409,
        "CONFLICT",
        f"The request of this {HEADER} is still in progress. Try again later.",
        {"header": HEADER},
        headers={"Retry-After": str(_RETRY_SECONDS)},
    )


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a source that sends a body already read, and then waits as the first source does."""
    sent = False

    async def receiving() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving
