"""Makes summaries by the best means that are at hand."""

import asyncio
from dataclasses import replace

from exporter.document import Document
from exporter.summary.abstractive import AbstractiveSummarizer
from exporter.summary.chat import LanguageModelError
from exporter.summary.extractive import extract
from exporter.summary.model import Summary


class Summarizer:
    """With a language model where one is configured, else, and when it fails, without."""

    def __init__(self, abstractive: AbstractiveSummarizer | None = None) -> None:
        self._abstractive = abstractive

    async def summarize(self, document: Document) -> Summary:
        """Statements and action items; the summary says how it came about. Never fails for the
        language model's sake: then it is extractive and carries a warning.
        """
        warning = ""
        if self._abstractive is not None:
            try:
                return await self._abstractive.summarize(document)
            except LanguageModelError as error:
                warning = (
                    f"The language model {self._abstractive.model} could not be used: "
                    f"{error.message}. The summary was made without it."
                )
        summary = await asyncio.to_thread(extract, document)
        return replace(summary, warnings=(warning, *summary.warnings)) if warning else summary
