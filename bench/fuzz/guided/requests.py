"""Requests to the gateway: forms, headers, bodies, messages of WebSockets, and tokens of pages."""

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import pydantic
from google.protobuf.message import Message
from starlette.datastructures import Headers

from bench.fuzz.guided.parser import Parser, text_of
from common.errors import FileUploadError, NotFoundError, ValidationError
from gateway.api.moments import Since, Until
from gateway.api.parameters import JsonBody
from gateway.audit import reader
from gateway.idempotency.key import key_of
from gateway.live import messages, recognition_messages
from gateway.oidc.claims import person_of
from gateway.oidc.providers import OidcProvider
from gateway.openai import parameters
from gateway.sessions.session import Preferences, Session
from gateway.texts import check_json
from gateway.uploads import tus
from gateway.uploads.form import UploadForm
from gateway.uploads.multipart import MultipartStream, PartBegun, PartData
from gateway.web import credentials, preconditions, ranges
from gateway.web.hosts import HostNames
from gateway.web.origins import Origins
from gateway.webhooks import addresses, retries
from transcriber.api import library_requests
from transcriber.search.pages import PageToken
from transcriber.transcripts.comparisons import Cursor

#: Modules with bodies of requests.
_BODIES = (
    *("account_models", "capture_models", "exports", "library_filters", "library_models"),
    *("option_models", "queue", "reprocessing_models", "sessions", "sharing_models"),
    *("speaker_ledger_models", "speaker_models", "system_models", "transcript_models"),
    *("vocabulary_models", "webhook_models", "workspace_settings_models"),
)
_NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
_SIZE = 1_000
_LONGEST_PIECE = 64
_SESSION = Session(
    id=1,
    session_id="session_1",
    workspace_id="session_1",
    token_sha256="",
    user_identifier="",
    authenticated=False,
    preferences=Preferences(),
    created_at=_NOW,
    last_accessed_at=_NOW,
    expires_at=_NOW,
)
_PROVIDER = OidcProvider(
    id="company", issuer="https://id.example.org", client_id="us", groups_claim="realm.roles"
)
_HOSTS = HostNames(["example.org", "*.example.net", "[::1]"])
_ORIGINS = Origins(["https://example.org"])
_NETWORKS = addresses.PermittedNetworks.parse(["10.1.0.0/16"])
_MOMENTS = (pydantic.TypeAdapter[dt.datetime](Since), pydantic.TypeAdapter[dt.datetime](Until))
_TASKS: tuple[parameters.Task, ...] = ("transcribe", "translate")


def bodies() -> list[type[JsonBody]]:
    """Return the models of bodies of requests, in a fixed order."""
    found = {
        f"{kind.__module__}.{kind.__name__}": kind
        for name in _BODIES
        for kind in vars(import_module(f"gateway.api.{name}")).values()
        if isinstance(kind, type) and issubclass(kind, JsonBody) and kind is not JsonBody
    }
    return [found[name] for name in sorted(found)]


_MODELS = bodies()


def _form(data: bytes) -> None:
    """Read a form with its type in the first line, in pieces whose length the last byte gives."""
    kind, _, body = data.partition(b"\n")
    size = 1 + (data[-1] if data else 0) % _LONGEST_PIECE
    stream = MultipartStream(kind.decode("latin-1"))
    form = UploadForm(Preferences(), ignored=("file",))
    for first in range(0, len(body), size):
        for event in stream.feed(body[first : first + size]):
            if isinstance(event, PartBegun):
                form.begin(event.name)
            elif isinstance(event, PartData):
                form.add(event.data)
    stream.finish()
    form.options().config("call.wav").SerializeToString()


def _tus(data: bytes) -> None:
    """Read the headers of an upload in pieces, a line each."""
    lines = [*data.decode("latin-1").split("\n"), "", "", "", ""]
    pairs = tus.metadata(lines[0])
    tus.checksum(lines[1])
    size = tus.length(lines[2])
    assert size > 0
    assert tus.offset(lines[3]) >= 0
    tus.config(size, pairs, Preferences()).SerializeToString()


def _headers(data: bytes) -> None:
    """Read a text as the value of each header of our own parsers."""
    text = data.decode("latin-1")
    try:
        found = ranges.requested(text, _SIZE)
        assert found is None or 0 <= found.first <= found.last < _SIZE
    except ranges.RangeNotSatisfiableError:
        pass
    preconditions.matches_any(text, '"1"')
    _HOSTS.allow(text)
    raw = [(b"origin", data), (b"host", data), (b"authorization", data), (b"cookie", data)]
    headers = Headers(raw=raw)
    _ORIGINS.trusts(headers)
    credentials.read(headers)
    credentials.resumable_tokens(headers)
    token, rest = credentials.take_query_token(data)
    assert token is None or credentials.take_query_token(rest)[0] is None
    assert 0 <= retries.retry_after_seconds(text, _NOW) <= retries.LONGEST_HOLD_SECONDS
    readers: Sequence[Callable[[str], object]] = (preconditions.matched_revision, _key)
    for read in readers:
        with contextlib.suppress(ValidationError):
            read(text)


def _key(text: str) -> None:
    raw = [(b"idempotency-key", text.encode("latin-1"))]
    key = key_of({"type": "http", "headers": raw})
    assert key is None or 1 <= len(key) <= 255


def _body(data: bytes) -> None:
    """Read a body of JSON as the model that the first byte chooses."""
    kind = _MODELS[data[0] % len(_MODELS)] if data else _MODELS[0]
    value = _json(data[1:])
    try:
        found = kind.model_validate(value)
    except pydantic.ValidationError as error:
        error.errors(include_url=False, include_input=False)
        return
    if convert := getattr(found, "message", None):
        convert().SerializeToString()


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _preferences(data: bytes) -> None:
    value = _json(data)
    check_json(value, "preferences")
    if isinstance(value, dict):
        Preferences.of(value).flat()


def _live(data: bytes) -> None:
    """Read a message of a live session: the first one, a later one, and a binary one."""
    text = text_of(data)
    messages.parsed(text)
    said = None
    with contextlib.suppress(ValidationError):
        said = recognition_messages.parsed(text)
    readers: Sequence[Callable[[dict[str, Any]], Message]] = (
        partial(recognition_messages.first, session=_SESSION),
        recognition_messages.later,
    )
    for read in readers:
        with contextlib.suppress(ValidationError):
            read(said or {}).SerializeToString()
    recognition_messages.binary(data).SerializeToString()


def _follow(data: bytes) -> None:
    """Read the parameters of the address of a follower, one in each line."""
    recognition_messages.follow(dict(_pairs(data))).SerializeToString()


def _pairs(data: bytes) -> list[tuple[str, str]]:
    lines = (line.partition("=") for line in text_of(data).split("\n"))
    return [(name, value) for name, _, value in lines]


def _audio_form(data: bytes) -> None:
    """Read the fields of a call as to the OpenAI API, one in each line."""
    fields: dict[str, list[str]] = {}
    for name, value in _pairs(data):
        fields.setdefault(name, []).append(value.replace("\r", "\n"))
    for task in _TASKS:
        found = parameters.read(fields, task)
        assert 0 <= found.temperature <= 1


def _moments(data: bytes) -> None:
    for adapter in _MOMENTS:
        found = adapter.validate_python(text_of(data))
        assert found.tzinfo is not None


def _tokens(data: bytes) -> None:
    """Read a text as a token of each list in pages."""
    readers: Sequence[Callable[[str], object]] = (
        partial(PageToken.decode, search="call"),
        partial(library_requests.place_of, "newest"),
        _trash_place,
        reader.place_of,
        Cursor.parse,
    )
    for read in readers:
        with contextlib.suppress(ValidationError):
            read(text_of(data))


def _trash_place(text: str) -> None:
    place = library_requests.place_of("trash", text)
    if place is not None:
        assert library_requests.moment_of(place).tzinfo is not None


def _webhook(data: bytes) -> None:
    """Read a text as the address of a receiver."""
    text = data.decode("latin-1")
    _NETWORKS.admits(text, secure=True)
    parts = addresses.parsed_url(text)
    assert parts.hostname
    assert 0 < addresses.port_of(parts) < 65_536


def _claims(data: bytes) -> None:
    """Read the claims of a sign-in provider."""
    value = _json(data)
    if isinstance(value, dict) and value.get("sub"):
        person_of(_PROVIDER, value)


PARSERS = (
    Parser(name="requests.form", parse=_form),
    Parser(name="requests.tus", parse=_tus, allowed=(ValidationError, FileUploadError)),
    Parser(name="requests.headers", parse=_headers),
    Parser(name="requests.body", parse=_body),
    Parser(name="requests.preferences", parse=_preferences),
    Parser(name="requests.live-messages", parse=_live),
    Parser(name="requests.follower", parse=_follow),
    Parser(name="requests.audio-form", parse=_audio_form, allowed=(ValidationError, NotFoundError)),
    Parser(name="requests.moments", parse=_moments, allowed=(pydantic.ValidationError,)),
    Parser(name="requests.page-tokens", parse=_tokens),
    Parser(name="requests.webhook", parse=_webhook, allowed=(ValueError,)),
    Parser(name="requests.claims", parse=_claims),
)
