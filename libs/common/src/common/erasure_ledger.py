"""Ledger of erasures in the object store, apart from the database and its backups.

There is one object per erasure, and its key says all that is needed to erase the thing again. So
reading the ledger means listing keys. After a backup of the database was restored, the ledger tells
what has been erased since. It holds identifiers, times and reasons, and no content.
"""

import datetime as dt
import enum
import json
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from common import logging
from common.objects import ObjectStore

#: Where the ledger lies in the bucket of results. No other object has such a key.
PREFIX = "ledger/"
_TIME = "%Y%m%dT%H%M%S.%fZ"
_log = logging.get(__name__)


class ErasureKind(enum.StrEnum):
    """Kind of an erased thing."""

    RECORDING = "recording"
    TRANSCRIPTION = "transcription"
    WORKSPACE = "workspace"
    VOICE = "voice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """Something that was erased. `reason` is the rule, or who asked for it."""

    kind: ErasureKind
    subject: str
    erased_at: dt.datetime
    workspace_id: str = field(default="", compare=False)
    reason: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Key of its object, such as `ledger/20260101T120000.000000Z/transcription/57`."""
        time = self.erased_at.astimezone(dt.UTC).strftime(_TIME)
        return f"{PREFIX}{time}/{self.kind}/{quote(self.subject, safe='')}"


def parse_key(key: str) -> Erasure | None:
    """Return the erasure of a key, None if it is not one of the ledger's."""
    parts = key.removeprefix(PREFIX).split("/")
    try:
        time, kind, subject = parts
        return Erasure(
            kind=ErasureKind(kind),
            subject=unquote(subject),
            erased_at=dt.datetime.strptime(time, _TIME).replace(tzinfo=dt.UTC),
        )
    except ValueError:
        return None


class ErasureLedger:
    """The ledger. Entries are only added."""

    def __init__(self, objects: ObjectStore, *, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket

    async def add(self, erasure: Erasure) -> None:
        """Store an erasure. Storing it again changes nothing.

        Raises:
            UnavailableError: the object store does not answer.
        """
        body = {
            "kind": erasure.kind,
            "subject": erasure.subject,
            "workspace_id": erasure.workspace_id,
            "erased_at": erasure.erased_at.isoformat(),
            "reason": erasure.reason,
        }
        await self._objects.put(self._bucket, erasure.key, json.dumps(body).encode())

    async def entries(self) -> list[Erasure]:
        """Return all erasures in the order of their times. Other objects are passed over.

        Only what the keys hold is filled in.
        """
        found = []
        for key in sorted(await self._objects.keys(self._bucket, PREFIX)):
            erasure = parse_key(key)
            if erasure is None:
                _log.warning("an object in the ledger of erasures is not an entry", key=key)
            else:
                found.append(erasure)
        return found
