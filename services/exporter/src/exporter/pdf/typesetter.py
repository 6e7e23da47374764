"""Typesetting process: reads one job from standard input and writes one result to standard output.

It is a process of its own because the typesetting library caches results without a way to release
them, because it holds the interpreter lock, and because a job that hangs can be killed.
"""

import json
import sys
from pathlib import Path
from typing import Any

_TEMPLATE = Path(__file__).with_name("transcript.typ")


def typeset_part(job: dict[str, Any]) -> dict[str, Any]:
    """Typeset `content` into the PDF file `output`. Return the number of pages."""
    import typst  # noqa: PLC0415  # 26 MB, not needed to join parts
    from pypdf import PdfReader  # noqa: PLC0415

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=job["fonts"]
    )
    compiler = typst.Compiler(
        _TEMPLATE.read_bytes(),
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"content": json.dumps(job["content"], ensure_ascii=False)},
    )
    # Accessibility tags are lost when parts are joined, and they double the size.
    only_part = job["content"]["only_part"]
    compiler.compile(output=job["output"], format="pdf", pdf_tags=only_part)
    return {"pages": len(PdfReader(job["output"]).pages)}


def join_parts(job: dict[str, Any]) -> dict[str, Any]:
    """Join the PDF files `parts` and their outlines into `output`. Return the number of pages."""
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415

    writer = PdfWriter()
    pages = 0
    chapter: Any = None
    for path in job["parts"]:
        reader = PdfReader(path)
        writer.append(reader, import_outline=False)
        chapter = _outline(writer, reader, reader.outline, pages, chapter)
        pages += len(reader.pages)
    writer.add_metadata({"/Title": job["title"], "/Creator": "SecureTranscribe"})
    writer.write(job["output"])
    return {"pages": pages}


def _outline(writer: Any, reader: Any, entries: list[Any], first: int, chapter: Any) -> Any:
    """Add the outline of a part. Time marks go below the last chapter, also of an earlier part."""
    for entry in entries:
        if isinstance(entry, list):
            for mark in entry:
                _add(writer, reader, mark, first, chapter)
        elif ":" in entry.title and chapter is not None:
            _add(writer, reader, entry, first, chapter)
        else:
            chapter = _add(writer, reader, entry, first, None)
    return chapter


def _add(writer: Any, reader: Any, entry: Any, first: int, parent: Any) -> Any:
    from pypdf.generic import Fit  # noqa: PLC0415

    page = first + (reader.get_destination_page_number(entry) or 0)
    fit = Fit.xyz(left=entry.left, top=entry.top)
    return writer.add_outline_item(title=entry.title, page_number=page, parent=parent, fit=fit)


_JOBS = {"typeset": typeset_part, "join": join_parts}


def main() -> int:
    """Run the job. An error is reported by its type only: messages may quote the transcript."""
    job = json.load(sys.stdin)
    try:
        result = _JOBS[job["kind"]](job)
    except Exception as error:  # the boundary of the process
        result = {"error": type(error).__name__}
    json.dump(result, sys.stdout)
    return 0 if "error" not in result else 1


if __name__ == "__main__":
    sys.exit(main())
