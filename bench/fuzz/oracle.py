"""Judgment of answers: properties that no answer to any input may have."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

#: Texts of exceptions, of programs and of places in them, in any letter case.
_INSIDE = (
    r"traceback \(most recent call last\)",
    r'file "[^"]{1,300}", line \d+',
    r"(?<![\w.])(?:/home|/root|/usr/lib|/usr/local|/opt|/var/lib|/tmp|/work)/[\w./-]{2,}",
    r"site-packages",
    r"\b\w{1,60}\.py\b",
    r"<[\w.]{1,200} object at 0x[0-9a-f]{4,}",
    r"\b(?:psycopg|botocore|sqlalchemy|asyncio|grpc\.aio|google\.protobuf|starlette|pydantic_core)\b",
    r"\b(?:attribute|key|type|value|index|runtime|assertion|os|unicodedecode|zerodivision|recursion)error\b",
    r"\bobject has no attribute\b",
    r"\b(?:syntax error at or near|relation \"|duplicate key value|invalid input syntax for)\b",
    r"\bself\._?\w+\(",
)
_PATTERN = re.compile("|".join(f"(?:{one})" for one in _INSIDE), re.IGNORECASE)
#: Variable with the path of a file for answers to requests of schemathesis: JSON lines with
#: `status`, `busy` and, for faults, `fault`.
ANSWERS_VARIABLE = "FUZZ_ANSWERS"
SERVER_ERROR = 500
UNAVAILABLE = 503


def inside(text: str, sent: str = "") -> str:
    """Return the first part of a text that shows the inside of the program, empty without one.

    Parts that were `sent` may come back.
    """
    for match in _PATTERN.finditer(text):
        found = match.group()
        if found not in sent:
            return found
    return ""


@dataclass(kw_only=True)
class Book:
    """Answers by kind of input, and the faults among them with the seeds that show them again."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    busy: int = 0
    """Answers that the product is busy or a server is away, with a time to try again."""

    def note(self, kind: str, outcome: object) -> None:
        """Count an outcome of a kind of input."""
        self.outcomes.setdefault(kind, Counter())[str(outcome)] += 1

    def fault(self, kind: str, seed: object, what: str) -> None:
        """Write down a fault."""
        self.note(kind, "FAULT")
        self.faults.append(f"{kind}, seed {seed}: {what}")

    def http(
        self,
        kind: str,
        seed: object,
        status: int,
        headers: Mapping[str, str],
        body: str,
        *,
        sent: str = "",
    ) -> None:
        """Judge an answer of the JSON API, and count it."""
        if status == UNAVAILABLE and "retry-after" in {name.lower() for name in headers}:
            self.busy += 1
        elif status >= SERVER_ERROR:
            self.fault(kind, seed, f"status {status}: {body[:500]}")
            return
        if found := inside(body, sent) if status >= 400 else "":
            self.fault(kind, seed, f"the answer shows {found!r}: {body[:500]}")
            return
        self.note(kind, status)

    def rpc(self, kind: str, seed: object, code: str, details: str, *, sent: str = "") -> None:
        """Judge the end of a call, and count it."""
        if code in ("UNKNOWN", "INTERNAL", "DATA_LOSS"):
            self.fault(kind, seed, f"{code}: {details[:500]}")
        elif found := inside(details, sent):
            self.fault(kind, seed, f"the error shows {found!r}: {details[:500]}")
        else:
            self.note(kind, code)

    @property
    def cases(self) -> int:
        """Number of inputs."""
        return sum(sum(counts.values()) for counts in self.outcomes.values())

    def lines(self) -> Iterator[str]:
        """Yield a Markdown table of the outcomes."""
        yield "| input | cases | outcomes |"
        yield "|---|---|---|"
        for kind, counts in self.outcomes.items():
            shown = ", ".join(f"{name}: {count:,}" for name, count in counts.most_common(8))
            yield f"| {kind} | {sum(counts.values()):,} | {shown} |"
