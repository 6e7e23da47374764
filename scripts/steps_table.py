"""Print, write (`--write`) or check (`--check`) the table of background steps in the documents."""

import importlib
import sys
from pathlib import Path

from common.background.steps import Step

DOCUMENT = Path(__file__).parent.parent / "docs" / "architecture.md"
#: Modules that import every step of their service.
ROOTS = {"gateway": "gateway.app", "transcriber": "transcriber.app", "speakers": "speakers.app"}
_BEGIN, _END = "<!-- steps -->", "<!-- /steps -->"
_HEAD = """| service | step | items | attempts | an item that always fails |
|---|---|---|---|---|"""


def steps() -> list[type[Step]]:
    """Return every concrete step of every service."""
    for root in ROOTS.values():
        importlib.import_module(root)
    found: list[type[Step]] = []
    waiting: list[type[Step]] = [Step]  # type: ignore[type-abstract]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if hasattr(kind, "name") and kind.__module__.partition(".")[0] in {*ROOTS, "common"}:
            found.append(kind)
    return found


def table() -> str:
    """Return the table in Markdown."""
    rows = sorted(
        f"| {_service(kind)} | `{kind.name}` | {kind.items} | {kind.policy.most_attempts} "
        f"| {kind.outcome} |"
        for kind in steps()
    )
    return "\n".join((_HEAD, *dict.fromkeys(rows)))


def documented() -> str:
    """Return the table as the document has it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(_BEGIN)[2].partition(_END)[0].strip()


def _service(kind: type[Step]) -> str:
    package = kind.__module__.partition(".")[0]
    return package if package in ROOTS else "speakers"


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
        print("docs/architecture.md differs: run python scripts/steps_table.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
