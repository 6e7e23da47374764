"""Forms of an export of the audit log."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Sequence

from gateway.audit.entry import Entry

JSON_LINES_TYPE = "application/x-ndjson"
CSV_TYPE = "text/csv; charset=utf-8"
# Without it, spreadsheets decode the file in a regional encoding instead of UTF-8.
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS = (
    *("time", "action", "outcome", "code", "actor", "user_id", "session_id", "link_id"),
    *("actor_service", "target_kind", "target_ids", "address", "door", "service"),
    *("workspace_id", "trace_id", "entry_id"),
)


def fields(entry: Entry) -> dict[str, str | list[str]]:
    """Return an entry by the names of its columns."""
    moment = entry.happened_at.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    values: dict[str, str | list[str]] = {
        name: getattr(entry, name) for name in COLUMNS if name not in ("time", "target_ids")
    }
    values["time"] = moment.replace("+00:00", "Z")
    values["target_ids"] = list(entry.target_ids)
    return {name: values[name] for name in COLUMNS}


def json_lines(entries: Iterable[Entry]) -> bytes:
    """Return one JSON object per line."""
    lines = (json.dumps(fields(entry), separators=(",", ":")) + "\n" for entry in entries)
    return "".join(lines).encode()


def csv_header() -> bytes:
    """Return the beginning of a table."""
    return (BYTE_ORDER_MARK + _line(COLUMNS)).encode()


def csv_lines(entries: Iterable[Entry]) -> bytes:
    """Return lines of a table. No cell is a formula for a spreadsheet."""
    return "".join(_line(_cells(entry)) for entry in entries).encode()


def _cells(entry: Entry) -> list[str]:
    return [
        _safe(" ".join(value) if isinstance(value, list) else value)
        for value in fields(entry).values()
    ]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
