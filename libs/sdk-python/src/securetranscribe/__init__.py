"""Client library of SecureTranscribe: recordings in, speaker-labelled transcripts out.

`SecureTranscribeClient` speaks the JSON API; the gRPC stubs are in `securetranscribe.v1`.
"""

from securetranscribe.client import SecureTranscribeClient
from securetranscribe.errors import ApiError, ConnectionFailedError

__all__ = ["ApiError", "ConnectionFailedError", "SecureTranscribeClient"]
