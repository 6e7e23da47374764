"""Terms and corrections of a session's vocabulary."""

from abc import ABC, abstractmethod
from typing import Any

Data = dict[str, Any]


class VocabularyCalls(ABC):
    """Calls about vocabularies, for the client."""

    @abstractmethod
    def _data(self, method: str, path: str, **arguments: Any) -> Data:
        """Send a request and return the data of the response."""

    @abstractmethod
    def _content(self, path: str) -> bytes:
        """Return the content of a response without JSON."""

    def list_terms(self, *, limit: int = 50, offset: int = 0) -> Data:
        """Return a page of `terms`, the latest first, and their `total`."""
        query = {"limit": limit, "offset": offset}
        return self._data("GET", "/vocabulary/terms", params=query)

    def add_term(self, text: str, *, language: str = "") -> Data:
        """Add a term for the recognizer, without a language for all of them."""
        return self._data("POST", "/vocabulary/terms", json={"text": text, "language": language})

    def delete_term(self, term_id: int) -> None:
        """Delete a term."""
        self._data("DELETE", f"/vocabulary/terms/{term_id}")

    def list_corrections(self, *, limit: int = 50, offset: int = 0) -> Data:
        """Return a page of `corrections`, the latest first, and their `total`."""
        query = {"limit": limit, "offset": offset}
        return self._data("GET", "/vocabulary/corrections", params=query)

    def add_correction(
        self, heard: str, meant: str, *, language: str = "", match_case: bool = False
    ) -> Data:
        """Add a correction of new transcripts. `heard` is found as whole words."""
        body = {"heard": heard, "meant": meant, "language": language, "match_case": match_case}
        return self._data("POST", "/vocabulary/corrections", json=body)

    def delete_correction(self, correction_id: int) -> None:
        """Delete a correction. Transcripts stay as they are."""
        self._data("DELETE", f"/vocabulary/corrections/{correction_id}")

    def import_vocabulary(self, csv: str) -> Data:
        """Add the rows of a table, all of them or none. Return how many were new."""
        return self._data("POST", "/vocabulary/import", json={"csv": csv})

    def export_vocabulary(self) -> str:
        """Return the whole vocabulary as a table in CSV."""
        return self._content("/vocabulary/export").decode()

    def list_vocabulary_suggestions(self) -> list[Data]:
        """Return corrections made by hand at least twice, the most frequent first."""
        found: list[Data] = self._data("GET", "/vocabulary/suggestions")["suggestions"]
        return found

    def accept_vocabulary_suggestion(self, suggestion_id: str) -> Data:
        """Make a suggestion a correction."""
        return self._data("POST", f"/vocabulary/suggestions/{suggestion_id}/accept")

    def dismiss_vocabulary_suggestion(self, suggestion_id: str) -> None:
        """Dismiss a suggestion for good."""
        self._data("POST", f"/vocabulary/suggestions/{suggestion_id}/dismiss")

    def apply_vocabulary(self, transcription_id: int) -> Data:
        """Apply all corrections to a transcript. Return the revision and the number of places."""
        return self._data("POST", f"/transcription/{transcription_id}/vocabulary")

    def undo_vocabulary(self, transcription_id: int) -> Data:
        """Take back the last application of corrections to a transcript."""
        return self._data("POST", f"/transcription/{transcription_id}/vocabulary/undo")
