import httpx2

from exporter.summary.abstractive import AbstractiveSummarizer
from exporter.summary.chat import ChatEndpoint
from exporter.summary.model import EXTRACTIVE
from exporter.summary.summarizer import Summarizer
from tests.unit.exporter.documents import meeting
from tests.unit.exporter.summary.fake_chat_server import Behaviour, Reply, fake_chat_server


async def summarize(behave: Behaviour) -> tuple[str, tuple[str, ...], int]:
    with fake_chat_server(behave) as server:
        async with httpx2.AsyncClient(timeout=60) as client:
            endpoint = ChatEndpoint(
                client, base_url=server.base_url, model="local-model", attempts=1, api_key="k3y"
            )
            summary = await Summarizer(AbstractiveSummarizer(endpoint)).summarize(meeting())
    return summary.method, summary.warnings, len(summary.statements)


async def test_without_a_model_it_is_extractive_and_says_nothing_of_one() -> None:
    summary = await Summarizer().summarize(meeting())
    assert summary.method == EXTRACTIVE
    assert summary.warnings == ()
    assert summary.statements


async def test_with_a_model_it_is_the_model_s() -> None:
    answer = '{"statements": [{"text": "They talked.", "segments": [0]}]}'
    assert await summarize(lambda _: Reply(answer)) == ("local-model", (), 1)


async def test_when_the_model_fails_it_is_extractive_and_says_so() -> None:
    method, warnings, count = await summarize(lambda _: Reply(status=401))
    assert method == EXTRACTIVE
    assert count > 0
    assert warnings == (
        "The language model local-model could not be used: it answered with status 401. "
        "The summary was made without it.",
    )


async def test_the_warning_tells_nothing_of_the_operator_s_network() -> None:
    _, warnings, _ = await summarize(lambda _: Reply(body="<html>10.0.0.3 refused</html>"))
    assert not any(secret in warnings[0] for secret in ("127.0.0.1", "10.0.0.3", "k3y", "http"))
