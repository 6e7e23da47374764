"""Prints events as they happen, and those of the last week.

    python events.py NATS_URL [SUBJECT]

It needs the packages `nats-py` and `securetranscribe`.
"""

import asyncio
import sys

import nats
from google.protobuf import json_format

from securetranscribe.v1 import event_pb2


async def main(url: str, subject: str = "securetranscribe.events.v1.>") -> None:
    """Print each event of a subject as one line: its type, a tab, and its data as JSON."""
    connection = await nats.connect(url)
    stream = connection.jetstream()
    # An ordered consumer notices gaps and fetches what is missing.
    subscription = await stream.subscribe(subject, stream="EVENTS", ordered_consumer=True)
    async for message in subscription.messages:
        event = event_pb2.Event.FromString(message.data)
        data = json_format.MessageToJson(
            event, indent=None, preserving_proto_field_name=True, ensure_ascii=False
        )
        print(event.WhichOneof("data"), data, sep="\t", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
