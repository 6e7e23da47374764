"""Transcripts: stage results merged into segments with speakers."""
