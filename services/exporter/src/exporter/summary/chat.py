"""Client of an OpenAI-compatible chat endpoint run by the operator."""

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
    """The language model returned no usable answer. The message is a short reason."""


class TextTooLongError(LanguageModelError):
    """The text does not fit into the language model's context."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer of the model. `complete` is false when it was cut off at the output limit."""

    text: str
    complete: bool


class ChatEndpoint:
    """Model behind `POST {base_url}/chat/completions`.

    The timeout is that of the client. A request is sent up to `attempts` times when the server is
    unreachable, overloaded or failing.
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
        """Return the model's answer to one request.

        Raises:
            TextTooLongError: the text exceeds the context of the model.
            LanguageModelError: any other failure.
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
                problem = "it did not respond in time"
                wait = self._pause_seconds
            except httpx2.HTTPError:
                problem = "it could not be reached"
                wait = self._pause_seconds * attempt
            else:
                if response.status_code < _BAD_REQUEST:
                    return _answer(response)
                problem = _reason(response)
                wait = _wait(response, self._pause_seconds * attempt)
            if not last:
                await self._sleep(wait)
        raise LanguageModelError(problem)


def _reason(response: httpx2.Response) -> str:
    """Return the reason for an error response. Raise it where a retry is pointless."""
    status = response.status_code
    text = response.text.lower()
    if status == _TOO_LARGE or (
        status == _BAD_REQUEST and any(sign in text for sign in _TOO_LONG_SIGNS)
    ):
        raise TextTooLongError("the text is too long for it")
    problem = f"it responded with status {status}"
    if status != _TOO_MANY and status < _SERVER_ERROR:
        raise LanguageModelError(problem)
    return problem


def _wait(response: httpx2.Response, otherwise: float) -> float:
    try:
        asked = float(response.headers.get("retry-after", ""))
    except ValueError:
        return otherwise
    # In this order, NaN becomes 0.
    return min(max(0.0, asked), _LONGEST_WAIT)


def _answer(response: httpx2.Response) -> Answer:
    try:
        choice: Any = response.json()["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise LanguageModelError("its answer did not have the expected form") from None
    if not isinstance(text, str):
        raise LanguageModelError("its answer did not have the expected form")
    return Answer(text=text, complete=choice.get("finish_reason") != "length")
