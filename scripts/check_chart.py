"""Check the Helm chart without a cluster: `python scripts/check_chart.py`.

The chart is linted and rendered with every example. Each object is validated strictly against the
schemas of the oldest and newest supported versions of Kubernetes.
"""

import json
import logging
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import helm_python as helm
import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy/helm/securetranscribe"
EXAMPLES = CHART / "examples"
CUSTOM_RESOURCES = ROOT / "deploy/helm/custom_resources.yaml"
KUBERNETES = ("1.28", "1.37")

Values = dict[str, Any]
Object = dict[str, Any]


def examples() -> dict[str, Values]:
    """Return values by the name of their example. `defaults` stands for the chart's own."""
    found: dict[str, Values] = {"defaults": {}}
    for path in sorted(EXAMPLES.glob("*.yaml")):
        found[path.stem] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def lint(values: Values) -> list[str]:
    """Return the warnings and errors of helm lint."""
    report = helm.lint(str(CHART), values, strict=True)
    warning = 2
    found = [
        str(message["error"]) for message in report["messages"] if message["severity"] >= warning
    ]
    return found + [str(error) for error in report["errors"]]


def render(
    values: Values, *, name: str = "demo", namespace: str = "prod", **how: Any
) -> list[Object]:
    """Return every object of a release. Raise helm.HelmError for invalid values."""
    return [
        found
        for file, text in render_files(values, name=name, namespace=namespace, **how).items()
        if not file.endswith("NOTES.txt")
        for found in yaml.safe_load_all(text)
        if found
    ]


def render_files(values: Values, *, name: str, namespace: str, **how: Any) -> dict[str, str]:
    """Return the output of each template by file name."""
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values)
        files: dict[str, str] = chart.render(values, name=name, namespace=namespace, **how)
    return files


def problems(found: Object, version: str) -> list[str]:
    """Return the problems of an object under a version of Kubernetes."""
    return list(_problems(json.dumps(found, sort_keys=True), version))


@cache  # most objects are the same in every example
def _problems(text: str, version: str) -> tuple[str, ...]:
    found = json.loads(text)
    kind = f"{found['apiVersion']}/{found['kind']}"
    name = f"{found['kind']} {found['metadata']['name']}"
    custom = _custom_resources()
    try:
        if kind in custom:
            jsonschema.validate(found["spec"], {**custom[kind], "$defs": custom["$defs"]})
        else:
            kubernetes_validate.validate(found, version, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        return (f"{name}: {error.message}",)
    except kubernetes_validate.SchemaNotFoundError:
        return (f"{name}: Kubernetes {version} has no {kind}",)
    return ()


@cache
def _custom_resources() -> Object:
    found: Object = yaml.safe_load(CUSTOM_RESOURCES.read_text(encoding="utf-8"))
    return found


def check(name: str) -> tuple[int, list[str]]:
    """Return the number of objects of an example and its problems under all versions."""
    values = examples()[name]
    objects = render(values)
    found = lint(values)
    for version in KUBERNETES:
        found += [f"{text} ({version})" for each in objects for text in problems(each, version)]
    return len(objects), found


def _quiet() -> None:
    """Silence Helm's library, which writes a line per linked file directly to stderr."""
    logging.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def main() -> int:
    """Return 0 when there are no problems."""
    failed = 0
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawned, initializer=_quiet) as pool:
        for name, (count, found) in zip(examples(), pool.map(check, examples()), strict=True):
            print(f"chart with {name}: {count} objects, {len(found)} problems")
            print("".join(f"  {text}\n" for text in found), end="", file=sys.stderr)
            failed += len(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
