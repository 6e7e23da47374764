"""Check for schemathesis: judges every answer and writes it to a file. Loaded as its hooks."""

import json
import os
from pathlib import Path
from typing import Any

import schemathesis

from bench.fuzz.oracle import ANSWERS_VARIABLE, SERVER_ERROR, UNAVAILABLE, inside

_CLIENT_ERROR = 400


@schemathesis.check
def judged(
    _context: schemathesis.CheckContext,
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """Write down an answer. Never fails, so that the run goes on."""
    status = response.status_code
    # Recordings and archives are no text.
    text = response.content.decode(errors="replace") if status >= _CLIENT_ERROR else ""
    busy = status == UNAVAILABLE and "retry-after" in {name.lower() for name in response.headers}
    line: dict[str, object] = {"status": status, "busy": busy}
    sent = repr((case.body, case.query, case.path_parameters, case.headers))
    if status >= SERVER_ERROR and not busy:
        line["fault"] = f"{case.method} {case.path}: status {status}: {text[:500]}"
    elif status >= _CLIENT_ERROR and (found := inside(text, sent)):
        line["fault"] = f"{case.method} {case.path}: the answer shows {found!r}: {text[:500]}"
    with Path(os.environ[ANSWERS_VARIABLE]).open("a") as answers:
        answers.write(json.dumps(line) + "\n")
