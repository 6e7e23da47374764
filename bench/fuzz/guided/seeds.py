"""Valid inputs of the parsers under test, from which the search begins."""

import base64
import datetime as dt
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Any

from bench.fuzz import messages, parsers, texts, uploads
from bench.fuzz.guided.requests import bodies
from gateway.audit import reader
from gateway.audit.store import Place as AuditPlace
from securetranscribe.v1 import diarization_pb2, speech_pb2
from tests.recordings.corpus import CASES
from transcriber.api import library_requests
from transcriber.search.pages import PageToken
from transcriber.store.listing import Place

Seeds = Callable[[], Iterable[bytes]]

_RECORDING_BYTES = (2_048, 32_768)
_MESSAGES = 40
_WAVES = ("s16_8k.wav", "mulaw.wav", "adpcm_ima.wav", "s16.w64")
_RECORDINGS = {
    "wav": _WAVES,
    "aiff": ("s16.aiff",),
    "ogg": ("opus.ogg", "vorbis.ogg"),
    "transport-clocks": ("aac.ts",),
    "program-clocks": ("mp2.mpg",),
    "live-stream": ("opus.ogg", "opus.mka", "aac.m4a"),
    "pipe": ("s16_8k.wav", "opus.ogg"),
}
#: More JSON than a reader that follows each bracket by a call can take.
_DEEP = b"[" * 4_000
_FORM = b"\r\n".join(
    (
        b"multipart/form-data; boundary=x\n--x",
        b'Content-Disposition: form-data; name="language"',
        b"",
        b"en",
        b"--x",
        b'Content-Disposition: form-data; name="num_speakers"',
        b"",
        b"2",
        b"--x",
        b"Content-Disposition: form-data; name=\"phrases\"; filename*=UTF-8''a%20b",
        b"Content-Type: text/plain; charset=utf-8",
        b"",
        b"Ada",
        b"--x--",
        b"",
    )
)
_HEADERS = (
    b"bytes=0-1",
    b"bytes=-500",
    b'W/"12"',
    b'"12", "13"',
    b'"a key \\" of mine"',
    b"8e03978e-40d5-43dd-bc93-6894a57f9324",
    b"https://example.org",
    b"[::1]:8000",
    b"Bearer sta_0123456789",
    b"a=b; session_token=c",
    b"token=a&view=full&token=b",
    b"120",
    b"Mon, 30 Nov 2026 12:00:00 GMT",
    b"Mon, 30 Nov 2026 12:00:00 -0800",
)
_LIVE = (
    b'{"type": "begin", "encoding": "linear16", "sample_rate": 16000, "language": "en", '
    b'"phrases": ["Ada"], "title": "Call"}',
    b'{"type": "resume", "capture_id": "a", "after_sequence": 3}',
    b'{"type": "chunk", "number": 1, "data": "UklGRg==", "starts_stream": true}',
    b'{"type": "finish", "chunk_count": 3, "allow_gaps": true}',
    b'{"type": "watch", "transcription_id": 7}',
    bytes(8) + b"\x01\x1a\x45\xdf\xa3",
    _DEEP,
)
_AUDIO_FORM = (
    b"model=whisper-1\nlanguage=en\nresponse_format=verbose_json\n"
    b"timestamp_granularities[]=word\ntimestamp_granularities[1]=segment\ntemperature=0.2\n"
    b"prompt=Ada, Ben. We met DALL-E in Berlin with many other people.",
    b'model=gpt-4o-transcribe-diarize\nchunking_strategy={"type": "server_vad"}\nstream=true\n'
    b"response_format=diarized_json\nknown_speaker_names[]=Ada\n"
    b"known_speaker_references[]=data:audio/wav;base64,UklGRg==",
    b"model=gpt-4o-transcribe\ninclude[]=logprobs\nresponse_format=json\nchunking_strategy[type]=auto",
)
_VOCABULARY = (
    b"type,heard,meant,language,match_case\r\nterm,,Kubernetes,en,\r\n"
    b'correction,cuba net ease,"Kubernetes, Inc",,true\r\n'
)
_ANSWERS = (
    b'Here it is: {"statements": [{"text": "They met.", "segments": [1, "[2]"]}], "action_items": '
    b'[{"text": "Call Ada", "owner": "Ben", "due": "Friday", "segment": 3}]} Done.',
    b'{"statements": ' + _DEEP + b"}",
)
_MOMENT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
_SPOKEN = (
    "I'll send the figures by Friday, and Ben, could you call them before the next meeting?\n"
    "Sure, I can do that.\nWe need to fix the release by the end of next week.\n"
    "Please don't forget to book the room. Somebody should have a look at it tomorrow at 5 pm."
)


def seeds(name: str) -> list[bytes]:
    """Return the seeds of a parser. Raise KeyError if there is none with this name."""
    family, _, own = name.partition(".")
    if family == "imports":
        return parsers.samples()
    if family == "recordings":
        return list(_recordings(own))
    return list(_MADE[name]())


def _recordings(own: str) -> Iterator[bytes]:
    """Yield beginnings of recordings, also short ones, which are searched faster."""
    for name in _RECORDINGS.get(own, uploads.FILES):
        for size in _RECORDING_BYTES:
            yield _recording(name)[:size]


@functools.cache
def _recording(name: str) -> bytes:
    """Return a recording, which takes long to encode."""
    return CASES[name].make()


def _fixed(*values: bytes) -> Seeds:
    return lambda: values


def _of_texts(*values: str) -> Seeds:
    """Return hostile texts, and valid ones."""
    return lambda: [text.encode() for text in (*values, *texts.TEXTS) if text]


def _bodies() -> Iterator[bytes]:
    """Yield a body for each model, with all of its fields and with the required ones only."""
    for number, kind in enumerate(bodies()):
        schema = kind.model_json_schema()
        for complete in (True, False):
            body = sample(schema, schema.get("$defs", {}), complete=complete)
            yield bytes([number]) + json.dumps(body).encode()


def sample(schema: Mapping[str, Any], known: Mapping[str, Any], *, complete: bool) -> Any:
    """Return a value that a JSON schema describes, if that is not too particular."""
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return sample(choices[0], known, complete=complete)
    if fixed := schema.get("enum") or schema.get("examples") or _constant(schema):
        return fixed[0]
    kind = schema.get("type")
    if kind == "object":
        needed = schema.get("required", ())
        return {
            name: sample(part, known, complete=complete)
            for name, part in schema.get("properties", {}).items()
            if complete or name in needed
        }
    if kind == "array":
        return [sample(schema.get("items", {}), known, complete=complete)]
    return _plain(schema)


def _constant(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else []


def _plain(schema: Mapping[str, Any]) -> Any:
    if schema.get("format") == "date-time":
        return "2026-11-30T12:00:00Z"
    number = schema.get("minimum", 1)
    text = "a" * schema.get("minLength", 1)
    values = {"boolean": True, "string": text, "integer": number, "number": number}
    return values.get(schema.get("type", ""))


def _page_tokens() -> Iterator[bytes]:
    yield PageToken(snapshot=7, offset=20).encode("call").encode()
    for order in ("newest", "trash"):
        place = Place(number=1.5, text="2026-11-30T12:00:00+00:00", id=3)
        yield library_requests.cursor_of(order, place).encode()
    yield reader.token_of(AuditPlace(happened_at=_MOMENT, number=4)).encode()
    yield b"12.5:3"
    yield base64.urlsafe_b64encode(_DEEP[:2_000])


def _messages() -> Iterator[bytes]:
    for number in range(_MESSAGES):
        for kind in (speech_pb2.Recognition, diarization_pb2.Diarization):
            made = messages.message(kind.DESCRIPTOR, Random(number), {})
            yield made.SerializeToString()[:8_192]


_MADE: Mapping[str, Seeds] = {
    "requests.form": _fixed(_FORM),
    "requests.tus": _fixed(
        b"filename Y2FsbC53YXY=,language ZW4=,phrases QWRh\nsha256 UklGRg==\n1000\n0",
    ),
    "requests.headers": _fixed(*_HEADERS),
    "requests.body": _bodies,
    "requests.preferences": _fixed(
        b'{"default_language": "de", "theme": {"dark": [1, true]}}', _DEEP
    ),
    "requests.live-messages": _fixed(*_LIVE),
    "requests.follower": _fixed(b"transcription_id=7\nafter_sequence=3"),
    "requests.audio-form": _fixed(*_AUDIO_FORM),
    "requests.moments": _fixed(b"2026-11-30", b"2026-11-30T12:00:00+02:00", b"9999-12-31"),
    "requests.page-tokens": _page_tokens,
    "requests.webhook": _fixed(
        b"https://example.org:8443/hooks?a=b", b"http://[::1]/", b"10.1.2.3", b"::ffff:10.1.2.3"
    ),
    "requests.claims": _fixed(
        b'{"sub": "1", "realm": {"roles": ["a"]}, "email": "a@example.org", "email_verified": '
        b'"true", "preferred_username": "ada", "name": "Ada"}',
        b'{"sub": "1", "realm.roles": "a b"}',
    ),
    "texts.language": _of_texts("en", "pt_BR", "cmn-Hans-CN", "de-CH-1996", "x-private", "auto"),
    "texts.name": _of_texts("Q1/Q2: plan?.wav", "C:\\calls\\Ada and Ben.mp3", "CON.txt"),
    "texts.address": _of_texts("192.0.2.1, 10.0.0.2", "2001:db8::1%eth0", "ipv6:%5B::1%5D:50100"),
    "texts.query": _of_texts(
        'Ada "next meeting" -budget OR plan\nAda has a plan for the next meeting.'
    ),
    "texts.vocabulary": _fixed(_VOCABULARY),
    "texts.words": _of_texts("Smyth's dog, 3.14", "我们需要在周五之前完成报告。", "3.14"),
    "texts.setting": _of_texts("500MB", "1.5 GiB", "12h", "90m", "0" * 64, "10.0.0.0/8 ::1"),
    "texts.media-type": _fixed(b"audio/webm;codecs=opus", b"AUDIO/OGG ; codecs=opus"),
    "texts.template": _of_texts(
        "{% for turn in turns %}{{ turn.speaker }}: {{ turn.text|upper }}\n{% endfor %}",
        "{% macro a(b, c=1) %}{{ b[0:2]|join(', ') }}{% endmacro %}{{ a(segments) }}{# note #}",
    ),
    "texts.action-items": _of_texts(_SPOKEN),
    "texts.title": _of_texts(_SPOKEN),
    "texts.answer": _fixed(*_ANSWERS),
    "texts.result": _messages,
}
