"""Rights of the users of NATS that have less than all.

Workers parse recordings of strangers, and the exporter renders texts of strangers. Each of them has
a user of its own. All other services share the user `service`, which has every right in its
account. Replies come to inboxes below the name of the user, so that no user reads those of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from common import bus

#: Stages by the users of their workers.
_STAGES = {"transcriber-worker": "transcribe", "diarizer": "diarize"}
_CANCELLED = f"KV_{bus.CANCELLED_BUCKET}"


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Subjects to which a user may publish and subscribe."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def permissions(self) -> dict[str, dict[str, list[str]]]:
        """Return them as in the configuration of the server."""
        publish = {"allow": list(self.publish)} if self.publish else {"deny": [">"]}
        return {"publish": publish, "subscribe": {"allow": list(self.subscribe)}}


def _receives(user: str) -> tuple[str, ...]:
    """Return the subjects that every service subscribes to."""
    return (bus.event_subject("*", "session", "*", "revoked"), f"{bus.inbox_prefix(user)}.>")


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
        ),
        subscribe=(bus.cancel_subject("*"), *_receives(user)),
    )


#: Rights by user.
RIGHTS: Mapping[str, Rights] = {
    **{user: _worker(user, stage) for user, stage in _STAGES.items()},
    "exporter": Rights(publish=(), subscribe=_receives("exporter")),
}
