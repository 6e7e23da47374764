"""Record of every call of the clients and of its answer, kept apart from the product.

A call is written before it is sent and again when it is answered. Each line is on the disk before
the client goes on, so that the book survives whatever happens to the stack and to the observer.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(kw_only=True, eq=False)
class Call:
    """A call, with times of the observer's monotonic clock."""

    number: int
    actor: str
    name: str
    subject: str
    """The object that it concerns: a file, or the id of a transcription or a job."""

    arguments: dict[str, Any]
    begun: float
    ended: float | None = None
    """None until it is answered, and for calls without an answer."""

    result: dict[str, Any] | None = None
    """None unless it was carried out."""

    refusal: str = ""
    """Error of a call that had no effect."""

    loss: str = ""
    """Error of a call that may have had an effect."""

    @property
    def acknowledged(self) -> bool:
        """Whether it was carried out, as its answer said."""
        return self.result is not None

    @property
    def possible(self) -> bool:
        """Whether it was carried out, or may have been."""
        return not self.refusal


@dataclass(kw_only=True)
class Book:
    """Calls in the order of their beginnings, and contradictions seen meanwhile."""

    path: Path
    records: list[Call] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def begin(self, actor: str, name: str, subject: object = "", **arguments: Any) -> Call:
        """Record that a call is about to be sent."""
        call = Call(
            number=len(self.records),
            actor=actor,
            name=name,
            subject=str(subject),
            arguments=arguments,
            begun=time.monotonic(),
        )
        self.records.append(call)
        self._write(
            call=call.number,
            actor=actor,
            name=name,
            subject=call.subject,
            arguments=arguments,
            begun=call.begun,
        )
        return call

    def acknowledge(self, call: Call, **result: Any) -> None:
        """Record the answer of a call that was carried out."""
        call.result, call.ended = result, time.monotonic()
        self._write(call=call.number, ended=call.ended, result=result)

    def refuse(self, call: Call, error: object) -> None:
        """Record that a call had no effect."""
        call.refusal, call.ended = str(error) or type(error).__name__, time.monotonic()
        self._write(call=call.number, ended=call.ended, refusal=call.refusal)

    def lose(self, call: Call, error: object) -> None:
        """Record that a call may have had an effect."""
        call.loss = str(error) or type(error).__name__
        self._write(call=call.number, loss=call.loss)

    def find(self, finding: str) -> None:
        """Record a contradiction."""
        self.findings.append(finding)
        self._write(finding=finding)

    def note(self, **facts: Any) -> None:
        """Record anything else, as a fault."""
        self._write(at=time.monotonic(), **facts)

    def calls(self, *names: str, subject: object | None = None) -> Iterator[Call]:
        """Yield calls by name and subject, the first one first."""
        for call in self.records:
            if call.name in names and (subject is None or call.subject == str(subject)):
                yield call

    def acknowledged(self, *names: str, subject: object | None = None) -> Sequence[Call]:
        """Return the calls that were carried out."""
        return [call for call in self.calls(*names, subject=subject) if call.acknowledged]

    def _write(self, **line: Any) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def read(path: Path) -> Book:
    """Return the book of a file. A line that was not written to its end is left out."""
    book = Book(path=path)
    for text in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if not text.endswith("\n"):
            break
        line = json.loads(text)
        number = line.pop("call", None)
        if "finding" in line:
            book.findings.append(line["finding"])
        elif number == len(book.records):
            book.records.append(Call(number=number, **line))
        elif number is not None:
            for name, value in line.items():
                setattr(book.records[number], name, value)
    return book
