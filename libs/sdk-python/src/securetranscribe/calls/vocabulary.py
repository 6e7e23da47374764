"""Terms and corrections of a workspace's vocabulary."""

from securetranscribe import results
from securetranscribe.methods import nothing, operation, plain, record, records
from securetranscribe.steps import Parts


class VocabularyCalls:
    """Calls about vocabularies."""

    @operation("GET", "/vocabulary/terms", record(results.TermListData))
    def list_terms(self, *, limit: int = 50, offset: int = 0) -> Parts:
        """Return a page of `terms`, the latest first, and their `total`."""
        return Parts(query={"limit": limit, "offset": offset})

    @operation("POST", "/vocabulary/terms", record(results.TermData))
    def add_term(self, text: str, *, language: str = "") -> Parts:
        """Add a term for the recognizer, without a language for all of them."""
        return Parts(json={"text": text, "language": language})

    @operation("PUT", "/vocabulary/terms/{term_id}", record(results.TermData))
    def update_term(self, term_id: int, text: str, *, language: str = "") -> Parts:
        """Replace a term."""
        return Parts(json={"text": text, "language": language})

    @operation("DELETE", "/vocabulary/terms/{term_id}", nothing())
    def delete_term(self, term_id: int) -> Parts:
        """Delete a term."""
        return Parts()

    @operation("GET", "/vocabulary/corrections", record(results.CorrectionListData))
    def list_corrections(self, *, limit: int = 50, offset: int = 0) -> Parts:
        """Return a page of `corrections`, the latest first, and their `total`."""
        return Parts(query={"limit": limit, "offset": offset})

    @operation("POST", "/vocabulary/corrections", record(results.CorrectionData))
    def add_correction(
        self, heard: str, meant: str, *, language: str = "", match_case: bool = False
    ) -> Parts:
        """Add a correction of new transcripts. `heard` is found as whole words."""
        body = {"heard": heard, "meant": meant, "language": language, "match_case": match_case}
        return Parts(json=body)

    @operation("PUT", "/vocabulary/corrections/{correction_id}", record(results.CorrectionData))
    def update_correction(
        self,
        correction_id: int,
        heard: str,
        meant: str,
        *,
        language: str = "",
        match_case: bool = False,
    ) -> Parts:
        """Replace a correction."""
        body = {"heard": heard, "meant": meant, "language": language, "match_case": match_case}
        return Parts(json=body)

    @operation("DELETE", "/vocabulary/corrections/{correction_id}", nothing())
    def delete_correction(self, correction_id: int) -> Parts:
        """Delete a correction. Transcripts stay as they are."""
        return Parts()

    @operation("POST", "/vocabulary/import", record(results.VocabularyImportData))
    def import_vocabulary(self, csv: str) -> Parts:
        """Add the rows of a table, all of them or none. Return how many were new."""
        return Parts(json={"csv": csv})

    @operation("GET", "/vocabulary/export", plain(lambda response: response.content.decode()))
    def export_vocabulary(self) -> Parts:
        """Return the whole vocabulary as a table in CSV."""
        return Parts()

    @operation("GET", "/vocabulary/suggestions", records(results.SuggestionData, key="suggestions"))
    def list_vocabulary_suggestions(self) -> Parts:
        """Return corrections made by hand at least twice, the most frequent first."""
        return Parts()

    @operation(
        "POST", "/vocabulary/suggestions/{suggestion_id}/accept", record(results.CorrectionData)
    )
    def accept_vocabulary_suggestion(self, suggestion_id: str) -> Parts:
        """Make a suggestion a correction."""
        return Parts()

    @operation("POST", "/vocabulary/suggestions/{suggestion_id}/dismiss", nothing())
    def dismiss_vocabulary_suggestion(self, suggestion_id: str) -> Parts:
        """Dismiss a suggestion for good."""
        return Parts()

    @operation("POST", "/transcription/{transcription_id}/vocabulary", record(results.AppliedData))
    def apply_vocabulary(self, transcription_id: int) -> Parts:
        """Apply all corrections to a transcript. Return the revision and the number of places."""
        return Parts()

    @operation(
        "POST",
        "/transcription/{transcription_id}/vocabulary/undo",
        record(results.UnappliedData),
    )
    def undo_vocabulary(self, transcription_id: int) -> Parts:
        """Take back the last application of corrections to a transcript."""
        return Parts()
