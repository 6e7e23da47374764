"""Client library for SecureTranscribe, a service for transcripts with speaker labels.

`SecureTranscribeClient` and `AsyncSecureTranscribeClient` use the JSON API. The gRPC stubs are in
`securetranscribe.v1`. Clients are loaded at first use, since services need the stubs only.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securetranscribe.async_client import AsyncSecureTranscribeClient
    from securetranscribe.client import SecureTranscribeClient
    from securetranscribe.errors import (
        ApiError,
        ConnectionFailedError,
        JobCancelledError,
        SecureTranscribeError,
        WaitTimeoutError,
    )

__all__ = [
    "ApiError",
    "AsyncSecureTranscribeClient",
    "ConnectionFailedError",
    "JobCancelledError",
    "SecureTranscribeClient",
    "SecureTranscribeError",
    "WaitTimeoutError",
]
_MODULES = {
    "AsyncSecureTranscribeClient": "securetranscribe.async_client",
    "SecureTranscribeClient": "securetranscribe.client",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_MODULES.get(name, "securetranscribe.errors"))
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
