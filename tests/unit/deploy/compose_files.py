"""docker-compose.yml as the engine reads it: variables filled in, files merged."""

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
    """One file with its variables filled in; those not given take their defaults."""
    given = variables or {}
    text = _VARIABLE.sub(lambda found: given.get(found[1]) or found[2], path.read_text())
    assert "${" not in text.replace("$${", ""), "a variable without a default"
    content: dict[str, Any] = yaml.safe_load(text.replace("$$", "$"))
    return content


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """A service's variables; those that are empty count as not set, as in the services."""
    given: Mapping[str, str] = service.get("environment") or {}
    return {name: str(value) for name, value in given.items() if str(value)}


def production(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Both files together, as far as they overlap."""
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
