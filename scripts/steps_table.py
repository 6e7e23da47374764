"""Print, write (`--write`) or check (`--check`) the table of background steps in the documents."""

import importlib
import sys
from collections.abc import Sequence
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
    found = steps()
    rows = sorted(
        f"| {service} | `{kind.name}` | {kind.items} | {kind.policy.most_attempts} "
        f"| {kind.outcome} |"
        for kind in found
        for service in services_of(kind, found)
    )
    return "\n".join((_HEAD, *rows))


def documented() -> str:
    """Return the table as the document has it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(_BEGIN)[2].partition(_END)[0].strip()


def services_of(kind: type[Step], known: Sequence[type[Step]]) -> list[str]:
    """Return the services that run a step.

    A step of `common` runs in every service that imports it, except for services that derive their
    own step from it.
    """
    if (package := _package(kind)) in ROOTS:
        return [package]
    derived = {_package(other) for other in known if issubclass(other, kind)}
    return [name for name in ROOTS if name not in derived and _imports(name, kind)]


def _package(kind: type[Step]) -> str:
    return kind.__module__.partition(".")[0]


def _imports(package: str, kind: type[Step]) -> bool:
    return any(
        value is kind
        for name, module in list(sys.modules.items())
        if name.startswith(f"{package}.")
        for value in vars(module).values()
    )


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
