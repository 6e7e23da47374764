"""Parameters of audio requests, as forms carry them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from common import languages
from common.errors import ValidationError
from gateway.openai import catalog, known_speakers
from gateway.openai.catalog import OfferedModel
from gateway.openai.known_speakers import KnownSpeaker
from gateway.openai.prompt import phrases_of

Task: TypeAlias = Literal["transcribe", "translate"]
Format: TypeAlias = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]
Granularity: TypeAlias = Literal["word", "segment"]

_FORMATS: tuple[str, ...] = get_args(Format)
_GRANULARITIES: tuple[str, ...] = get_args(Granularity)
_LOGPROBS = "logprobs"
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})
_NUMBER = re.compile(r"[+-]?\d{1,6}(\.\d{1,12})?")
_CHUNKING = "chunking_strategy"

Fields: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioParameters:
    """Validated parameters. An empty language means the session's preference, else detection."""

    model: OfferedModel
    task: Task
    response_format: Format = "json"
    language: str = ""
    phrases: tuple[str, ...] = ()
    temperature: float = 0.0
    granularities: frozenset[Granularity] = frozenset({"segment"})
    logprobs: bool = False
    stream: bool = False
    store: bool = True
    known_speakers: tuple[KnownSpeaker, ...] = ()


def read(fields: Fields, task: Task) -> AudioParameters:
    """Return the parameters of a complete form. Unknown fields are ignored.

    Raises:
        ModelNotFoundError: there is no such model.
        ValidationError: a field is missing or has an invalid value.
    """
    form = _Form(fields)
    model = _model(form, task)
    response_format = _format(form, task)
    _check_chunking(form)
    return AudioParameters(
        model=model,
        task=task,
        response_format=response_format,
        language=_language(form) if task == "transcribe" else "",
        phrases=phrases_of(form.text("prompt"), form.all("keywords")),
        temperature=_temperature(form),
        granularities=_granularities(form, response_format),
        logprobs=_logprobs(form, response_format),
        # Whisper's own interface has no streams, and ignores the parameter.
        stream=form.switch("stream", default=False) and task == "transcribe",
        store=form.switch("store", default=True),
        known_speakers=_known_speakers(form) if task == "transcribe" else (),
    )


def check_model(fields: Fields, task: Task) -> None:
    """Check the model of a still incomplete form, unless its name is still to come.

    Raises:
        ModelNotFoundError: there is no such model.
        ValidationError: the model cannot do the task.
    """
    form = _Form(fields)
    if form.text("model"):
        _model(form, task)


class _Form:
    """Text fields by name. Lists have names with or without brackets."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def all(self, name: str) -> list[str]:
        values = [*self._fields.get(name, ()), *self._fields.get(f"{name}[]", ())]
        # Some clients number the members of a list.
        numbered = re.compile(rf"{name}\[(\d{{1,4}})\]")
        found = ((numbered.fullmatch(other), more) for other, more in self._fields.items())
        members = [(int(match[1]), more) for match, more in found if match]
        for _, more in sorted(members, key=lambda member: member[0]):
            values += more
        return [value.strip() for value in values if value.strip()]

    def text(self, name: str) -> str:
        values = self.all(name)
        return values[-1] if values else ""

    def switch(self, name: str, *, default: bool) -> bool:
        values = self._fields.get(name, ())
        word = values[-1].strip().lower() if values else ""
        if word not in _TRUE | _FALSE:
            raise ValidationError.of(name, f"'{name}' must be true or false.")
        return word in _TRUE if word else default

    def members(self, name: str) -> dict[str, str]:
        """Return the members of an object, sent as JSON or as fields such as `name[member]`."""
        prefix = f"{name}["
        found = {
            key[len(prefix) :].removesuffix("]"): values[-1]
            for key, values in self._fields.items()
            if key.startswith(prefix) and values
        }
        text = self.text(name)
        if not text.startswith("{"):
            return found
        try:
            given = {key: str(value) for key, value in json.loads(text).items()}
        except (ValueError, RecursionError) as error:
            raise ValidationError.of(name, f"'{name}' is not valid JSON.") from error
        return {**found, **given}


def _model(form: _Form, task: Task) -> OfferedModel:
    name = form.text("model")
    if not name:
        raise ValidationError.of("model", "You must provide a model parameter.")
    model = catalog.find(name)
    if task == "translate" and not model.translates:
        raise ValidationError.of(
            "model", f"The model '{model.name}' does not translate. Use 'whisper-1'."
        )
    return model


def _format(form: _Form, task: Task) -> Format:
    name = form.text("response_format") or "json"
    allowed = [one for one in _FORMATS if task == "transcribe" or one != "diarized_json"]
    if name not in allowed:
        known = ", ".join(allowed)
        raise ValidationError.of("response_format", f"'response_format' must be one of {known}.")
    return cast(Format, name)


def _language(form: _Form) -> str:
    text = form.text("language")
    if not text:
        # Of several possible languages, the one that is spoken is detected.
        several = form.all("languages")
        text = several[0] if len(several) == 1 else ""
    return languages.requested(text) if text else ""


def _temperature(form: _Form) -> float:
    text = form.text("temperature") or "0"
    if not _NUMBER.fullmatch(text) or not 0 <= float(text) <= 1:
        raise ValidationError.of("temperature", "'temperature' must be a number from 0 to 1.")
    return float(text)


def _granularities(form: _Form, response_format: Format) -> frozenset[Granularity]:
    given = form.all("timestamp_granularities")
    _check_members("timestamp_granularities", given, _GRANULARITIES)
    if given and response_format != "verbose_json":
        raise ValidationError.of(
            "timestamp_granularities",
            "'timestamp_granularities' needs the response_format 'verbose_json'.",
        )
    return frozenset(cast(list[Granularity], given)) or frozenset({"segment"})


def _logprobs(form: _Form, response_format: Format) -> bool:
    given = form.all("include")
    _check_members("include", given, (_LOGPROBS,))
    if given and response_format != "json":
        raise ValidationError.of("include", "'logprobs' needs the response_format 'json'.")
    return bool(given)


def _check_chunking(form: _Form) -> None:
    """Check the strategy. It has no effect: speech is always found before recognition."""
    text, members = form.text(_CHUNKING), form.members(_CHUNKING)
    if members.get("type", "server_vad") != "server_vad" or (
        not members and text not in ("", "auto")
    ):
        raise ValidationError.of(
            _CHUNKING, "'chunking_strategy' must be 'auto' or an object of the type 'server_vad'."
        )


def _known_speakers(form: _Form) -> tuple[KnownSpeaker, ...]:
    return known_speakers.read(form.all(known_speakers.NAMES), form.all(known_speakers.REFERENCES))


def _check_members(name: str, given: Iterable[str], allowed: Sequence[str]) -> None:
    if any(value not in allowed for value in given):
        known = ", ".join(allowed)
        raise ValidationError.of(name, f"The members of '{name}' must be among {known}.")
