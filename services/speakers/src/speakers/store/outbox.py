"""The outbox of the speakers service: events about profiles.

The transcriber keeps names of profiles. It must hear of every profile renamed, merged or deleted,
even if NATS is away or this process dies the moment after. Profiles of a workspace are announced
to it, and those of the deployment to all.
"""

from common.outbox import Outbox
from common.postgres import Connection
from securetranscribe.v1 import event_pb2
from speakers.domain.profile import Profile

SOURCE = "speakers"


class ProfileOutbox(Outbox):
    """The table of events still to be published, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, source=SOURCE)

    async def updated(self, profile: Profile) -> None:
        """Announce a created or changed profile."""
        data = event_pb2.SpeakerUpdated(
            speaker_id=profile.profile_id, name=profile.name, workspace_id=profile.pool
        )
        await self.event(event_pb2.Event(workspace_id=profile.pool, speaker_updated=data))

    async def deleted(
        self, profile_id: int, merged_into: int = 0, *, pool: str, restorable: bool = False
    ) -> None:
        """Announce a profile of a pool deleted, or merged into another one.

        A `restorable` one is announced again when it is erased.
        """
        data = event_pb2.SpeakerDeleted(
            speaker_id=profile_id, merged_into_speaker_id=merged_into, restorable=restorable
        )
        await self.event(event_pb2.Event(workspace_id=pool, speaker_deleted=data))

    async def restored(self, profile: Profile, merged_into: int = 0) -> None:
        """Announce a profile restored from a deletion, or from a merge into another one."""
        data = event_pb2.SpeakerRestored(
            speaker_id=profile.profile_id,
            name=profile.name,
            merged_into_speaker_id=merged_into,
            workspace_id=profile.pool,
        )
        await self.event(event_pb2.Event(workspace_id=profile.pool, speaker_restored=data))
