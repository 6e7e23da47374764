"""Fields of an upload form, combined with the session's preferences."""

from dataclasses import dataclass, field

from common import languages
from common.errors import ValidationError
from gateway.channel_modes import ChannelWord, check_mode
from gateway.sessions.session import Preferences
from gateway.speaker_numbers import MOST_SPEAKERS, SpeakerNumbers

MAX_FIELDS = 32
MAX_FIELD_BYTES = 64 * 1024
_LONGEST_NUMBER = 9
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, kw_only=True)
class UploadOptions:
    """Processing options of an upload. An empty language means detection."""

    language: str
    auto_start: bool
    channels: ChannelWord = "auto"
    allow_truncated: bool = False
    voice_memory: bool = True
    speakers: SpeakerNumbers = field(default_factory=SpeakerNumbers)


class UploadForm:
    """Collects the fields other than the file, within a total size limit."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self._fields: dict[str, bytearray] = {}
        self._current: bytearray | None = None
        self._bytes = 0
        self._parts = 0

    def begin(self, name: str) -> None:
        """Start a field. A repeated field replaces the earlier one."""
        self._parts += 1
        if self._parts > MAX_FIELDS:
            raise ValidationError.of("body", f"At most {MAX_FIELDS} fields are allowed.")
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
            voice_memory=self._switch("voice_memory") is not False,
            speakers=SpeakerNumbers(
                exact=self._number("num_speakers"),
                least=self._number("min_speakers"),
                greatest=self._number("max_speakers"),
            ),
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

    def _number(self, name: str) -> int | None:
        """Return a number of speakers, None if it is absent or empty."""
        text = self._text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            raise ValidationError.of(name, f"Use a whole number from 0 to {MOST_SPEAKERS}.")
        return int(text)

    def _text(self, name: str) -> str:
        try:
            return self._fields.get(name, bytearray()).decode().strip()
        except UnicodeDecodeError as error:
            raise ValidationError.of(name, "The value is not UTF-8 text.") from error
