"""Diarization: who speaks when, and one voiceprint per speaker."""
