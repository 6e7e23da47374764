"""Renderers on threads: chunk by chunk, and errors told apart."""

from collections.abc import Iterator

import pytest

from common.errors import ExportError, ValidationError
from exporter.document import Document
from exporter.formats.format import Format
from exporter.options import ExportOptions
from exporter.render_pool import RenderPool
from tests.unit.exporter import documents


@pytest.fixture
def render_pool() -> Iterator[RenderPool]:
    one = RenderPool(1)
    yield one
    one.close()


def made_by(render: object) -> Format:
    return Format(name="x", render=render)  # type: ignore[arg-type]


async def test_a_chunk_is_made_only_when_the_one_before_was_taken(render_pool: RenderPool) -> None:
    made: list[int] = []

    def render(_document: Document, _options: ExportOptions) -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    chunks = render_pool.chunks(made_by(render), documents.meeting(), ExportOptions())
    assert await anext(chunks) == b"0"
    assert made == [0]
    assert [chunk async for chunk in chunks] == [b"1", b"2"]


async def test_what_breaks_unexpectedly_is_an_export_error(render_pool: RenderPool) -> None:
    def render(_document: Document, _options: ExportOptions) -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("inside")

    chunks = render_pool.chunks(made_by(render), documents.meeting(), ExportOptions())
    assert await anext(chunks) == b"begun"
    with pytest.raises(ExportError, match="log says why") as caught:
        await anext(chunks)
    assert "inside" not in caught.value.message


async def test_what_the_caller_did_wrong_is_told_as_it_is(render_pool: RenderPool) -> None:
    def refuse() -> None:
        raise ValidationError("no")

    with pytest.raises(ValidationError):
        await render_pool.run(refuse)
