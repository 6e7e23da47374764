"""Diarization engines, their interface and their registry."""
