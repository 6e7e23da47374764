"""Choice between abstractive and extractive summaries."""

import asyncio
from dataclasses import replace

from exporter.document import Document
from exporter.summary.abstractive import AbstractiveSummarizer
from exporter.summary.chat import LanguageModelError
from exporter.summary.extractive import extract
from exporter.summary.model import Summary


class Summarizer:
    """Summarizer with an optional language model and an extractive fallback."""

    def __init__(self, abstractive: AbstractiveSummarizer | None = None) -> None:
        self._abstractive = abstractive

    async def summarize(self, document: Document) -> Summary:
        """Summarize a document.

        When the language model fails, the summary is extractive and carries a warning.
        """
        warning = ""
        if self._abstractive is not None:
            try:
                return await self._abstractive.summarize(document)
            except LanguageModelError as error:
                warning = (
                    f"The language model {self._abstractive.model} failed: {error.message}. "
                    "The summary was created without it."
                )
        summary = await asyncio.to_thread(extract, document)
        return replace(summary, warnings=(warning, *summary.warnings)) if warning else summary
