"""Fields of an upload form, combined with the session's preferences."""

from dataclasses import dataclass

from common import languages
from common.errors import ValidationError
from gateway.sessions.session import Preferences

MAX_FIELDS = 32
MAX_FIELD_BYTES = 64 * 1024
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, kw_only=True)
class UploadOptions:
    """Processing options of an upload. An empty language means detection."""

    language: str
    auto_start: bool


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

    @property
    def decided(self) -> bool:
        """Return whether all options are given, so that later fields cannot change them."""
        return self.has("language") and self.has("auto_start")

    def options(self) -> UploadOptions:
        """Return the options from the fields so far, with preferences as defaults.

        Raises:
            ValidationError: a field has an invalid value.
        """
        return UploadOptions(language=self._language(), auto_start=self._auto_start())

    def _language(self) -> str:
        text = self._text("language")
        if text:
            return languages.requested(text)
        return self._preferences.default_language or ""

    def _auto_start(self) -> bool:
        text = self._text("auto_start").lower()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        if text:
            raise ValidationError.of("auto_start", "Use true or false.")
        preferred = self._preferences.auto_start_processing
        return True if preferred is None else preferred

    def _text(self, name: str) -> str:
        try:
            return self._fields.get(name, bytearray()).decode().strip()
        except UnicodeDecodeError as error:
            raise ValidationError.of(name, "The value is not UTF-8 text.") from error
