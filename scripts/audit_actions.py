"""Print, write (`--write`) or check (`--check`) the table of actions in `docs/audit.md`."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from common.audit.actions import AUDITED, BULK_ACTIONS, GATEWAY_ACTIONS

DOCUMENT = Path(__file__).parent.parent / "docs" / "audit.md"
_BEGIN, _END = "<!-- actions -->", "<!-- /actions -->"
_HEAD = "| action | calls |\n|---|---|"


def table() -> str:
    """Return the table of all actions and the calls that they stand for."""
    calls: defaultdict[str, list[str]] = defaultdict(list)
    for method, rule in AUDITED.items():
        calls[rule.action].append(f"`{method.rpartition('.')[2].replace('/', '.')}`")
    for action in BULK_ACTIONS:
        calls[action].append("`LibraryService.BulkUpdate`")
    for action, call in GATEWAY_ACTIONS.items():
        calls[action].append(call)
    rows = (f"| `{action}` | {', '.join(sorted(set(calls[action])))} |" for action in sorted(calls))
    return "\n".join((_HEAD, *rows))


def documented() -> str:
    """Return the table in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(_BEGIN)[2].partition(_END)[0].strip()


def main(arguments: Sequence[str]) -> None:
    """Run the command line."""
    if arguments == ["--check"]:
        if documented() != table():
            sys.exit("docs/audit.md is outdated: python -m scripts.audit_actions --write")
    elif arguments == ["--write"]:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{table()}\n{_END}{after}", encoding="utf-8")
    else:
        print(table())


if __name__ == "__main__":
    main(sys.argv[1:])
