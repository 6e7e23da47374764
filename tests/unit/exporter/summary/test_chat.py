import httpx2
import pytest

from exporter.summary.chat import Answer, ChatEndpoint, LanguageModelError, TextTooLongError
from tests.unit.exporter.summary.fake_chat_server import Behavior, Reply, fake_chat_server


async def ask(
    behave: Behavior, *, api_key: str = "", attempts: int = 3
) -> tuple[Answer | LanguageModelError, list[str | None], list[float]]:
    """Return the answer or error of one request, with the keys sent and the pauses made."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    with fake_chat_server(behave) as server:
        async with httpx2.AsyncClient(timeout=60) as client:
            endpoint = ChatEndpoint(
                client,
                base_url=server.base_url + "/",
                model="some-model",
                api_key=api_key,
                attempts=attempts,
                sleep=sleep,
            )
            try:
                outcome: Answer | LanguageModelError = await endpoint.ask("Be brief.", "Hello?")
            except LanguageModelError as error:
                outcome = error
        assert all(one.path == "/v1/chat/completions" for one in server.requests)
        assert all(one.body["model"] == "some-model" for one in server.requests)
        assert all((one.system, one.user) == ("Be brief.", "Hello?") for one in server.requests)
        return outcome, [one.authorization for one in server.requests], pauses


async def test_an_answer_is_returned() -> None:
    outcome, keys, pauses = await ask(lambda _: Reply("Hi."))
    assert outcome == Answer(text="Hi.", complete=True)
    assert keys == [None]
    assert pauses == []


async def test_the_key_is_sent_as_bearer_token() -> None:
    _, keys, _ = await ask(lambda _: Reply("Hi."), api_key="secret")
    assert keys == ["Bearer secret"]


async def test_an_answer_cut_off_is_incomplete() -> None:
    outcome, _, _ = await ask(lambda _: Reply("Hi", finish_reason="length"))
    assert outcome == Answer(text="Hi", complete=False)


async def test_retries_follow_the_retry_after_header() -> None:
    replies = [Reply(status=429, headers={"retry-after": "7"}), Reply(status=503), Reply("Hi.")]
    outcome, keys, pauses = await ask(lambda _: replies.pop(0))
    assert outcome == Answer(text="Hi.", complete=True)
    assert len(keys) == 3
    assert pauses == [7.0, 2.0]


@pytest.mark.parametrize(("asked", "pause"), [("nan", 0.0), ("-5", 0.0), ("inf", 30.0), ("x", 1.0)])
async def test_pauses_are_within_limits_whatever_is_asked(asked: str, pause: float) -> None:
    replies = [Reply(status=429, headers={"retry-after": asked}), Reply("Hi.")]
    _, _, pauses = await ask(lambda _: replies.pop(0))
    assert pauses == [pause]


async def test_answers_nested_too_deeply_are_errors() -> None:
    outcome, _, _ = await ask(lambda _: Reply(body="[" * 10_000))
    assert isinstance(outcome, LanguageModelError)


async def test_retries_end_after_the_last_attempt() -> None:
    outcome, keys, pauses = await ask(lambda _: Reply(status=500), attempts=2)
    assert isinstance(outcome, LanguageModelError)
    assert outcome.message == "it responded with status 500"
    assert len(keys) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize("status", [401, 404, 400])
async def test_client_errors_are_not_retried(status: int) -> None:
    outcome, keys, _ = await ask(lambda _: Reply(status=status, body='{"error": "no such model"}'))
    assert isinstance(outcome, LanguageModelError)
    assert not isinstance(outcome, TextTooLongError)
    assert len(keys) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=413, body=""),
        Reply(status=400, body='{"error": {"code": "context_length_exceeded"}}'),
        Reply(status=400, body='{"error": "This model\'s maximum context length is 4096 tokens"}'),
    ],
)
async def test_a_text_too_long_is_reported(reply: Reply) -> None:
    outcome, keys, _ = await ask(lambda _: reply)
    assert isinstance(outcome, TextTooLongError)
    assert len(keys) == 1


@pytest.mark.parametrize(
    "body", ["not json", "{}", '{"choices": []}', '{"choices": [{"message": {"content": null}}]}']
)
async def test_a_malformed_answer_is_an_error(body: str) -> None:
    outcome, _, _ = await ask(lambda _: Reply(body=body))
    assert isinstance(outcome, LanguageModelError)
    assert "form" in outcome.message


async def test_an_unreachable_server_is_an_error() -> None:
    async with httpx2.AsyncClient(timeout=60) as client:
        endpoint = ChatEndpoint(
            client, base_url="http://127.0.0.1:9/v1", model="m", attempts=2, pause_seconds=0
        )
        with pytest.raises(LanguageModelError, match="could not be reached"):
            await endpoint.ask("a", "b")
