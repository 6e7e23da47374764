"""Print, write (`--write`) or check (`--check`) the table of file formats in the documents."""

import sys
from pathlib import Path

from common.audio.formats import FORMATS, Format

DOCUMENT = Path(__file__).parent.parent / "docs" / "recordings.md"
_BEGIN, _END = "<!-- formats -->", "<!-- /formats -->"
_HEAD = """| format | usual names | recognized by |
|---|---|---|"""


def table() -> str:
    """Return the table in Markdown."""
    rows = sorted((_row(form) for form in FORMATS), key=str.lower)
    return "\n".join((_HEAD, *rows))


def documented() -> str:
    """Return the table as the document has it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(_BEGIN)[2].partition(_END)[0].strip()


def _row(form: Format) -> str:
    names = " ".join(f".{extension}" for extension in form.extensions)
    if form.sync is None:
        how = "first bytes"
    elif form.anywhere:
        how = "frames, also behind junk"
    else:
        how = "frames"
    return f"| {form.name} | {names} | {how} |"


def main() -> int:
    """Print the table, write it, or compare it with the document."""
    if "--write" in sys.argv:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, _, rest = text.partition(_BEGIN)
        after = rest.partition(_END)[2]
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{table()}\n{_END}{after}", encoding="utf-8")
        return 0
    print(table())
    if "--check" in sys.argv and documented() != table():
        print("docs/recordings.md differs: run python scripts/formats_table.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
