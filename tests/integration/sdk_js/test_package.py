"""The package of the JavaScript client, in projects that have nothing else."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests import sdk_js

_CONSUMER = Path(__file__).with_name("consumer.ts")
_WEB = sdk_js.ROOT / "web/node_modules"
_NAMES = {
    "package.json",
    "README.md",
    "LICENSE",
    *(f"dist/{kind}/package.json" for kind in ("esm", "cjs")),
}
_SHOWN = """
const names = ['SecureTranscribeClient', 'ApiError', 'ValidationError', 'Capture', 'toCamel'];
console.log(JSON.stringify(names.map((name) => typeof sdk[name])));
"""


def test_content() -> None:
    _, report = sdk_js.archive()
    names = {file["path"] for file in report["files"]}
    sources = {path.name.split(".")[0] for path in (sdk_js.ROOT / "libs/sdk-js/src").glob("*.ts")}
    code = {
        f"dist/{kind}/{name}.{ending}"
        for kind in ("esm", "cjs")
        for name in sources
        for ending in ("js", "d.ts")
        if (name, ending) != ("schema", "js")
    }
    assert names == _NAMES | code


def test_needs_nothing(project: Path) -> None:
    described = json.loads((project / "node_modules/securetranscribe-js/package.json").read_text())
    assert not {"dependencies", "peerDependencies", "bundledDependencies"} & set(described)
    installed = [path.name for path in (project / "node_modules").iterdir()]
    assert [name for name in installed if not name.startswith(".")] == ["securetranscribe-js"]
    imported = set()
    for path in (project / "node_modules/securetranscribe-js/dist").rglob("*.js"):
        found = re.findall(r"""(?:from|import\(|require\()\s*["']([^"']+)""", path.read_text())
        imported |= {name for name in found if not name.startswith("./")}
    assert imported == set()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("show.mjs", "import * as sdk from 'securetranscribe-js';"),
        ("show.cjs", "const sdk = require('securetranscribe-js');"),
    ],
)
def test_module_systems(project: Path, name: str, start: str) -> None:
    (project / name).write_text(start + _SHOWN)
    assert json.loads(sdk_js.node(name, cwd=project)) == ["function"] * 5


@pytest.mark.parametrize("library", ["DOM", "node"])
@pytest.mark.parametrize(
    ("name", "module", "resolution"),
    [
        ("consumer.mts", "node16", "node16"),
        ("consumer.cts", "node16", "node16"),
        ("consumer.ts", "esnext", "bundler"),
    ],
)
def test_types(project: Path, name: str, module: str, resolution: str, library: str) -> None:
    shutil.copy(_CONSUMER, project / name)
    libraries, types = ["ES2022", "ESNext.Disposable"], []
    if library == "DOM":
        libraries += ["DOM", "DOM.Iterable", "DOM.AsyncIterable"]
    else:
        types = ["node"]
    options = {
        "module": module,
        "moduleResolution": resolution,
        "target": "ES2022",
        "lib": libraries,
        "types": types,
        "typeRoots": [str(_WEB / "@types")],
        "strict": True,
        "noEmit": True,
        "skipLibCheck": False,
    }
    config = {"compilerOptions": options, "files": [name]}
    (project / "tsconfig.json").write_text(json.dumps(config))
    sdk_js.node(_WEB / "typescript/bin/tsc", "-p", ".", cwd=project)
