"""Connections of tests to NATS."""

from nats.aio.client import Client


async def flushed(client: Client) -> None:
    """Wait until the server has everything that a client sent, subscriptions above all.

    The client's own `flush` writes its ping before what is pending, so that the answer to the first
    one may come before the server has a subscription. What was pending is written by then.
    """
    await client.flush()
    await client.flush()
