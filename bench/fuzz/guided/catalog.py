"""All parsers under test, by names such as `imports.srt`: the family, and the parser in it."""

import importlib
from collections.abc import Mapping, Sequence

from bench.fuzz.guided.parser import Parser

#: Packages and modules that guide the search, by the module with a family of parsers: those of the
#: product, and libraries that read for it.
FAMILIES: Mapping[str, Sequence[str]] = {
    "imports": (
        *("transcriber.imports", "transcriber.editing", "transcriber.names.rules"),
        *("transcriber.transcripts.segmentation", "common.characters", "common.writing_systems"),
    ),
    "recordings": ("common.audio", "securetranscribe.cli.live_sound", "transcriber.live"),
    "requests": (
        *("gateway.api", "gateway.audit.reader", "gateway.channel_modes", "gateway.idempotency"),
        *("gateway.live", "gateway.oidc", "gateway.openai", "gateway.processing_options"),
        *("gateway.speaker_numbers", "gateway.texts", "gateway.uploads", "gateway.web"),
        *("gateway.webhooks", "common.languages", "common.filenames", "common.characters"),
        *("transcriber.api.library_requests", "transcriber.search.pages"),
        *("transcriber.transcripts.comparisons", "python_multipart", "langcodes"),
    ),
    "texts": (
        *("common.addresses", "common.characters", "common.encryption", "common.filenames"),
        *("common.languages", "common.lengths", "common.sizes", "common.writing_systems"),
        *("exporter.summary", "exporter.templates", "transcriber.editing", "transcriber.search"),
        *("transcriber.transcripts.stage_results", "transcriber.vocabulary", "langcodes"),
    ),
}


def parsers() -> list[Parser]:
    """Return all parsers."""
    return [parser for family in FAMILIES for parser in _of(family)]


def family_of(name: str) -> str:
    """Return the family of a parser. Raise KeyError if there is none."""
    family = name.partition(".")[0]
    if family not in FAMILIES:
        raise KeyError(name)
    return family


def parser_named(name: str) -> Parser:
    """Return a parser. Raise KeyError if there is none with this name."""
    return {parser.name: parser for parser in _of(family_of(name))}[name]


def _of(family: str) -> Sequence[Parser]:
    found: Sequence[Parser] = importlib.import_module(f"bench.fuzz.guided.{family}").PARSERS
    return found
