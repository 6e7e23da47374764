"""Permanent deletions, merges and splits of profiles, with undo."""

import datetime as dt
import enum
from dataclasses import dataclass

#: How long they can be undone. Afterwards they are erased.
KEPT = dt.timedelta(days=30)


class TrashKind(enum.StrEnum):
    """What a person did to a profile."""

    DELETION = "deletion"
    MERGE = "merge"
    SPLIT = "split"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trashed:
    """An entry of the trash.

    `into_id` is the profile receiving the observations, 0 for a deletion. Names are those of the
    time. `made_target` tells whether a split has made the receiving profile. `forwarded` has the
    profiles merged into this one before. `workspace_id` is the workspace of the person, and `pool`
    that of the profile.
    """

    trash_id: int
    kind: TrashKind
    profile_id: int
    name: str
    into_id: int
    into_name: str
    made_target: bool
    forwarded: tuple[int, ...]
    observation_count: int
    workspace_id: str
    pool: str
    created_at: dt.datetime
    erase_at: dt.datetime
