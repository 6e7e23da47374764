"""Client library for SecureTranscribe, a service for transcripts with speaker labels.

`SecureTranscribeClient` and `AsyncSecureTranscribeClient` use the JSON API. The gRPC stubs are in
`securetranscribe.v1`.
"""

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
