"""A parser under test: how it is called, and the errors that it may raise."""

from collections.abc import Callable
from dataclasses import dataclass

from common.errors import ApplicationError, ValidationError


@dataclass(frozen=True, kw_only=True)
class Parser:
    """A parser of input from outside.

    `parse` reads one input. It may raise `allowed` errors, and AssertionError where a result breaks
    a promise. `longest` is the length of an input in bytes.
    """

    name: str
    parse: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...] = (ValidationError,)
    longest: int = 8_192


def text_of(data: bytes) -> str:
    """Return the UTF-8 of an input as a text."""
    return data.decode(errors="ignore")


def shown_by(error: Exception) -> str:
    """Return the text of an error that a user sees, empty for other errors."""
    return error.message if isinstance(error, ApplicationError) else ""
