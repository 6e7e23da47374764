"""Vocabulary as a table in CSV."""

import csv
import io
from collections.abc import Iterable, Mapping

from common.errors import ValidationError
from transcriber.vocabulary import entries
from transcriber.vocabulary.entries import NewCorrection, NewTerm

MOST_BYTES = 1 << 20
_COLUMNS = ("type", "heard", "meant", "language", "match_case")
_YES, _NO = "true", "false"
#: Spreadsheets execute cells that begin with these.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def write(terms: Iterable[NewTerm], corrections: Iterable[NewCorrection]) -> str:
    """Return a table of terms and corrections."""
    target = io.StringIO()
    table = csv.writer(target)
    table.writerow(_COLUMNS)
    for term in terms:
        table.writerow(map(_safe, ("term", "", term.text, term.language, "")))
    for item in corrections:
        case = _YES if item.match_case else _NO
        table.writerow(map(_safe, ("correction", item.heard, item.meant, item.language, case)))
    return target.getvalue()


def read(text: str) -> tuple[list[NewTerm], list[NewCorrection]]:
    """Return the terms and corrections of a table.

    Raises:
        ValidationError: it is too large, a column is missing, or a row is invalid. `details.row`
            has the number of its line.
    """
    if len(text.encode()) > MOST_BYTES:
        raise ValidationError.of("csv", f"The table must not exceed {MOST_BYTES} bytes.")
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    terms: list[NewTerm] = []
    corrections: list[NewCorrection] = []
    try:
        missing = [name for name in _COLUMNS[:3] if name not in (rows.fieldnames or ())]
        if missing:
            raise ValidationError.of("csv", f"The table has no column {missing[0]!r}.")
        for row in rows:
            item = _entry({name: _plain(row.get(name) or "") for name in _COLUMNS})
            if isinstance(item, NewTerm):
                terms.append(item)
            else:
                corrections.append(item)
    except csv.Error as error:
        raise _in_row(rows.reader.line_num, "This is not CSV with commas and quotes.") from error
    except ValidationError as error:
        raise _in_row(rows.line_num, error.message) from error
    return terms, corrections


def _entry(row: Mapping[str, str]) -> NewTerm | NewCorrection:
    kind = row["type"].lower()
    if kind == "term":
        return entries.term(row["meant"], row["language"])
    if kind != "correction":
        raise ValidationError("type must be term or correction.")
    case = row["match_case"].lower()
    if case not in {"", _YES, _NO}:
        raise ValidationError("match_case must be true or false.")
    return entries.correction(row["heard"], row["meant"], row["language"], match_case=case == _YES)


def _in_row(number: int, message: str) -> ValidationError:
    return ValidationError(f"Line {number}: {message}", {"field": "csv", "row": str(number)})


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULAS) else cell
