"""One trace, from the upload of a recording to the event of its completion."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import nats
import pytest
from nats.aio.subscription import Subscription

from common import bus
from securetranscribe import SecureTranscribeClient
from tests.e2e.span_collector import Span, SpanCollector, tree
from tests.e2e.stack import JOB_SECONDS, Completed, Stack

SERVICES = {"gateway", "transcriber-api", "transcriber-worker", "diarizer"}


@pytest.fixture
async def completions(stack: Stack) -> AsyncIterator[Subscription]:
    """Collect events about completed jobs as an external subscriber."""
    client = await nats.connect(stack.servers.environment("subscriber")["NATS_URL"])
    yield await client.subscribe(bus.event_subject("*", "job", "*", "completed"))
    await client.close()


async def test_one_trace_covers_upload_to_completed_event(
    completions: Subscription,
    collector: SpanCollector,
    client: SecureTranscribeClient,
    sample: Path,
    show: Callable[[str], None],
) -> None:
    with sample.open("rb") as file:
        uploaded = await asyncio.to_thread(client.upload_audio, file, auto_start=True)
    async with asyncio.timeout(JOB_SECONDS):
        while uploaded["job_id"] not in (event := await completions.next_msg(None)).subject:
            pass
    assert event.headers is not None
    _, trace_id, publisher, _ = event.headers["traceparent"].split("-")
    spans = await asyncio.to_thread(
        collector.trace, trace_id, last=publisher, within_seconds=JOB_SECONDS
    )
    show("\n".join([f"    after      took  (ms)  trace {trace_id}", *tree(spans)]))

    (root,) = [span for span in spans if not span.parent_id]
    assert root.service == "securetranscribe-gateway"
    assert root.name.startswith("POST ")
    assert {span.service for span in spans} >= {f"securetranscribe-{name}" for name in SERVICES}
    by_id = {span.span_id: span for span in spans}
    assert _way(by_id, publisher)[-1] == root
    assert by_id[publisher].attributes["messaging.destination.name"] == event.subject
    for stage, service in (("transcribe", "transcriber-worker"), ("diarize", "diarizer")):
        (task,) = [span for span in spans if span.name == f"task {stage}"]
        assert task.service == f"securetranscribe-{service}"
        assert {"receive tasks", "publish tasks"} <= {
            span.name for span in _way(by_id, task.span_id)
        }
    assert [span.name for span in spans].count("receive results") == 2
    statements = [span for span in spans if span.attributes.get("db.system.name") == "postgresql"]
    assert {span.service for span in statements} >= {
        "securetranscribe-gateway", "securetranscribe-transcriber-api",
    }  # fmt: skip


def test_spans_contain_no_spoken_text(completed: Completed, collector: SpanCollector) -> None:
    assert "yankee" in completed.state["full_transcript"].lower()
    spans = collector.all(named="postgres SELECT", within_seconds=JOB_SECONDS)
    said = " ".join(f"{span.name} {' '.join(span.attributes.values())}" for span in spans).lower()
    assert "postgres select" in said
    assert "yankee" not in said
    assert "bearer" not in said


def _way(spans: dict[str, Span], span_id: str) -> list[Span]:
    """Return the spans from one up to the root."""
    way = [spans[span_id]]
    while way[-1].parent_id:
        way.append(spans[way[-1].parent_id])
    return way
