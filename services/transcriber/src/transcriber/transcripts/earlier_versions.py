"""Revisions that were made on earlier machine versions of stored transcripts."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import NotFoundError
from common.postgres import Connection
from transcriber.editing import history
from transcriber.editing.document import Document
from transcriber.editing.machine_version import items_of
from transcriber.editing.rebase import Batches
from transcriber.editing.reinsertion import relabeled
from transcriber.store.edit_history import EditHistory
from transcriber.store.machine_versions import MachineVersion, MachineVersions


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRevision:
    """An earlier machine version with the batches that lead to a revision.

    `labels` are those of the newest machine version by its own.
    """

    version: MachineVersion
    batches: Batches
    labels: Mapping[str, str]

    def document(self) -> Document:
        """Return the transcript of the revision, with the labels of the newest machine version."""
        document = Document(items_of(self.version.segments, self.version.revision))
        for entry, effects in self.batches:
            history.replay(document, entry, effects)
        return relabeled(document, self.labels)


async def earlier_revision(
    connection: Connection, transcription_id: int, revision: int
) -> EarlierRevision:
    """Return a revision from before the newest machine version.

    Raises:
        NotFoundError: there is no such revision.
    """
    versions = MachineVersions(connection, transcription_id)
    version = await versions.at(revision)
    if version is None:
        raise NotFoundError("The transcript has no such revision.")
    log = EditHistory(connection, transcription_id)
    return EarlierRevision(
        version=version,
        batches=await log.batches(version.revision, revision),
        labels=await versions.labels_since(version.revision),
    )
