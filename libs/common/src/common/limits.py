"""Limits enforced by more than one service."""

#: Most bytes of a clip for enrollment.
MAX_CLIP_BYTES = 16 * 1024**2
