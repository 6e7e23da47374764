"""Rights of the users of NATS: every kind of service has one with the rights of its work.

Only provisioning has all rights, as the user `service`. Replies come to inboxes below the name of
the user, so that no user reads those of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from common import bus

#: Stages by the users of their workers.
_STAGES = {"transcriber-worker": "transcribe", "diarizer": "diarize"}
_CANCELLED = f"KV_{bus.CANCELLED_BUCKET}"
_STREAMS = (
    bus.TASKS_STREAM,
    bus.RESULTS_STREAM,
    bus.EVENTS_STREAM,
    bus.AUDIT_STREAM,
    _CANCELLED,
)
#: Consumers of the transcriber api by stream.
_TRANSCRIBER_CONSUMERS = {
    bus.RESULTS_STREAM: bus.RESULTS_CONSUMER,
    bus.EVENTS_STREAM: bus.PROFILES_CONSUMER,
}
#: Consumers of the gateway by stream.
_GATEWAY_CONSUMERS = {
    bus.AUDIT_STREAM: bus.AUDIT_CONSUMER,
    bus.EVENTS_STREAM: bus.WEBHOOKS_CONSUMER,
}
#: Entities of the events that the transcriber api publishes.
_TRANSCRIBER_EVENTS = ("transcription", "job", "queue")


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Subjects open to a user for publishing and subscribing."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def permissions(self) -> dict[str, dict[str, list[str]]]:
        """Return them as in the configuration of the server."""
        publish = {"allow": list(self.publish)} if self.publish else {"deny": [">"]}
        return {"publish": publish, "subscribe": {"allow": list(self.subscribe)}}


def _receives(user: str) -> tuple[str, ...]:
    """Return the subjects subscribed to by every service."""
    return (bus.event_subject("*", "session", "*", "*"), f"{bus.inbox_prefix(user)}.>")


def _worker(user: str, stage: str) -> Rights:
    tasks = bus.TASKS_STREAM
    return Rights(
        publish=(
            # Its tasks: taking and settling them.
            f"$JS.API.CONSUMER.INFO.{tasks}.{stage}",
            f"$JS.API.CONSUMER.MSG.NEXT.{tasks}.{stage}",
            f"$JS.ACK.{tasks}.{stage}.>",
            # Cancelled jobs, by their ids.
            f"$JS.API.STREAM.INFO.{_CANCELLED}",
            f"$JS.API.STREAM.MSG.GET.{_CANCELLED}",
            f"$JS.API.DIRECT.GET.{_CANCELLED}.>",
            bus.results_subject(stage),
            bus.progress_subject("*"),
            bus.worker_subject(stage, "*"),
            bus.audit_subject(user),
        ),
        subscribe=(bus.cancel_subject("*"), *_receives(user)),
    )


def _transcriber() -> Rights:
    """Give out work and accept its results. This user also keeps the streams in order."""
    consumers = {(bus.TASKS_STREAM, stage) for stage in _STAGES.values()}
    consumers |= set(_TRANSCRIBER_CONSUMERS.items())
    consumers.add((bus.AUDIT_STREAM, bus.AUDIT_CONSUMER))
    return Rights(
        publish=(
            *(
                f"$JS.API.STREAM.{verb}.{stream}"
                for stream in _STREAMS
                for verb in ("INFO", "CREATE", "UPDATE")
            ),
            *(
                f"$JS.API.CONSUMER.{verb}.{stream}.{consumer}"
                for stream, consumer in sorted(consumers)
                for verb in ("INFO", "DURABLE.CREATE")
            ),
            # Results, and changes of profiles.
            *(
                subject
                for stream, consumer in _TRANSCRIBER_CONSUMERS.items()
                for subject in (
                    f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}",
                    f"$JS.ACK.{stream}.{consumer}.>",
                )
            ),
            # Tasks that are withdrawn or were never taken, and events of erased workspaces.
            f"$JS.API.STREAM.MSG.GET.{bus.TASKS_STREAM}",
            f"$JS.API.STREAM.MSG.DELETE.{bus.TASKS_STREAM}",
            f"$JS.API.STREAM.PURGE.{bus.EVENTS_STREAM}",
            # Events with the names of deleted profiles.
            f"$JS.API.STREAM.MSG.GET.{bus.EVENTS_STREAM}",
            f"$JS.API.STREAM.MSG.DELETE.{bus.EVENTS_STREAM}",
            # Both from the copy for subscribers, too.
            *(f"{bus.EVENT_COPY_API}.{request}" for request in bus.EVENT_COPY_REQUESTS),
            *(bus.tasks_subject(stage) for stage in _STAGES.values()),
            bus.cancel_subject("*"),
            f"$KV.{bus.CANCELLED_BUCKET}.*",
            bus.live_subject("*"),
            *(bus.event_subject("*", entity, "*", "*") for entity in _TRANSCRIBER_EVENTS),
            bus.audit_subject("transcriber"),
        ),
        subscribe=(
            *(bus.event_subject("*", entity, "*", "*") for entity in _TRANSCRIBER_EVENTS),
            bus.progress_subject("*"),
            bus.worker_subject("*", "*"),
            bus.live_subject("*"),
            bus.MAX_DELIVERIES_ADVISORY,
            *_receives("transcriber"),
        ),
    )


def _publisher(*events: str) -> tuple[str, ...]:
    """Return the subjects for publishing events to their stream. Others keep it in order."""
    return (f"$JS.API.STREAM.INFO.{bus.EVENTS_STREAM}", *events)


#: Rights by user.
RIGHTS: Mapping[str, Rights] = {
    "gateway": Rights(
        publish=(
            *_publisher(bus.event_subject("*", "session", "*", "*"), bus.audit_subject("gateway")),
            # It keeps the entries of the audit log, and sends events to webhooks.
            *(
                subject
                for stream, consumer in _GATEWAY_CONSUMERS.items()
                for subject in (
                    f"$JS.API.CONSUMER.INFO.{stream}.{consumer}",
                    f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{consumer}",
                    f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}",
                    f"$JS.ACK.{stream}.{consumer}.>",
                )
            ),
        ),
        subscribe=(f"{bus.PREFIX}.events.v1.>", f"{bus.inbox_prefix('gateway')}.>"),
    ),
    "transcriber": _transcriber(),
    "speakers": Rights(
        publish=_publisher(
            bus.event_subject("*", "speaker", "*", "*"), bus.audit_subject("speakers")
        ),
        subscribe=_receives("speakers"),
    ),
    **{user: _worker(user, stage) for user, stage in _STAGES.items()},
    "exporter": Rights(publish=(bus.audit_subject("exporter"),), subscribe=_receives("exporter")),
}
