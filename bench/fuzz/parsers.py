"""The parsers of imported transcripts, in this process: every format, mutated."""

from collections.abc import Sequence
from random import Random

from bench.fuzz import mutations, texts
from bench.fuzz.oracle import Book, inside
from common.errors import ValidationError
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from tests.unit.exporter.documents import call, hostile, meeting
from transcriber.imports.content import ImportFormat
from transcriber.imports.reading import read

KIND = "imports"
_WRITTEN = ("srt", "vtt", "textgrid", "eaf", "ctm", "rttm")
_JSON = (
    b'{"segments": [{"start": 0.5, "end": 1.25, "text": " Hello there.", "speaker": "SPEAKER_00", '
    b'"words": [{"word": "Hello", "start": 0.5, "end": 0.8, "score": 0.9}, {"word": "there."}]}], '
    b'"language": "en"}',
    b'{"task": "transcribe", "duration": 2.0, "text": "Hello.", "language": "english", "words": '
    b'[{"word": "Hello", "start": 0.1, "end": 0.5}], "segments": [{"id": 0, "start": 0.0, '
    b'"end": 1.0, "text": "Hello.", "avg_logprob": -0.2, "no_speech_prob": 0.1}]}',
    b'{"segments": [{"type": "transcript.text.segment", "id": "a", "start": 0.0, "end": 1.0, '
    b'"text": "Hi", "speaker": "A"}], "text": "Hi", "duration": 1.0}',
)
#: Parts of one file that another reader could take for something else.
_TOKENS = (
    b"00:00:01,000 --> 00:00:02,000",
    b"99:99:99.999",
    b"-1",
    b"1e999",
    b"NaN",
    b"<v ",
    b"</v>",
    b"<c><c><c>",
    b"&amp;&lt",
    b"<![CDATA[",
    b"xmin = 0",
    b"intervals: size = 4000000000",
    b'"IntervalTier"',
    b"SPEAKER a 1 0 1 <NA> <NA> b <NA> <NA>\n",
    b"[[[[[[[[",
    b'{"segments": [',
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x00",
    b"\xed\xa0\x80",
)


def samples() -> list[bytes]:
    """Return valid files of every format that can be imported."""
    found = list(_JSON)
    for document in (meeting(), call(), hostile()):
        for name in _WRITTEN:
            options = ExportOptions(words=True) if name in ("vtt", "textgrid", "eaf") else None
            found.append(b"".join(FORMATS[name].render(document, options or ExportOptions())))
    return found


def mutated(files: Sequence[bytes], seed: str) -> bytes:
    """Return a mutated file."""
    random = Random(seed)
    data = random.choice(files)
    if random.random() < 0.5:
        at = random.randint(0, len(data))
        token = random.choice((*_TOKENS, texts.text(random).encode()))
        data = data[:at] + token * random.choice((1, 1, 2, 50)) + data[at:]
    data = mutations.mutate(data, seed, files, most=100_000)
    if random.random() < 0.85:
        # Still a text, so that more than the check of the encoding is reached.
        data = data.decode(errors="ignore").replace("\0", "").encode()
    return data


def case(book: Book, files: Sequence[bytes], seed: str) -> None:
    """Read one file. It has a transcript or an error for its author, and nothing else happens."""
    random = Random(seed)
    data = mutated(files, seed)
    wanted = random.choice(list(ImportFormat)) if random.random() < 0.2 else None
    try:
        found = read(data, wanted)
    except ValidationError as error:
        if shown := inside(str(error), data.decode(errors="ignore")):
            book.fault(KIND, seed, f"the error shows {shown!r}: {error}")
        else:
            book.note(KIND, "refused")
    except Exception as error:
        book.fault(KIND, seed, f"{type(error).__name__}: {error}")
    else:
        book.note(KIND, f"read as {found.format}")
