"""Limits enforced by more than one service."""

#: Most bytes of a clip for enrollment.
MAX_CLIP_BYTES = 16 * 1024**2
#: Most bytes of a chunk of a capture, which fits with its fields into one request of the api.
MAX_CHUNK_BYTES = 3 * 1024**2
