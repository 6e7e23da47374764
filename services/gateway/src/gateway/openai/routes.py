"""Routes of the audio API, apart from the documented JSON API."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from gateway.openai.audio import AudioApi
from gateway.openai.models import ModelApi

#: The second prefix is for servers behind a proxy that passes on `/v1` elsewhere.
PREFIXES = ("/v1", "/openai/v1")


class OpenAiRoutes:
    """The endpoints under their paths."""

    def __init__(self, audio: AudioApi, models: ModelApi) -> None:
        self._endpoints: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
            ("POST", "/audio/transcriptions", audio.create_transcription),
            ("POST", "/audio/translations", audio.create_translation),
            ("GET", "/models", models.list_models),
            ("GET", "/models/{model}", models.retrieve_model),
        )

    def add_to(self, app: FastAPI) -> None:
        """Register all routes."""
        for prefix in PREFIXES:
            for method, path, handler in self._endpoints:
                app.add_api_route(
                    f"{prefix}{path}",
                    handler,
                    methods=[method],
                    include_in_schema=False,
                    response_model=None,
                )
