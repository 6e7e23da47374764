"""Client library for SecureTranscribe, a service for transcripts with speaker labels.

`SecureTranscribeClient` uses the JSON API. The gRPC stubs are in `securetranscribe.v1`.
"""

from securetranscribe.client import SecureTranscribeClient
from securetranscribe.errors import ApiError, ConnectionFailedError

__all__ = ["ApiError", "ConnectionFailedError", "SecureTranscribeClient"]
