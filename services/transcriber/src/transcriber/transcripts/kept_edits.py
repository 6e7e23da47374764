"""Edits of people across machine versions: kept when a recording is processed again."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from common.postgres import Connection
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import Segment
from transcriber.editing.correspondence import Labels
from transcriber.editing.document import Document
from transcriber.editing.history import VOCABULARY
from transcriber.editing.machine_version import items_of
from transcriber.editing.rebase import Batches, Rebased, rebase
from transcriber.names.rules import match_labels
from transcriber.store.conflicts import Conflicts
from transcriber.store.decisions import DueDecisions
from transcriber.store.edit_history import Head
from transcriber.store.edits import LoadedDocument, TranscriptEdits
from transcriber.store.machine_versions import MachineVersion, MachineVersions
from transcriber.store.repeated_edits import RepeatedEdits

#: Changes after which the speakers service may have to learn from other speech.
_VOICES = {"label", "merged_into", "alive"}


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptEdits:
    """A transcript that is about to be replaced: its machine version and all edits of it."""

    version: MachineVersion
    transcript_at: dt.datetime
    batches: Batches

    async def repeat(self, connection: Connection, transcription_id: int, head: Head) -> None:
        """Archive the machine version, and repeat the edits on the new one, which is stored.

        Edits that have no place in it, or that it contradicts, are listed as conflicts.
        """
        edits = TranscriptEdits(connection, transcription_id)
        repeated = RepeatedEdits(connection, transcription_id)
        await repeated.clear_notes()
        new = await edits.machine_version()
        loaded = await edits.load_all(head)
        found = await asyncio.to_thread(self._rebased, new, loaded, head.revision)
        versions = MachineVersions(connection, transcription_id)
        await versions.archive(self.version, self.transcript_at, found.labels)
        if found.batches:
            await edits.store(loaded)
            await repeated.record(found.batches)
        conflicts = Conflicts(connection, transcription_id)
        await conflicts.supersede(head.revision)
        await conflicts.add(
            found.conflicts,
            {entry.revision: entry.author for entry, _ in self.batches},
            machine_revision=head.revision,
            revision=head.revision + len(found.batches),
        )
        changed = {c.register for batch in found.batches for c in batch.effects.changes}
        if changed & {"name", *_VOICES}:
            await DueDecisions(connection).ask_after_edit(
                transcription_id, 0.0, always="name" in changed
            )

    def _rebased(self, new: Sequence[Segment], loaded: LoadedDocument, revision: int) -> Rebased:
        earlier = self.version
        own = list(dict.fromkeys(segment.label for segment in earlier.segments))
        labels = Labels(match_labels(earlier.segments, new, own), loaded.labels)
        return rebase(
            Document(items_of(earlier.segments, earlier.revision)),
            self.batches,
            loaded.document,
            machine_revision=revision,
            labels=labels,
            is_automatic=lambda entry: entry.author in {"", VOCABULARY},
        )


async def keep(connection: Connection, before: Transcription) -> KeptEdits | None:
    """Return the edits of a locked transcription before its transcript is replaced, if any."""
    if before.transcript_at is None and not before.live_text:
        return None
    edits = TranscriptEdits(connection, before.id)
    batches = await edits.log.batches(before.machine_revision, before.revision)
    if before.transcript_at is None and not batches:
        # Nobody can refer to live text that was not edited once there is a transcript.
        return None
    return KeptEdits(
        version=MachineVersion(
            revision=before.machine_revision, segments=await edits.machine_version()
        ),
        transcript_at=before.transcript_at or before.created_at,
        batches=batches,
    )
