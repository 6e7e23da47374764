"""Checked passages of an imported file, with words to be put into a transcript."""

from collections.abc import Iterable, Iterator, Sequence

from common import characters
from transcriber.editing import wording
from transcriber.editing.imported_text import Passage, PassageWord
from transcriber.editing.items import Times, Wording
from transcriber.imports.content import ImportedSegment, ImportedTranscript, ImportedWord
from transcriber.imports.problems import problem
from transcriber.names.rules import LONGEST_NAME

#: Most passages, words and speakers of a file, and characters of a passage.
MOST_PASSAGES = 50_000
MOST_WORDS = 300_000
MOST_SPEAKERS = 500
LONGEST_TEXT = 10_000
#: Text may begin this many seconds behind the end of the recording.
_BEYOND = 1.0


def passages_of(transcript: ImportedTranscript, *, duration: float, language: str) -> list[Passage]:
    """Return the passages in order of time, labeled with the speakers of the file.

    `duration` is that of the recording in seconds. `language` is that of the text, empty if it is
    not known.

    Raises:
        ValidationError: there is no text, or too much, or it is about a longer recording.
    """
    if len(transcript.segments) > MOST_PASSAGES:
        raise problem(f"A file has at most {MOST_PASSAGES} passages.")
    found: list[Passage] = []
    words = 0
    for segment in sorted(transcript.segments, key=lambda one: (one.start, one.end)):
        passage = _passage(segment, duration, language)
        if passage is None:
            continue
        found.append(passage)
        words += len(passage.words)
        if words > MOST_WORDS:
            raise problem(f"A file has at most {MOST_WORDS} words.")
    if not found:
        raise problem("The file has no text.")
    check_speakers((passage.label, passage.channel) for passage in found)
    return found


def check_speakers(speakers: Iterable[tuple[str, int]]) -> None:
    """Refuse too many speakers, who are names with channels.

    Raises:
        ValidationError: there are too many.
    """
    if len(set(speakers)) > MOST_SPEAKERS:
        raise problem(f"A file has at most {MOST_SPEAKERS} speakers.")


def check_end(start: float, duration: float) -> None:
    """Refuse times behind the end of the recording.

    Raises:
        ValidationError: the time is.
    """
    if start > duration + _BEYOND:
        raise problem(
            f"The file has a passage at {start:.1f} s, and the recording ends at {duration:.1f} s. "
            "They do not belong together."
        )


def speaker_name(text: str) -> str:
    """Return the name of a speaker as transcripts have them."""
    plain = characters.without_forbidden(characters.tidied(text[:LONGEST_TEXT]))
    return characters.shortened(plain, LONGEST_NAME)


def _passage(segment: ImportedSegment, duration: float, language: str) -> Passage | None:
    check_end(segment.start, duration)
    start = min(max(0.0, segment.start), duration)
    end = min(max(start, segment.end), duration)
    # Before it is normalized, which takes the square of its length in the worst case.
    text = " ".join(segment.text.split())
    if max(len(text), sum(len(word.text) for word in segment.words)) > LONGEST_TEXT:
        raise problem(
            f"The passage at {start:.1f} s is longer than {LONGEST_TEXT} characters. Divide it."
        )
    text = _tidy(text)
    if segment.words:
        words = tuple(_timed(segment.words, text, start, end))
    else:
        words = tuple(_estimated(text, start, end))
    if not words:
        return None
    return Passage(
        label=speaker_name(segment.speaker),
        start=start,
        end=end,
        words=words,
        language=language,
        channel=segment.channel,
    )


def _estimated(text: str, start: float, end: float) -> Iterator[PassageWord]:
    tokens = wording.tokens(text)
    if tokens:
        spans = wording.spread(Times(start, end), [token.text for token in tokens])
        for token, times in zip(tokens, spans, strict=True):
            text_of_word = Wording(token.text, None, token.spaced)
            yield PassageWord(wording=text_of_word, times=times, timed=False)


def _timed(
    words: Sequence[ImportedWord], text: str, start: float, end: float
) -> Iterator[PassageWord]:
    """Yield words with their times, in order and within the passage. Blanks are as in the text."""
    earliest, position = start, 0
    for word in words:
        begin = min(max(earliest, word.start), end)
        earliest = stop = min(max(begin, word.end), end)
        tokens = wording.tokens(_tidy(word.text))
        if not tokens:
            continue
        spans = wording.spread(Times(begin, stop), [token.text for token in tokens])
        for place, (token, times) in enumerate(zip(tokens, spans, strict=True)):
            found = text.find(token.text, position)
            spaced = token.spaced
            if place == 0 and found >= 0:
                spaced = found > position if position else None
            position = found + len(token.text) if found >= 0 else position
            yield PassageWord(
                wording=Wording(token.text, word.probability, spaced), times=times, timed=True
            )


def _tidy(text: str) -> str:
    return characters.without_forbidden(characters.tidied(text))
