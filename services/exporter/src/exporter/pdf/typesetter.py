"""The process that sets pages: one job on standard input, one answer on standard output.

A process of its own because the typesetting library keeps what it has worked out for later runs
and gives no way to let go of it, because it does not let other threads run meanwhile, and because
a job that takes too long can be ended.
"""

import json
import sys
from pathlib import Path
from typing import Any

_TEMPLATE = Path(__file__).with_name("transcript.typ")


def set_part(job: dict[str, Any]) -> dict[str, Any]:
    """Sets `content` into the PDF file `output`; answers how many pages that took."""
    import typst  # noqa: PLC0415  # 26 MB that joining parts does without
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
    # Tags (for readers that speak) cannot be kept when parts are joined, and double the size.
    only_part = job["content"]["only_part"]
    compiler.compile(output=job["output"], format="pdf", pdf_tags=only_part)
    return {"pages": len(PdfReader(job["output"]).pages)}


def join_parts(job: dict[str, Any]) -> dict[str, Any]:
    """Joins the PDF files `parts` into `output`, their outlines into one."""
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
    """Adds a part's outline; marks of later parts come under the chapter begun before."""
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


_JOBS = {"set": set_part, "join": join_parts}


def main() -> int:
    """Runs the job. What goes wrong is named by its kind only: messages may quote the text."""
    job = json.load(sys.stdin)
    try:
        answer = _JOBS[job["kind"]](job)
    except Exception as error:  # the edge of the process
        answer = {"error": type(error).__name__}
    json.dump(answer, sys.stdout)
    return 0 if "error" not in answer else 1


if __name__ == "__main__":
    sys.exit(main())
