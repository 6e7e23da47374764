"""Write the bill of materials of this environment and of the models, in CycloneDX's JSON.

Usage: ``python -m scripts.sbom build/sbom.json``. The generator is installed in an environment of
its own next to the output, because its packages are not part of the product.
"""

import json
import platform
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from common.models.manifest import EMBEDDED, Model
from scripts.pins import Projects, Target, used_names

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "scripts" / "sbom_tool.txt"
_VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(error and f"The bill of materials does not follow its schema: {error}")
"""


class _Product(Projects):
    """The distributions of this repository without the tools of development."""

    def roots(self) -> list[Requirement]:
        return [one for one in super().roots() if canonicalize_name(one.name) in self]


def complete(bom: dict[str, Any], product: Iterable[str], models: Iterable[Model]) -> None:
    """Add models, mark packages that the product does not need, and remove paths of this machine.

    `product` has the normalized names of the needed packages.
    """
    needed = frozenset(product)
    for component in bom["components"]:
        if canonicalize_name(component["name"]) not in needed:
            component["scope"] = "excluded"
        references = component.get("externalReferences", [])
        kept = [one for one in references if not one["url"].startswith("file:")]
        component["externalReferences"] = kept
    bom["components"] += [_model(model) for model in models]
    bom["metadata"]["component"] = {
        "bom-ref": "product",
        "name": "securetranscribe-system",
        "type": "application",
    }


def _model(model: Model) -> dict[str, Any]:
    return {
        "bom-ref": f"model:{model.name}",
        "type": "machine-learning-model",
        "name": model.name,
        "version": model.version,
        "description": model.about,
        "licenses": [{"license": {"name": model.license}}],
        "components": [
            {
                "bom-ref": f"model:{model.name}/{file.name}",
                "type": "file",
                "name": file.name,
                "hashes": [{"alg": "SHA-256", "content": file.sha256}],
            }
            for file in model.files
        ],
    }


def product_names() -> set[str]:
    """Return the normalized names of the packages that the product needs, its own included."""
    projects = _Product()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    target = Target(machine=platform.machine(), python=python)
    own = {canonicalize_name(one.name) for one in projects.roots()}
    return used_names(target, projects) | own


def _prepare(environment: Path) -> Path:
    """Install the tool. Return the directory of its programs."""
    venv.create(environment, with_pip=False)
    command = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    command += ["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    command += ["-c", str(ROOT / "constraints.txt"), "-r", str(TOOL)]
    subprocess.run(command, check=True)  # noqa: S603
    return environment / "bin"


def main(arguments: list[str]) -> int:
    """Write the file and return the exit status."""
    output = Path(arguments[0])
    output.parent.mkdir(parents=True, exist_ok=True)
    programs = _prepare(output.parent / "sbom-tool")
    command = [str(programs / "cyclonedx-py"), "environment", "--output-reproducible"]
    command += ["--spec-version", "1.6", "--output-format", "JSON", sys.executable]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    bom = json.loads(made.stdout)
    complete(bom, product_names(), EMBEDDED)
    text = json.dumps(bom, indent=1, sort_keys=True) + "\n"
    subprocess.run(  # noqa: S603
        [str(programs / "python"), "-c", _VALIDATE], input=text, text=True, check=True
    )
    output.write_text(text)
    print(f"{output}: {len(bom['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
