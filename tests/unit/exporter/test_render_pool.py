"""Rendering in threads, chunk by chunk."""

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


async def test_a_chunk_is_rendered_once_the_previous_one_was_taken(
    render_pool: RenderPool,
) -> None:
    made: list[int] = []

    def render(_document: Document, _options: ExportOptions) -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    chunks = render_pool.chunks(made_by(render), documents.meeting(), ExportOptions())
    assert await anext(chunks) == b"0"
    assert made == [0]
    assert [chunk async for chunk in chunks] == [b"1", b"2"]


async def test_unexpected_errors_become_export_errors(render_pool: RenderPool) -> None:
    def render(_document: Document, _options: ExportOptions) -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("inside")

    chunks = render_pool.chunks(made_by(render), documents.meeting(), ExportOptions())
    assert await anext(chunks) == b"begun"
    with pytest.raises(ExportError, match="exporter's log") as caught:
        await anext(chunks)
    assert "inside" not in caught.value.message


async def test_application_errors_are_passed_on(render_pool: RenderPool) -> None:
    def refuse() -> None:
        raise ValidationError("no")

    with pytest.raises(ValidationError):
        await render_pool.run(refuse)
