"""Fixed parts of the package: styles, numbering, footer, metadata and relationships."""

from datetime import datetime

from exporter.safe_text import xml_text

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

# Styles in the order of the stylesheet: id, name, paragraph properties, run properties.
_PARAGRAPH_STYLES = (
    (
        "Title",
        "Title",
        '<w:spacing w:after="160"/>',
        '<w:b/><w:sz w:val="40"/><w:szCs w:val="40"/>',
    ),
    (
        "Heading1",
        "heading 1",
        '<w:keepNext/><w:spacing w:before="320" w:after="120"/><w:outlineLvl w:val="0"/>',
        '<w:b/><w:bCs/><w:sz w:val="28"/><w:szCs w:val="28"/>',
    ),
    (
        "Heading2",
        "heading 2",
        '<w:keepNext/><w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="1"/>',
        '<w:color w:val="5F5F5F"/><w:sz w:val="18"/><w:szCs w:val="18"/>',
    ),
    ("Speaker", "Speaker", '<w:keepNext/><w:spacing w:before="160" w:after="20"/>', ""),
    ("Speech", "Speech", '<w:spacing w:after="60"/>', ""),
    (
        "ListBullet",
        "List Bullet",
        '<w:numPr><w:numId w:val="1"/></w:numPr><w:spacing w:after="80"/>',
        "",
    ),
    ("Note", "Note", '<w:spacing w:after="120"/>', '<w:i/><w:iCs/><w:color w:val="5F5F5F"/>'),
)


def fixed_parts(title: str, moment: datetime | None) -> dict[str, bytes]:
    """Return all parts except the document itself by name. The list of content types is first."""
    return {
        name: (_HEAD + text).encode()
        for name, text in {
            "[Content_Types].xml": _content_types(),
            "_rels/.rels": _relationships(
                (f"{_OFFICE}/officeDocument", "word/document.xml"),
                (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
            ),
            "docProps/core.xml": _core_properties(title, moment),
            "word/_rels/document.xml.rels": _relationships(
                (f"{_OFFICE}/styles", "styles.xml"),
                (f"{_OFFICE}/numbering", "numbering.xml"),
                (f"{_OFFICE}/footer", "footer1.xml"),
            ),
            "word/styles.xml": _styles(),
            "word/numbering.xml": _numbering(),
            "word/footer1.xml": _footer(title),
        }.items()
    }


FOOTER_ID = "rId3"  # the third relationship of the document


def _content_types() -> str:
    overrides = (
        ("/word/document.xml", f"{_WORD_TYPE}.document.main+xml"),
        ("/word/styles.xml", f"{_WORD_TYPE}.styles+xml"),
        ("/word/numbering.xml", f"{_WORD_TYPE}.numbering+xml"),
        ("/word/footer1.xml", f"{_WORD_TYPE}.footer+xml"),
        ("/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"),
    )
    entries = "".join(f'<Override PartName="{n}" ContentType="{t}"/>' for n, t in overrides)
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{entries}</Types>'
    )


def _relationships(*targets: tuple[str, str]) -> str:
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def _core_properties(title: str, moment: datetime | None) -> str:
    created = (
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{moment:%Y-%m-%dT%H:%M:%SZ}</dcterms:created>'
        if moment
        else ""
    )
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{xml_text(title)}</dc:title><dc:creator>SecureTranscribe</dc:creator>"
        f"{created}</cp:coreProperties>"
    )


def _styles() -> str:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        '<w:basedOn w:val="Normal"/><w:qFormat/>'
        f"<w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        for key, name, paragraph, run in _PARAGRAPH_STYLES
    )
    return (
        f'<w:styles xmlns:w="{WORD}"><w:docDefaults><w:rPrDefault><w:rPr>'
        '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Noto Sans CJK SC" '
        'w:cs="Arial"/><w:sz w:val="21"/><w:szCs w:val="22"/>'
        "</w:rPr></w:rPrDefault></w:docDefaults>"
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        "</w:style>"
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal">'
        '<w:name w:val="Normal Table"/><w:tblPr><w:tblCellMar>'
        '<w:left w:w="108" w:type="dxa"/><w:right w:w="108" w:type="dxa"/>'
        f"</w:tblCellMar></w:tblPr></w:style>{styles}</w:styles>"
    )


def _numbering() -> str:
    return (
        f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
        '<w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/>'
        '<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="240"/></w:pPr>'
        '</w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        "</w:numbering>"
    )


def _footer(title: str) -> str:
    gray = '<w:rPr><w:color w:val="5F5F5F"/><w:sz w:val="16"/><w:szCs w:val="16"/></w:rPr>'
    field = "".join(
        f"<w:r>{gray}{part}</w:r>"
        for part in (
            '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            "<w:t>1</w:t>",
            '<w:fldChar w:fldCharType="end"/>',
        )
    )
    return (
        f'<w:ftr xmlns:w="{WORD}"><w:p><w:pPr><w:tabs><w:tab w:val="right" w:pos="9412"/></w:tabs>'
        f'</w:pPr><w:r>{gray}<w:t xml:space="preserve">{xml_text(title)}</w:t></w:r>'
        f"<w:r>{gray}<w:tab/></w:r>{field}</w:p></w:ftr>"
    )
