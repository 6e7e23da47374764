"""Check the contracts and generate their stubs: `python scripts/protos.py --help`."""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import google.api

ROOT = Path(__file__).resolve().parent.parent
GENERATED = Path("libs/sdk-python/src/securetranscribe/v1")
GOOGLE_API = ("annotations.proto", "http.proto", "httpbody.proto")


def run(*command: str, cwd: Path = ROOT) -> None:
    """Run a command with this environment's tools first on the path. Exit if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=cwd, check=False, env=environment)  # noqa: S603
    if done.returncode:
        sys.exit(done.returncode)


def provide_google_api(root: Path) -> None:
    """Copy the imported google/api files from the installed package to where buf finds them."""
    target = root / "build/third_party/google/api"
    target.mkdir(parents=True, exist_ok=True)
    for name in GOOGLE_API:
        shutil.copyfile(Path(next(iter(google.api.__path__)), name), target / name)


def generate(directory: Path = ROOT) -> None:
    """Write the stubs to where the client library has them below a directory."""
    for stale in (directory / GENERATED).glob("*_pb2*.py*"):
        stale.unlink()
    run("buf", "generate", "--output", str(directory))


def check() -> None:
    """Exit with an error when the committed stubs differ from the contracts."""
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name)
        generate(fresh)
        if different := differences(fresh / GENERATED, ROOT / GENERATED):
            sys.exit(
                f"{GENERATED} does not match protos/ ({', '.join(different)}). "
                "Commit the result of 'make protos'."
            )


def differences(fresh: Path, committed: Path) -> list[str]:
    """Return the names of stubs that only one directory has or that differ in content."""
    names = {path.name for directory in (fresh, committed) for path in directory.glob("*_pb2*.py*")}
    _, different, missing = filecmp.cmpfiles(fresh, committed, names, shallow=False)
    return sorted(different + missing)


def lint() -> None:
    """Lint the contracts and check their formatting."""
    run("buf", "lint")
    run("buf", "format", "protos", "--diff", "--exit-code")


def breaking(against: str) -> None:
    """Exit with an error when a change since the given commit breaks existing clients."""
    known = subprocess.run(  # noqa: S603
        ["git", "rev-parse", "--verify", "--quiet", f"{against}^{{commit}}"],  # noqa: S607
        cwd=ROOT, check=False, capture_output=True,
    )  # fmt: skip
    if known.returncode:
        print(f"{against} is not in this clone, so there are no contracts to compare with")
        return
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        archive = base / "base.zip"
        run("git", "archive", "-o", str(archive), against, "buf.yaml", "protos")
        shutil.unpack_archive(archive, base)
        provide_google_api(base)
        run("buf", "breaking", "--against", str(base))


def main() -> None:
    """Parse the command line and run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["generate", "check", "lint", "breaking"])
    parser.add_argument("--against", default="HEAD~1", help="commit to compare with (breaking)")
    arguments = parser.parse_args()
    provide_google_api(ROOT)
    if arguments.command == "breaking":
        breaking(arguments.against)
    else:
        {"generate": generate, "check": check, "lint": lint}[arguments.command]()


if __name__ == "__main__":
    main()
