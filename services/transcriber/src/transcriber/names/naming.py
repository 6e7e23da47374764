"""Names of speakers in the history of a transcript, within one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from common.errors import NotFoundError
from common.postgres import Connection
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.editing import editor
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.errors import EditConflictError
from transcriber.editing.history import BatchKind, Entry
from transcriber.editing.items import Naming
from transcriber.editing.operations import AssignNames
from transcriber.store.edit_history import Head
from transcriber.store.edits import LoadedDocument, TranscriptEdits


@dataclass(frozen=True, kw_only=True, slots=True)
class Follow:
    """Change of a name with its profile: the name seen before, and the new one."""

    before: Naming
    after: Naming


def naming_of(speaker: TranscriptSpeaker) -> Naming:
    """Return the name of a stored speaker."""
    return Naming(speaker.name, speaker.name_source, speaker.speaker_id, speaker.match_confidence)


def follows(
    before: Sequence[TranscriptSpeaker],
    after: Sequence[TranscriptSpeaker],
    *,
    except_for: Collection[str] = (),
) -> dict[str, Follow]:
    """Return the changed names, by label, except for some labels.

    Both have the same speakers in the same order.
    """
    return {
        old.label: Follow(before=naming_of(old), after=naming_of(new))
        for old, new in zip(before, after, strict=True)
        if old.label not in except_for and naming_of(old) != naming_of(new)
    }


def operation_of(labels: Collection[str], speakers: Sequence[TranscriptSpeaker]) -> AssignNames:
    """Return the edit for the names of labels, spelled as in their profiles."""
    named = [speaker for speaker in speakers if speaker.label in labels]
    return AssignNames(
        names={speaker.label: speaker.name for speaker in named},
        profiles={speaker.label: speaker.speaker_id for speaker in named if speaker.speaker_id},
    )


class NameHistory:
    """Changes of names in one transcript. Each makes a revision."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._edits = TranscriptEdits(connection, transcription_id)

    async def check(
        self, workspace_id: str, names: Mapping[str, str], *, base: int, author: str = ""
    ) -> None:
        """Check that an author can assign names on a revision, 0 for the newest one.

        Raises:
            ValidationError: there is no such revision.
            EditConflictError: one of the names has changed since.
        """
        if not base:
            return
        head = _existing(await self._edits.log.head(workspace_id))
        loaded = await self._edits.load(head, (), ())
        _execute(loaded, head, AssignNames(names=names), author or workspace_id, base)

    async def assign(
        self,
        workspace_id: str,
        operation: AssignNames,
        followed: Mapping[str, Follow],
        *,
        base: int,
        author: str = "",
    ) -> int:
        """Store assigned names as a batch of an author, together with followed names.

        Return the newest revision. A `base` of 0 is the newest one. The author is the workspace
        unless another one is named.

        Raises:
            NotFoundError: the workspace has no such transcript.
            EditConflictError: one of the names has changed since the base revision.
        """
        head = _existing(await self._edits.log.lock(workspace_id))
        loaded = await self._edits.load(head, (), ())
        author = author or workspace_id
        effects = _execute(loaded, head, operation, author, base)
        entry = Entry(revision=head.revision + 1, author=author)
        if effects:
            _follow(loaded.document, followed, entry.revision)
            await self._edits.store(loaded)
            await self._edits.log.record(entry, [operation], effects)
            return entry.revision
        return await self._followed(loaded, head, followed)

    async def follow(self, workspace_id: str, followed: Mapping[str, Follow]) -> int:
        """Store names after a change of a profile or a suggestion. Return the newest revision.

        Names changed in the meantime stay.
        """
        head = _existing(await self._edits.log.lock(workspace_id))
        loaded = await self._edits.load(head, (), ())
        return await self._followed(loaded, head, followed)

    async def _followed(
        self, loaded: LoadedDocument, head: Head, followed: Mapping[str, Follow]
    ) -> int:
        entry = Entry(revision=head.revision + 1, author="", kind=BatchKind.NAMES)
        if not _follow(loaded.document, followed, entry.revision):
            return head.revision
        await self._edits.store(loaded)
        await self._edits.log.record(entry, (), Effects())
        return entry.revision


def _execute(
    loaded: LoadedDocument, head: Head, operation: AssignNames, author: str, base: int
) -> Effects:
    if base:
        head.check_base(base)
    try:
        return editor.execute(
            loaded.document,
            [operation],
            base=base or head.revision,
            revision=head.revision + 1,
            author=author,
            labels=loaded.labels,
        )
    except EditConflictError as error:
        label = str(error.collisions[0].item)
        name = loaded.document.speaker(label).name.name
        error.details.update({"item_id": label, "current_text": name})
        raise


def _follow(document: Document, followed: Mapping[str, Follow], revision: int) -> bool:
    """Let names follow their profiles under their old origins. Return whether any changed."""
    changed = False
    for label, follow in followed.items():
        speaker = document.speaker(label)
        if speaker.name == follow.before and speaker.name != follow.after:
            speaker.name = follow.after
            speaker.touch("name", revision)
            changed = True
    return changed


def _existing(head: Head | None) -> Head:
    if head is None:
        raise NotFoundError("There is no such transcript.")
    return head
