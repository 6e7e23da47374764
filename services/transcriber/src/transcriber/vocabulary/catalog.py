"""Management of a workspace's terms and corrections."""

from dataclasses import dataclass

from common.errors import ConflictError, NotFoundError, ResourceExhaustedError, ValidationError
from common.postgres import Database
from transcriber.store.vocabulary import VocabularyStore
from transcriber.vocabulary import table
from transcriber.vocabulary.entries import (
    MOST_CORRECTIONS,
    MOST_TERMS,
    Correction,
    NewCorrection,
    NewTerm,
    Term,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """Result of an import. `skipped` rows were there already."""

    terms: int
    corrections: int
    skipped: int


class VocabularyCatalog:
    """Terms and corrections of workspaces. Those of others are never found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def terms(self, workspace_id: str, *, offset: int, limit: int) -> tuple[list[Term], int]:
        """Return a page of terms, the latest first, and the number of all."""
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            return await store.terms(offset=offset, limit=limit), await store.count_terms()

    async def add_term(self, workspace_id: str, term: NewTerm) -> Term:
        """Add a term.

        Raises:
            ConflictError: the workspace has the term.
            ResourceExhaustedError: there are too many.
        """
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            await store.lock()
            added = await store.add_term(term)
            if added is None:
                raise _term_exists(term)
            await _check_terms(store)
            return added

    async def change_term(self, workspace_id: str, term_id: int, term: NewTerm) -> Term:
        """Change a term.

        Raises:
            NotFoundError: the workspace has no such term.
            ConflictError: another term is the same.
        """
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            await store.lock()
            if await store.has_term(term, besides=term_id):
                raise _term_exists(term)
            changed = await store.change_term(term_id, term)
        if changed is None:
            raise NotFoundError("There is no such term.")
        return changed

    async def delete_term(self, workspace_id: str, term_id: int) -> None:
        """Delete a term.

        Raises:
            NotFoundError: the workspace has no such term.
        """
        async with self._database.transaction() as connection:
            if not await VocabularyStore(connection, workspace_id).delete_term(term_id):
                raise NotFoundError("There is no such term.")

    async def corrections(
        self, workspace_id: str, *, offset: int, limit: int
    ) -> tuple[list[Correction], int]:
        """Return a page of corrections, the latest first, and the number of all."""
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            found = await store.corrections(offset=offset, limit=limit)
            return found, await store.count_corrections()

    async def add_correction(self, workspace_id: str, correction: NewCorrection) -> Correction:
        """Add a correction.

        Raises:
            ConflictError: the workspace corrects the same words.
            ResourceExhaustedError: there are too many.
        """
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            await store.lock()
            return await add_correction(store, correction)

    async def change_correction(
        self, workspace_id: str, correction_id: int, correction: NewCorrection
    ) -> Correction:
        """Change a correction.

        Raises:
            NotFoundError: the workspace has no such correction.
            ConflictError: another one corrects the same words.
        """
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            await store.lock()
            if await store.has_correction(correction, besides=correction_id):
                raise _correction_exists(correction)
            changed = await store.change_correction(correction_id, correction)
        if changed is None:
            raise NotFoundError("There is no such correction.")
        return changed

    async def delete_correction(self, workspace_id: str, correction_id: int) -> None:
        """Delete a correction.

        Raises:
            NotFoundError: the workspace has no such correction.
        """
        async with self._database.transaction() as connection:
            if not await VocabularyStore(connection, workspace_id).delete_correction(correction_id):
                raise NotFoundError("There is no such correction.")

    async def import_table(self, workspace_id: str, csv: str) -> Imported:
        """Add the entries of a table, all or none. Known ones are skipped.

        Raises:
            ValidationError: the table is invalid.
            ResourceExhaustedError: there would be too many entries.
        """
        terms, corrections = table.read(csv)
        if len(terms) > MOST_TERMS or len(corrections) > MOST_CORRECTIONS:
            raise ValidationError.of(
                "csv",
                f"A table has {MOST_TERMS} terms and {MOST_CORRECTIONS} corrections at most.",
            )
        async with self._database.transaction() as connection:
            store = VocabularyStore(connection, workspace_id)
            await store.lock()
            added = [await store.add_term(term) for term in terms]
            corrected = [await store.add_correction(item) for item in corrections]
            await _check_terms(store)
            await _check_corrections(store)
        skipped = added.count(None) + corrected.count(None)
        return Imported(
            terms=len(added) - added.count(None),
            corrections=len(corrected) - corrected.count(None),
            skipped=skipped,
        )

    async def export_table(self, workspace_id: str) -> str:
        """Return all entries as a table."""
        terms, _ = await self.terms(workspace_id, offset=0, limit=MOST_TERMS)
        corrections, _ = await self.corrections(workspace_id, offset=0, limit=MOST_CORRECTIONS)
        return table.write(terms, corrections)


async def add_correction(store: VocabularyStore, correction: NewCorrection) -> Correction:
    """Add a correction to a locked vocabulary.

    Raises:
        ConflictError: the workspace corrects the same words.
        ResourceExhaustedError: there are too many.
    """
    added = await store.add_correction(correction)
    if added is None:
        raise _correction_exists(correction)
    await _check_corrections(store)
    return added


async def _check_terms(store: VocabularyStore) -> None:
    if await store.count_terms() > MOST_TERMS:
        raise ResourceExhaustedError(
            f"A vocabulary has {MOST_TERMS} terms at most. Delete some first."
        )


async def _check_corrections(store: VocabularyStore) -> None:
    if await store.count_corrections() > MOST_CORRECTIONS:
        raise ResourceExhaustedError(
            f"A vocabulary has {MOST_CORRECTIONS} corrections at most. Delete some first."
        )


def _term_exists(term: NewTerm) -> ConflictError:
    return ConflictError(f"The vocabulary has the term {term.text!r} already.", {"field": "text"})


def _correction_exists(correction: NewCorrection) -> ConflictError:
    return ConflictError(
        f"The vocabulary corrects {correction.heard!r} already.", {"field": "heard"}
    )
