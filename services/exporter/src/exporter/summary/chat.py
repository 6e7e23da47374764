"""A language model behind an OpenAI-compatible endpoint on the operator's side."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from common.errors import ExportError

_TOO_MANY = 429
_TOO_LARGE = 413
_BAD_REQUEST = 400
_SERVER_ERROR = 500
_LONGEST_WAIT = 30.0  # seconds between two attempts, whatever the server asks for
_TOO_LONG_SIGNS = (
    "context_length",
    "context length",
    "maximum context",
    "too long",
    "too many tok",
)


class LanguageModelError(ExportError):
    """The language model did not give a usable answer; the message says why, in few words."""


class TextTooLongError(LanguageModelError):
    """The text does not fit into the language model's context."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the model wrote. `complete` is false when it was cut off at its output limit."""

    text: str
    complete: bool


class ChatEndpoint:
    """Asks a model by `POST {base_url}/chat/completions`.

    The client comes from outside and brings the timeout. `attempts` is how often a request is sent
    at most when the server cannot be reached, is overloaded or fails.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        base_url: str,
        model: str,
        api_key: str = "",
        max_output_tokens: int = 2048,
        attempts: int = 3,
        pause_seconds: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._max_output_tokens = max_output_tokens
        self._attempts = max(1, attempts)
        self._pause_seconds = pause_seconds
        self._sleep = sleep
        self.model = model

    async def ask(self, system: str, user: str) -> Answer:
        """The model's answer to one request.

        Raises TextTooLongError when the text does not fit, LanguageModelError on anything else.
        """
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
            "temperature": 0,
            "max_tokens": self._max_output_tokens,
        }
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = await self._client.post(self._url, json=body, headers=self._headers)
            except httpx2.TimeoutException:
                problem = "it did not answer in time"
                wait = self._pause_seconds
            except httpx2.HTTPError:
                problem = "it could not be reached"
                wait = self._pause_seconds * attempt
            else:
                if response.status_code < _BAD_REQUEST:
                    return _answer(response)
                problem = _refusal(response)
                wait = _wait(response, self._pause_seconds * attempt)
            if not last:
                await self._sleep(wait)
        raise LanguageModelError(problem)


def _refusal(response: httpx2.Response) -> str:
    """Why the server refused; raises where asking again is no use."""
    status = response.status_code
    text = response.text.lower()
    if status == _TOO_LARGE or (
        status == _BAD_REQUEST and any(sign in text for sign in _TOO_LONG_SIGNS)
    ):
        raise TextTooLongError("the text is too long for it")
    problem = f"it answered with status {status}"
    if status != _TOO_MANY and status < _SERVER_ERROR:
        raise LanguageModelError(problem)
    return problem


def _wait(response: httpx2.Response, otherwise: float) -> float:
    try:
        asked = float(response.headers.get("retry-after", ""))
    except ValueError:
        return otherwise
    return min(max(asked, 0.0), _LONGEST_WAIT)


def _answer(response: httpx2.Response) -> Answer:
    try:
        choice: Any = response.json()["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError):
        raise LanguageModelError("its answer was not of the expected form") from None
    if not isinstance(text, str):
        raise LanguageModelError("its answer was not of the expected form")
    return Answer(text=text, complete=choice.get("finish_reason") != "length")
