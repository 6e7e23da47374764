"""Paragraphs, runs and tables of WordprocessingML."""

from collections.abc import Iterable, Sequence

from exporter.palette import SpeakerStyle
from exporter.safe_text import xml_text
from exporter.scripts import Direction, direction

TEXT_WIDTH = 9412  # between the margins, in twentieths of a point
_DASHES = {"solid": "single", "dashed": "dashed", "dotted": "dotted", "dash-dotted": "dotDash"}


def run(
    text: str,
    *,
    bold: bool = False,
    color: str = "",
    size: int = 0,
    before: str = "",
    after: str = "",
    deleted: bool = False,
) -> str:
    """Return a run of text in one format, with unescaped blanks or punctuation around it.

    `color` is `#rrggbb`. `size` is in half points, where 0 means that of the style. A `deleted` run
    belongs into a deletion.
    """
    properties = ""
    if bold:
        properties += "<w:b/><w:bCs/>"
    if color:
        properties += f'<w:color w:val="{color[1:].upper()}"/>'
    if size:
        properties += f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>'
    if direction(text) is Direction.RIGHT_TO_LEFT:
        properties += "<w:rtl/>"
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    tag = "w:delText" if deleted else "w:t"
    said = f"{before}{xml_text(text)}{after}"
    return f'<w:r>{looks}<{tag} xml:space="preserve">{said}</{tag}></w:r>'


def paragraph(
    runs: Iterable[str],
    *,
    style: str,
    rtl: bool = False,
    rule: SpeakerStyle | None = None,
    mark: str = "",
) -> str:
    """Return a paragraph of runs. `rule` draws a line next to it in the style of a speaker.

    `mark` is the revision mark of a paragraph that was inserted or deleted as a whole.
    """
    properties = f'<w:pStyle w:val="{style}"/>'
    if rule is not None:
        side = "right" if rtl else "left"
        properties += (
            f'<w:pBdr><w:{side} w:val="{_DASHES[rule.dash]}" w:sz="18" w:space="8" '
            f'w:color="{rule.color[1:].upper()}"/></w:pBdr>'
        )
    if rtl:
        properties += "<w:bidi/>"
    if mark:
        properties += f"<w:rPr>{mark}</w:rPr>"
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def text_paragraph(text: str, style: str) -> str:
    """Return a paragraph with a single run, in the direction of its letters."""
    rtl = direction(text) is Direction.RIGHT_TO_LEFT
    return paragraph([run(text)], style=style, rtl=rtl)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with a wide first column and a header row repeated on every page."""
    narrow = TEXT_WIDTH // (len(header) + 1)
    widths = [TEXT_WIDTH - narrow * (len(header) - 1), *[narrow] * (len(header) - 1)]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = "".join(_cell(run(text, bold=True, size=17)) for text in header)
    body = "".join(f"<w:tr>{''.join(_cell(run(text)) for text in row)}</w:tr>" for row in rows)
    border = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="A0A0A0"/>'
        for side in ("top", "bottom", "insideH")
    )
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{border}</w:tblBorders>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
        f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{head}</w:tr>{body}</w:tbl>"
    )


def _cell(content: str) -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr><w:p>{content}</w:p></w:tc>'
