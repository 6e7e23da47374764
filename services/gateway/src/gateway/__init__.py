"""Sessions, and the JSON, WebSocket and HTML edge of SecureTranscribe."""
