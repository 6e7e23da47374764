"""Rules to offer, from corrections by hand."""

import hashlib
from dataclasses import dataclass

from common.errors import NotFoundError
from common.postgres import Connection, Database
from transcriber.store.observations import Replaced, WorkspaceObservations
from transcriber.store.vocabulary import VocabularyStore
from transcriber.vocabulary import catalog, entries
from transcriber.vocabulary.entries import Correction

MOST = 50
_LEAST_PLACES = 2
#: Words that remain more often than this for each correction are usually right as they are.
_MOST_REMAINING = 20
_DIGITS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A correction to offer."""

    id: str
    replaced: Replaced


class VocabularySuggestions:
    """Suggestions of workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, workspace_id: str) -> list[Suggestion]:
        """Return suggestions, the most frequent first."""
        async with self._database.transaction() as connection:
            return await _suggestions(connection, workspace_id)

    async def accept(self, workspace_id: str, suggestion_id: str) -> Correction:
        """Make a suggestion a correction.

        Raises:
            NotFoundError: the workspace has no such suggestion.
            ResourceExhaustedError: there are too many corrections.
        """
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            await store.lock()
            found = await _find(connection, workspace_id, suggestion_id)
            new = entries.correction(found.heard, found.meant, "", match_case=False)
            return await catalog.add_correction(store, new)

    async def dismiss(self, workspace_id: str, suggestion_id: str) -> None:
        """Do not offer a suggestion again.

        Raises:
            NotFoundError: the workspace has no such suggestion.
        """
        async with self._database.transaction() as connection:
            found = await _find(connection, workspace_id, suggestion_id)
            await WorkspaceObservations(connection, workspace_id).dismiss(found)


async def _find(connection: Connection, workspace_id: str, suggestion_id: str) -> Replaced:
    for suggestion in await _suggestions(connection, workspace_id):
        if suggestion.id == suggestion_id:
            return suggestion.replaced
    raise NotFoundError("There is no such suggestion.")


async def _suggestions(connection: Connection, workspace_id: str) -> list[Suggestion]:
    observations = WorkspaceObservations(connection, workspace_id)
    found = []
    for replaced in await observations.repeated(least=_LEAST_PLACES, limit=MOST):
        most = _MOST_REMAINING * replaced.count + 1
        if await observations.remaining(replaced, most=most) < most:
            found.append(Suggestion(id=_id(replaced), replaced=replaced))
    return found


def _id(replaced: Replaced) -> str:
    return hashlib.sha256(f"{replaced.key}\0{replaced.meant}".encode()).hexdigest()[:_DIGITS]
