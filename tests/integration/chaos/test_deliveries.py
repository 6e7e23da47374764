import asyncio
import random
import uuid
from typing import Any

import nats

from common import bus
from common.bus import Delivery
from tests.chaos.deliveries import Deliveries

SECONDS = 30


async def test_results_are_delivered_again(nats_url: str) -> None:
    subject = bus.results_subject(f"chaos-{uuid.uuid4().hex}")
    client = await nats.connect(nats_url)
    stream = client.jetstream()
    await bus.ensure_streams(stream, Delivery(stages=()))
    arrived: list[tuple[bytes, dict[str, str]]] = []

    async def note(message: Any) -> None:
        arrived.append((message.data, message.headers or {}))

    await client.subscribe(subject, cb=note)
    deliveries = await Deliveries.watch(nats_url)
    payloads = [b"first", b"second", b"third"]
    try:
        for payload in payloads:
            headers = {"Nats-Msg-Id": uuid.uuid4().hex, "traceparent": "00"}
            await stream.publish(subject, payload, headers=headers)
        async with asyncio.timeout(SECONDS):
            while len(deliveries.seen) < 3:  # noqa: ASYNC110 - noted by a callback
                await asyncio.sleep(0.02)
            assert await deliveries.repeat(random.Random(1)) == 3
            while len(arrived) < 6:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        assert [payload for payload, _ in arrived[:3]] == payloads
        assert sorted(payload for payload, _ in arrived[3:]) == sorted(payloads)
        # With the id of the message, the stream would not have taken it again.
        assert [headers for _, headers in arrived[3:]] == [{"traceparent": "00"}] * 3
        stored = await stream.stream_info(bus.RESULTS_STREAM, subjects_filter=subject)
        assert (stored.state.subjects or {})[subject] == 6
    finally:
        await stream.purge_stream(bus.RESULTS_STREAM, subject=subject)
        await deliveries.close()
        await client.close()
