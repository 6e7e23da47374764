"""An import as a batch of edits of a transcript in memory."""

from dataclasses import dataclass, replace

from common import languages
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.imported_text import Passage, replace_text, with_known_times
from transcriber.editing.journal import Journal
from transcriber.editing.operations import SpeakerSource
from transcriber.imports import turns as imported_turns
from transcriber.imports.attribution import turns_of, with_speakers
from transcriber.imports.content import ImportedTranscript
from transcriber.imports.conversion import check_end, check_speakers, passages_of, speaker_name
from transcriber.imports.problems import problem
from transcriber.imports.speakers import SpeakerMatch, match_speakers, spoken_turns


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """The recording that a file belongs to. `language` is empty if it is not known."""

    duration: float
    language: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportBatch:
    """Effects of an import, and what was made of the file.

    `kept` counts the words that the transcript had already.
    """

    effects: Effects
    speakers: SpeakerSource
    segments: int = 0
    words: int = 0
    kept: int = 0


def execute(
    document: Document,
    transcript: ImportedTranscript,
    recording: Recording,
    *,
    revision: int,
    diarize: bool,
) -> ImportBatch:
    """Put the content of a file into a document, as a revision.

    With `diarize`, words belong to those who speak during them so far, whoever the file names.

    Raises:
        ValidationError: the file does not fit.
    """
    journal = Journal(document, base=revision - 1, revision=revision)
    if transcript.turns:
        return _turns(journal, transcript, recording)
    texts = passages_of(
        transcript,
        duration=recording.duration,
        language=_language(transcript.language) or recording.language,
    )
    turns = turns_of(document)
    if transcript.names_speakers and not diarize:
        source = SpeakerSource.FILE
        match = match_speakers(spoken_turns(texts), turns, document.speakers)
        texts = _relabeled(texts, match)
    else:
        source = SpeakerSource.WORDS if diarize else SpeakerSource.PASSAGES
        texts = [replace(passage, label="") for passage in texts]
        match = match_speakers(spoken_turns(texts), (), document.speakers)
        texts = _relabeled(texts, match)
        if diarize:
            texts = with_known_times(document, texts)
        texts = with_speakers(texts, turns, split=diarize)
    made = [item for own in replace_text(journal, texts) for item in own]
    match.assign(journal)
    return ImportBatch(
        effects=journal.effects(),
        speakers=source,
        segments=len(texts),
        words=len(made),
        kept=sum(item.revision != revision for item in made),
    )


def _turns(journal: Journal, transcript: ImportedTranscript, recording: Recording) -> ImportBatch:
    document = journal.document
    if not any(document.words(segment) for segment in document.segments()):
        raise problem(
            "RTTM has turns of speakers and no text, and there are no words to give them to."
        )
    found = [
        replace(turn, speaker=speaker_name(turn.speaker) or "unknown") for turn in transcript.turns
    ]
    check_speakers((turn.speaker, turn.channel) for turn in found)
    for turn in found:
        check_end(turn.start, recording.duration)
    match = match_speakers(found, turns_of(document), document.speakers)
    imported_turns.replace_speakers(journal, found, match.labels)
    match.assign(journal)
    return ImportBatch(
        effects=journal.effects(),
        speakers=SpeakerSource.FILE,
        segments=len(document.segments()),
        words=sum(len(document.words(segment)) for segment in document.segments()),
        kept=sum(len(document.words(segment)) for segment in document.segments()),
    )


def _relabeled(texts: list[Passage], match: SpeakerMatch) -> list[Passage]:
    return [replace(passage, label=match.labels[passage.label]) for passage in texts]


def _language(text: str) -> str:
    """Return the code of a language by its code or English name, empty if it is not known."""
    by_name = {name.lower(): code for code, name in languages.NAMES.items()}
    return by_name.get(text.lower()) or languages.find(text) or ""
