"""Recording of answers."""

import asyncio

from starlette.responses import Response, StreamingResponse
from starlette.types import Message

from gateway.idempotency.recorder import LARGEST_ANSWER, AnswerRecorder
from tests.unit.gateway.asgi import scope_of


async def recorded(response: Response, *, keeps: bool = True) -> tuple[AnswerRecorder, list[int]]:
    """Send a response to a recorder. Return the sizes of what it passed on before its release."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    recorder = AnswerRecorder(send, keeps=keeps)
    await response(scope_of("/api/tags", method="POST"), receive, recorder.send)
    before = [len(message.get("body", b"")) for message in sent]
    await recorder.release()
    assert sent[0]["type"] == "http.response.start"
    return recorder, before


async def test_small_answers_are_kept_and_held_back() -> None:
    response = Response(b"{}", status_code=201, headers={"ETag": '"1"'})
    recorder, before = await recorded(response)
    answer = recorder.answer("what was sent")
    assert (before, recorder.is_final) == ([], True)
    assert (answer.status, answer.body, answer.content) == (201, b"{}", "what was sent")
    assert ("etag", '"1"') in answer.headers


async def test_large_answers_are_passed_on_and_not_kept() -> None:
    async def pieces() -> object:
        for _ in range(5):
            yield b"x" * (LARGEST_ANSWER // 3)

    recorder, before = await recorded(StreamingResponse(pieces()))  # type: ignore[arg-type]
    assert len(before) > 3
    assert recorder.is_final
    assert recorder.answer("").body is None
    whole, before = await recorded(Response(b"x" * (LARGEST_ANSWER + 1)))
    assert (before, whole.answer("").body) == ([], None)


async def test_secrets_and_cookies_are_not_kept() -> None:
    recorder, _ = await recorded(Response(b"a token"), keeps=False)
    assert (recorder.answer("").body, list(recorder.answer("").headers)) == (None, [])
    response = Response(b"{}")
    response.set_cookie("session_token", "a token")
    recorder, _ = await recorded(response)
    assert (recorder.answer("").body, list(recorder.answer("").headers)) == (None, [])


async def test_only_final_answers_count() -> None:
    final = {
        status: (await recorded(Response(status_code=status)))[0].is_final
        for status in (200, 204, 400, 404, 409, 422, 401, 403, 423, 429, 500, 503)
    }
    assert [status for status, counts in final.items() if counts] == [200, 204, 400, 404, 422]
