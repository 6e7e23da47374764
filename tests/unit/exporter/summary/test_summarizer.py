import httpx2

from exporter.summary.abstractive import AbstractiveSummarizer
from exporter.summary.chat import ChatEndpoint
from exporter.summary.model import EXTRACTIVE
from exporter.summary.summarizer import Summarizer
from tests.unit.exporter.documents import meeting
from tests.unit.exporter.summary.fake_chat_server import Behavior, Reply, fake_chat_server


async def summarize(behave: Behavior) -> tuple[str, tuple[str, ...], int]:
    with fake_chat_server(behave) as server:
        async with httpx2.AsyncClient(timeout=60) as client:
            endpoint = ChatEndpoint(
                client, base_url=server.base_url, model="local-model", attempts=1, api_key="k3y"
            )
            summary = await Summarizer(AbstractiveSummarizer(endpoint)).summarize(meeting())
    return summary.method, summary.warnings, len(summary.statements)


async def test_without_a_model_summaries_are_extractive_and_have_no_warning() -> None:
    summary = await Summarizer().summarize(meeting())
    assert summary.method == EXTRACTIVE
    assert summary.warnings == ()
    assert summary.statements


async def test_with_a_model_summaries_are_abstractive() -> None:
    answer = '{"statements": [{"text": "They talked.", "segments": [0]}]}'
    assert await summarize(lambda _: Reply(answer)) == ("local-model", (), 1)


async def test_when_the_model_fails_summaries_are_extractive_with_a_warning() -> None:
    method, warnings, count = await summarize(lambda _: Reply(status=401))
    assert method == EXTRACTIVE
    assert count > 0
    assert warnings == (
        "The language model local-model failed: it responded with status 401. "
        "The summary was created without it.",
    )


async def test_the_warning_reveals_nothing_about_the_network() -> None:
    _, warnings, _ = await summarize(lambda _: Reply(body="<html>10.0.0.3 refused</html>"))
    assert not any(secret in warnings[0] for secret in ("127.0.0.1", "10.0.0.3", "k3y", "http"))
