"""Copy of the event stream for subscribers outside the system."""

from dataclasses import replace

from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

from common.bus import EVENTS_BYTES, EVENTS_STREAM, PREFIX

EVENTS_SUBJECT = f"{PREFIX}.events.v1.>"


async def share_events(services: JetStreamContext, subscribers: JetStreamContext) -> None:
    """Give the subscribers' stream the subjects and limits of the services' stream.

    If the services' stream does not exist yet, the copy keeps every event, so that none is missed.
    Another call afterwards narrows it.
    """
    try:
        original = (await services.stream_info(EVENTS_STREAM)).config
    except NotFoundError:
        original = StreamConfig(subjects=[EVENTS_SUBJECT], max_age=86400, max_bytes=EVENTS_BYTES)
    wanted = StreamConfig(
        name=EVENTS_STREAM,
        subjects=original.subjects,
        max_age=original.max_age,
        max_bytes=original.max_bytes,
        no_ack=True,  # the publisher waits for the services' stream, not for the copy
    )
    try:
        current = (await subscribers.stream_info(EVENTS_STREAM)).config
    except NotFoundError:
        await subscribers.add_stream(wanted)
        return
    changes = {name: getattr(wanted, name) for name in ("subjects", "max_age", "max_bytes")}
    if any(getattr(current, name) != value for name, value in changes.items()):
        await subscribers.update_stream(replace(current, **changes))
