"""Streaming parser of multipart bodies."""

from dataclasses import dataclass

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from common.errors import ValidationError

_FORM = b"multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class PartBegun:
    """The headers of a part are complete. `filename` is None for a plain field."""

    name: str
    filename: str | None


@dataclass(frozen=True, kw_only=True)
class PartData:
    """A chunk of the part's content."""

    data: bytes


@dataclass(frozen=True, kw_only=True)
class PartEnded:
    """The part is complete."""


PartEvent = PartBegun | PartData | PartEnded


class MultipartStream:
    """Converts chunks of a body into events. Buffers at most one header and one chunk."""

    def __init__(self, content_type: str) -> None:
        """Raise ValidationError unless the type is multipart/form-data with a boundary."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != _FORM or not boundary:
            raise ValidationError.of("file", "Send the file as multipart/form-data.")
        self._events: list[PartEvent] = []
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        self._complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _malformed() from error

    def feed(self, data: bytes) -> list[PartEvent]:
        """Parse the next chunk and return its events.

        Raises:
            ValidationError: the body is malformed.
        """
        self._events = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed() from error
        return self._events

    def finish(self) -> None:
        """Check the form for completeness at the end of the body.

        Raises:
            ValidationError: the body ends early.
        """
        if not self._complete:
            raise ValidationError.of("file", "The form ends before its final boundary.")

    def _on_part_begin(self) -> None:
        self._disposition = b""
        self._header_name.clear()
        self._header_value.clear()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._disposition.decode("latin-1"))
        name = options.get(b"name")
        if kind != b"form-data" or name is None:
            raise _malformed()
        filename = options.get(b"filename")
        self._events.append(
            PartBegun(
                name=_text(name),
                filename=None if filename is None else _text(filename),
            )
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data=data[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(PartEnded())

    def _on_end(self) -> None:
        self._complete = True


def _text(raw: bytes) -> str:
    """Decode a name as UTF-8, as browsers send it, or else as Latin-1."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _malformed() -> ValidationError:
    return ValidationError.of("file", "The body is not a well-formed multipart form.")
