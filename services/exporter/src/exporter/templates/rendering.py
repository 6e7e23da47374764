"""Rendering of templates, each in a process of its own."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator

from common.errors import ValidationError
from exporter.document import Document
from exporter.formats.format import CHUNK_BYTES, Format
from exporter.options import ExportOptions
from exporter.templates.sandbox import FAULTY
from exporter.templates.variables import variables

#: Longest template in bytes of UTF-8.
MOST_BYTES = 64 * 1024
# Wall-clock time. A busy machine may need longer than the CPU time that a template has.
_SECONDS = 30.0
# Nothing else of the environment is passed on, because it has secrets.
_PASSED = ("PATH", "PYTHONPATH", "LANG")


def with_template(target: Format, template: str) -> Format:
    """Return the format with the layout of a template.

    Rendering it raises ValidationError for a template with errors, or with too much to do.

    Raises:
        ValidationError: the format takes no template, or the template is too long.
    """
    if not target.takes_templates:
        raise ValidationError.of("template", "Templates are for text: txt or md.")
    if len(template.encode()) > MOST_BYTES:
        raise ValidationError.of(
            "template", f"The template is larger than {MOST_BYTES // 1024} KiB."
        )

    def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
        text = _rendered(template, document, options)
        for first in range(0, len(text), CHUNK_BYTES):
            yield text[first : first + CHUNK_BYTES]

    return dataclasses.replace(target, render=render, tracks_changes=False)


def _rendered(template: str, document: Document, options: ExportOptions) -> bytes:
    job = {"template": template, "variables": variables(document, options)}
    # -P keeps files of the working directory from being imported as modules.
    command = [sys.executable, "-P", "-m", "exporter.templates.sandbox"]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _PASSED if name in os.environ},
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_much() from None
    if done.returncode == FAULTY:
        raise ValidationError.of("template", done.stdout.decode(errors="replace"))
    if done.returncode:
        raise _too_much()
    return done.stdout


def _too_much() -> ValidationError:
    return ValidationError.of("template", "The template needs too much time or memory.")
