"""Imported transcripts, up to the edits that put them into a transcript."""

from functools import partial

from bench.fuzz.guided.parser import Parser
from tests.unit.transcriber.editing.transcripts import Edited
from transcriber.editing import views
from transcriber.imports.batch import Recording, execute
from transcriber.imports.content import ImportFormat
from transcriber.imports.reading import read

_RECORDING = Recording(duration=100_000.0, language="en")


def _imported(data: bytes, form: ImportFormat | None = None) -> None:
    """Put a file into a short transcript. One in two keeps the speakers of the transcript."""
    document = Edited().document()
    found = read(data, form)
    execute(document, found, _RECORDING, revision=2, diarize=len(data) % 2 == 0)
    for segment in views.segments(document):
        assert all(0 <= word.start <= word.end for word in segment.words)


PARSERS = (
    Parser(name="imports.any", parse=_imported),
    *(
        Parser(name=f"imports.{form.value}", parse=partial(_imported, form=form))
        for form in ImportFormat
    ),
)
