"""Transcripts made elsewhere."""

from typing import IO, Any

from securetranscribe import results
from securetranscribe.calls.uploads import file_name
from securetranscribe.methods import operation, record
from securetranscribe.steps import Parts, present


class ImportCalls:
    """Calls to import transcripts.

    `options` are `format` (found out by default), `language`, `align` and `diarize`.
    """

    @operation("POST", "/transcription/{transcription_id}/import", record(results.ImportData))
    def import_transcript(
        self,
        /,
        transcription_id: int,
        file: IO[bytes],
        *,
        filename: str | None = None,
        **options: Any,
    ) -> Parts:
        """Replace the transcript of a transcription by an open file, as a revision with undo."""
        return Parts(query=_query(options), files={"file": (filename or file_name(file), file)})

    @operation("POST", "/imports", record(results.ImportedRecordingData))
    def import_recording(self, /, audio: IO[bytes], transcript: IO[bytes], **options: Any) -> Parts:
        """Upload a recording together with its transcript. `process` also has it recognized."""
        files = {
            "audio": (file_name(audio), audio),
            "transcript": (file_name(transcript), transcript),
        }
        return Parts(query=_query(options), files=files)


def _query(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in present(**options).items()
    }
