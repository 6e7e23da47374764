"""Texts of users and of other programs: names, queries, vocabularies, templates, and results."""

import contextlib
import math
from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError
from jinja2 import TemplateError

from bench.fuzz.guided.parser import Parser, text_of
from common import addresses, characters, filenames, languages, lengths, sizes
from common.encryption.key_holders import parse_key
from common.errors import ValidationError
from exporter.document import Document
from exporter.summary import prompts
from exporter.summary.action_items import action_items
from exporter.summary.chat import LanguageModelError
from exporter.summary.sentences import sentences
from exporter.templates.sandbox import PlainDataEnvironment
from tests.unit.exporter.documents import document, segment
from transcriber.captures import media_types
from transcriber.editing import wording
from transcriber.editing.items import ItemId, Times
from transcriber.library.phrases import Spoken, phrase
from transcriber.search import marks, query
from transcriber.transcripts.stage_results import read_diarization, read_recognition
from transcriber.vocabulary import table, units
from transcriber.vocabulary.matching import Matcher

_PROXIES = addresses.TrustedProxies(["10.0.0.0/8", "::1"])
_PEER = "10.0.0.1"
_MOST_LINES = 20


def _language(data: bytes) -> None:
    """Read a language tag."""
    text = text_of(data)
    found = languages.find(text)
    assert found is None or found in languages.NAMES
    for read in (languages.requested, languages.of_person):
        with contextlib.suppress(ValidationError):
            assert len(read(text)) <= 3


def _name(data: bytes) -> None:
    """Make the name of a file, of a person and of a download from a text."""
    text = text_of(data)
    name = filenames.clean(text)
    assert 0 < len(name) <= filenames.LONGEST
    assert "/" not in name
    assert name.strip(".")
    assert filenames.clean(name) == name
    stem = filenames.portable(text)
    assert 0 < len(stem.encode()) <= filenames.LONGEST_PORTABLE
    assert filenames.portable(stem) == stem
    tidy = characters.tidied(text)
    assert characters.tidied(tidy) == tidy
    assert characters.key(tidy) == characters.key(text)
    assert not characters.has_forbidden(characters.without_forbidden(text))


def _address(data: bytes) -> None:
    """Read the addresses that a proxy reports."""
    text = data.decode("latin-1")
    addresses.network_of(_PROXIES.client(_PEER, text))
    addresses.peer_host(text)


def _query(data: bytes) -> None:
    """Read a query in the first line, and mark its words in the other ones."""
    first, _, rest = text_of(data).partition("\n")
    found = query.parse(first)
    ends = 0
    for start, end in marks.marks(rest, found):
        assert ends <= start < end <= len(rest)
        ends = end


def _vocabulary(data: bytes) -> None:
    """Read a table, which can be written and read again, and correct its own text by it."""
    text = text_of(data)
    terms, corrections = table.read(text)
    assert table.read(table.write(terms, corrections)) == (terms, corrections)
    ends = 0
    for found in Matcher(corrections).matches(text, "en"):
        assert ends <= found.start < found.end <= len(text)
        ends = found.end


def _words(data: bytes) -> None:
    """Divide a text into words, as an edit does."""
    text = text_of(data)
    tokens = wording.tokens(text)
    if tokens:
        spans = wording.spread(Times(0.0, 1.0), [token.text for token in tokens])
        assert len(spans) == len(tokens)
    for unit in units.split(text):
        assert text[unit.start : unit.end] == unit.text
    with contextlib.suppress(ValueError):
        ItemId.parse(text)


def _setting(data: bytes) -> None:
    """Read a text as each kind of setting."""
    text = text_of(data)
    readers: Sequence[Callable[[str], object]] = (sizes.parse, lengths.parse, parse_key, _networks)
    for read in readers:
        try:
            found = read(text)
        except ValueError:
            continue
        assert not isinstance(found, int | float) or 0 <= found <= math.inf


def _networks(text: str) -> None:
    addresses.TrustedProxies(text.split())


def _media_type(data: bytes) -> None:
    media_types.check(text_of(data))


def _template(data: bytes) -> None:
    """Translate a template. It is rendered in a process of its own, with limits."""
    PlainDataEnvironment().from_string(text_of(data))


def _spoken(data: bytes) -> Document:
    """Return a conversation of two people who say a line each."""
    lines = text_of(data).split("\n")[:_MOST_LINES]
    return document(
        segment(place, f"Speaker_{place % 2}", line, place, place + 1.0, with_words=False)
        for place, line in enumerate(lines)
    )


def _action_items(data: bytes) -> None:
    """Find the tasks in what people say."""
    conversation = _spoken(data)
    said = list(sentences(conversation))
    action_items(conversation, said)


def _title(data: bytes) -> None:
    """Find the phrase that says what a recording is about."""
    lines = text_of(data).split("\n")[:_MOST_LINES]
    phrase(Spoken(text=line, start=float(place), language="en") for place, line in enumerate(lines))


def _answer(data: bytes) -> None:
    """Read the answer of a language model."""
    answer = prompts.parsed(text_of(data))
    prompts.statements_in(answer, "segments")
    prompts.items_in(answer)


def _result(data: bytes) -> None:
    """Read a message as the results of both kinds of workers."""
    for read in (read_recognition, read_diarization):
        with contextlib.suppress(DecodeError):
            read(data, separate=True)


PARSERS = (
    Parser(name="texts.language", parse=_language, longest=128),
    Parser(name="texts.name", parse=_name, longest=1_024),
    Parser(name="texts.address", parse=_address, longest=1_024),
    Parser(name="texts.query", parse=_query, longest=2_048),
    Parser(name="texts.vocabulary", parse=_vocabulary),
    Parser(name="texts.words", parse=_words, longest=2_048),
    Parser(name="texts.setting", parse=_setting, longest=1_024),
    Parser(name="texts.media-type", parse=_media_type, longest=512),
    Parser(name="texts.template", parse=_template, allowed=(TemplateError,), longest=2_048),
    Parser(name="texts.action-items", parse=_action_items),
    Parser(name="texts.title", parse=_title),
    Parser(name="texts.answer", parse=_answer, allowed=(LanguageModelError,)),
    Parser(name="texts.result", parse=_result),
)
