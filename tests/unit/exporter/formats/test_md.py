import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from exporter.document import Document
from exporter.formats.md import escaped, render
from exporter.options import ExportOptions
from exporter.safe_text import one_line
from tests.unit.exporter.documents import hostile, meeting
from tests.unit.exporter.tracked_documents import tracked

READER = MarkdownIt("commonmark", {"html": True}).enable("table")


def made(document: Document, **options: bool) -> str:
    return b"".join(render(document, ExportOptions(**options))).decode()


def plain(markdown: str) -> str:
    """Return the text rendered by a CommonMark parser, without markup."""
    tokens = [child for token in READER.parse(markdown) for child in token.children or []]
    return "".join(token.content if token.type == "text" else "\n" for token in tokens)


def kinds(markdown: str) -> set[str]:
    tokens = READER.parse(markdown)
    return {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or []
    }


def test_the_conversation_can_be_read_back() -> None:
    shown = plain(made(meeting()))
    for one in meeting().segments:
        assert one.text in shown
    html = READER.render(made(meeting()))
    assert "<h1>Weekly meeting</h1>" in html
    assert "<strong>Anna Müller</strong> · 0:00:00" in html


def test_options_add_their_parts() -> None:
    text = made(meeting(), meeting_summary=True, action_items=True, speaker_stats=True)
    html = READER.render(text)
    assert "<h2>Summary</h2>" in html
    assert "by Friday" in html
    assert html.count("<tr>") == 3
    assert "<td>Anna Müller</td>" in html
    assert "00:00:02.500" in made(meeting(), timestamps=True)
    assert "70 %" in made(meeting(), timestamps=True, confidence=True)


def test_hostile_text_is_not_interpreted() -> None:
    text = made(hostile())
    assert not {"html_inline", "html_block", "link_open", "code_inline"} & kinds(text)
    assert '<script>alert("1")</script>' in plain(text)


@pytest.mark.parametrize(
    "text",
    ["1. one", "2) two", "- x", "+ x", "# x", "> x", "---", "===", "***", "a_b_c", "![x](y)"],
)
def test_text_never_starts_a_block(text: str) -> None:
    assert kinds(escaped(text)) == {"paragraph_open", "inline", "text", "paragraph_close"} or (
        kinds(escaped(text))
        == {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}
    )


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=40))
def test_any_line_can_be_read_back(text: str) -> None:
    line = one_line(text)
    assert READER.renderInline(escaped(text)) == READER.renderInline("").join(
        [
            line.replace("&", "&amp;")
            .replace("<", "&lt;")
            .replace(">", "&gt;")
            .replace('"', "&quot;")
        ]
    )


def test_changes_are_marked_as_critic_markup() -> None:
    conversation = made(tracked()).partition("## Conversation\n\n")[2]
    assert conversation.split("\n\n") == [
        "*Changes from revision 1 to revision 4 are marked.*",
        "**Anna** · 0:00:00",
        "Good {~~morning~>evening,~~} everybody. Shall we begin with{++ the++} budget?",
        "**{~~Anna~>Ben~~}** · 0:00:05",
        r"Yes, we do \<b\>.",
        "**{--Ben--}** · 0:00:09",
        "{--Um, well.--}",
        "**Ben** · 0:00:12",
        "Thank you.",
        "**{++Ben++}** · 0:00:15",
        r"{++Bye \& \{goodbye\}.++}",
        "",
    ]


def test_tracked_segments_have_their_own_lines_with_timestamps() -> None:
    lines = made(tracked(), timestamps=True, confidence=True).splitlines()
    assert "**Anna** · 00:00:02.500 – 00:00:05.000 · 90 %" in lines
    assert "**{--Ben--}** · 00:00:09.500 – 00:00:12.000" in lines
