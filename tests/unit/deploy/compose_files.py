"""docker-compose.yml as the engine reads it, with variables substituted and files merged."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
BASE = ROOT / "docker-compose.yml"
PRODUCTION = ROOT / "deploy/compose/production.yml"
_VARIABLE = re.compile(r"\$\{(\w+):-([^{}]*)\}")


def read(path: Path, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return one file with its variables substituted. Missing variables have their defaults."""
    content: dict[str, Any] = _filled(yaml.safe_load(path.read_text()), variables or {})
    return content


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _filled(item, given) for key, item in value.items()}
        case list():
            return [_filled(item, given) for item in value]
        case str():
            text = _VARIABLE.sub(lambda found: given.get(found[1]) or found[2], value)
            assert "${" not in text.replace("$${", ""), f"a variable without a default: {value}"
            return text.replace("$$", "$")
    return value


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a service. Empty ones count as not set, as in the services."""
    given: Mapping[str, str] = service.get("environment") or {}
    return {name: str(value) for name, value in given.items() if str(value)}


def production(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Merge two files where they overlap."""
    merged, extra = read(BASE, variables), read(PRODUCTION, variables)
    for name, added in extra["services"].items():
        service = merged["services"][name]
        service["environment"] = {
            **(service.get("environment") or {}),
            **(added.get("environment") or {}),
        }
        service.update({key: value for key, value in added.items() if key != "environment"})
    merged["secrets"] = extra["secrets"]
    return merged
