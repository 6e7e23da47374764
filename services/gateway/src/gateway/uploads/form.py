"""Fields of an upload form, combined with the session's preferences."""

from collections.abc import Collection, Mapping
from typing import Any

from common import languages
from common.errors import ValidationError
from gateway.channel_modes import CHANNEL_WORDS, check_mode
from gateway.processing_options import (
    DIARIZE,
    LONGEST_MODEL,
    MODEL,
    MOST_PRIORITY,
    PHRASES,
    PRIORITY,
    UploadOptions,
    requested_model,
)
from gateway.sessions.session import Preferences
from gateway.speaker_numbers import EXACT, GREATEST, LEAST, MOST_SPEAKERS, SpeakerNumbers
from gateway.uploads.body import FILE_FIELD
from gateway.web.unknown_names import unknown_name

MAX_FIELDS = 256
MAX_FIELD_BYTES = 64 * 1024
_LONGEST_NUMBER = 9
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
#: Field that may be repeated. Each of its values may have several lines.
_PHRASES = "phrases"


def _speaker_number(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": MOST_SPEAKERS, "description": description}


#: Schemas of the fields besides the file, by their names.
FIELDS: Mapping[str, dict[str, Any]] = {
    "language": {
        "type": "string",
        "description": "Language code. Detected if absent or `auto`.",
    },
    "auto_start": {
        "type": "boolean",
        "default": True,
        "description": "Whether to start processing immediately.",
    },
    "channels": {
        "type": "string",
        "enum": list(CHANNEL_WORDS),
        "default": "auto",
        "description": "Whether channels and tracks are recognized as a mix or each by itself. "
        "`auto` decides by measurement.",
    },
    "allow_truncated": {
        "type": "boolean",
        "default": False,
        "description": "Whether a recording that breaks off is accepted as far as it goes.",
    },
    "voice_memory": {
        "type": "boolean",
        "description": "Whether voices of the recording may be remembered for later ones. With "
        "false, no voiceprint is kept. By default, the setting of the workspace holds, and true "
        "without one.",
    },
    "num_speakers": _speaker_number(EXACT),
    "min_speakers": _speaker_number(LEAST),
    "max_speakers": _speaker_number(GREATEST),
    "diarize": {"type": "boolean", "default": True, "description": DIARIZE},
    _PHRASES: {
        "type": "array",
        "items": {"type": "string"},
        "description": f"{PHRASES} The field may be repeated, and values may have several lines.",
    },
    "model": {"type": "string", "maxLength": LONGEST_MODEL, "description": MODEL},
    "priority": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_PRIORITY,
        "description": PRIORITY,
    },
}


class UploadForm:
    """Collects the fields other than the file, within a total size limit."""

    def __init__(self, preferences: Preferences, ignored: Collection[str] = ()) -> None:
        """`ignored` are names of further fields, which have no effect."""
        self._preferences = preferences
        self._ignored = ignored
        self._fields: dict[str, bytearray] = {}
        self._current: bytearray | None = None
        self._bytes = 0
        self._parts = 0

    def begin(self, name: str) -> None:
        """Start a field. A repeated field replaces the earlier one, except for phrases.

        Raises:
            ValidationError: there is no such field, or there are too many.
        """
        if name not in FIELDS and name not in self._ignored:
            raise unknown_name(name, (FILE_FIELD, *FIELDS), kind="field")
        self._parts += 1
        if self._parts > MAX_FIELDS:
            raise ValidationError.of("body", f"At most {MAX_FIELDS} fields are allowed.")
        if name == _PHRASES and name in self._fields:
            self._current = self._fields[name]
            self._current += b"\n"
        else:
            self._current = self._fields[name] = bytearray()

    def add(self, data: bytes) -> None:
        """Append data to the current field."""
        self._bytes += len(data)
        if self._bytes > MAX_FIELD_BYTES:
            raise ValidationError.of("body", "The fields other than the file are too long.")
        assert self._current is not None
        self._current += data

    def has(self, name: str) -> bool:
        """Return whether a field is present."""
        return name in self._fields

    def options(self) -> UploadOptions:
        """Return the options from the fields so far, with preferences as defaults.

        Raises:
            ValidationError: a field has an invalid value.
        """
        return UploadOptions(
            language=self._language(),
            auto_start=self._auto_start(),
            channels=check_mode(self._text("channels")),
            allow_truncated=self._switch("allow_truncated") or False,
            voice_memory=self._switch("voice_memory"),
            speakers=SpeakerNumbers(
                exact=self._number("num_speakers", MOST_SPEAKERS),
                least=self._number("min_speakers", MOST_SPEAKERS),
                greatest=self._number("max_speakers", MOST_SPEAKERS),
            ),
            diarize=self._switch("diarize") is not False,
            phrases=tuple(filter(None, map(str.strip, self._text(_PHRASES).splitlines()))),
            model=requested_model(self._text("model")),
            priority=self._number("priority", MOST_PRIORITY) or 0,
        )

    def _language(self) -> str:
        text = self._text("language")
        if text:
            return languages.requested(text)
        return self._preferences.default_language or ""

    def _auto_start(self) -> bool:
        for chosen in (self._switch("auto_start"), self._preferences.auto_start_processing):
            if chosen is not None:
                return chosen
        return True

    def _switch(self, name: str) -> bool | None:
        """Return the value of a switch, None if it is absent or empty."""
        text = self._text(name).lower()
        if text and text not in _TRUE | _FALSE:
            raise ValidationError.of(name, "Use true or false.")
        return text in _TRUE if text else None

    def _number(self, name: str, most: int) -> int | None:
        """Return a number from 0 to `most`, None if it is absent or empty."""
        text = self._text(name)
        if not text:
            return None
        digits = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
        if not digits or int(text) > most:
            raise ValidationError.of(name, f"Use a whole number from 0 to {most}.")
        return int(text)

    def _text(self, name: str) -> str:
        try:
            return self._fields.get(name, bytearray()).decode().strip()
        except UnicodeDecodeError as error:
            raise ValidationError.of(name, "The value is not UTF-8 text.") from error
